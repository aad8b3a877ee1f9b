"""Withdrawals under concurrent reads, recorded on one monotonic clock, and the law they are held to (G1):

a read that began after a withdrawal was recorded never shows that consultant. A history in which too little happened
(no read after the withdrawals, or nobody seen before them) proves nothing and is reported as such, not as a pass.
"""

import contextlib
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

AWAY = frozenset({502, 503, 504})  # refused by the gateway, or by a proxy before it


@dataclass(frozen=True)
class Person:
    """A consultant to be withdrawn: number, programme, indicator."""

    gmc: str
    indicator: str

    @property
    def programme(self) -> str:
        return self.indicator.removesuffix("-mortality-30d") + "-consultant-outcomes"


@dataclass(frozen=True)
class Read:
    """One answered read: when it began and ended, and whom it showed among those it could have shown."""

    began: float
    ended: float
    gateway: str
    shown: frozenset[str]
    asked: frozenset[str]


@dataclass
class History:
    """What happened: recorded[gmc] is the moment the acknowledgement was in the officer's hands."""

    recorded: dict[str, float] = field(default_factory=dict)
    reads: list[Read] = field(default_factory=list)
    refused: int = 0

    def violations(self) -> list[tuple[str, Read]]:
        return [
            (gmc, read)
            for read in self.reads
            for gmc in read.shown
            if gmc in self.recorded and read.began > self.recorded[gmc]
        ]

    def after(self) -> int:
        """Reads that asked for somebody after that person's withdrawal was recorded."""
        return sum(
            any(gmc in self.recorded and read.began > self.recorded[gmc] for gmc in read.asked) for read in self.reads
        )

    def seen_before(self) -> int:
        """People whom a read showed before their withdrawal."""
        seen = {gmc for read in self.reads for gmc in read.shown}
        return len(seen & self.recorded.keys())


def people_of(reader: httpx.Client, release: str) -> list[Person]:
    """Everybody who is published in `release`, one indicator each, in a fixed order that mixes the units: a withdrawal
    hides the colleagues of a unit too, and those would hardly be seen before their own turn."""
    found: dict[str, Person] = {}
    path: str | None = f"/v1/releases/{release}/results?level=consultant&limit=1000"
    while path:
        page = reader.get(path).raise_for_status().json()
        for row in page["data"]:
            found.setdefault(row["subject"]["id"], Person(row["subject"]["id"], row["indicator"]["id"]))
        path = page["links"].get("next")
    everybody = [found[gmc] for gmc in sorted(found)]
    random.Random(2013).shuffle(everybody)
    return everybody


class Readers:
    """Threads that read about whoever is being withdrawn just now, by every kind of route, until told to stop."""

    def __init__(self, gateways: Sequence[str], release: str, people: Sequence[Person], history: History) -> None:
        self.gateways, self.release, self.people, self.history = gateways, release, people, history
        self.of: dict[str, set[str]] = {}
        for person in people:
            self.of.setdefault(person.indicator, set()).add(person.gmc)
        self.position = 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.failures: list[BaseException] = []
        self.threads = [
            threading.Thread(target=self._read_on, args=(gateway, seed), daemon=True)
            for seed, gateway in enumerate(gateways)
        ]

    def __enter__(self) -> "Readers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        if self.failures:
            raise self.failures[0]

    def _read_on(self, gateway: str, seed: int) -> None:
        chance = random.Random(seed)
        try:
            with httpx.Client(base_url=gateway, timeout=30, trust_env=False) as client:
                while not self.stopping.is_set():
                    self._one(client, gateway, chance)
        except BaseException as failed:  # handed to the test's own thread
            self.failures.append(failed)

    def _one(self, client: httpx.Client, gateway: str, chance: random.Random) -> None:
        near = max(0, min(len(self.people) - 1, self.position + chance.randint(-2, 2)))
        person = self.people[near]
        base = f"/v1/releases/{self.release}"
        path, everybody = chance.choices(
            (
                (f"{base}/consultants/{person.gmc}", False),
                (f"{base}/consultants/{person.gmc}/results", False),
                (f"{base}/results?consultant={person.gmc}", False),
                (f"/consultants/{person.gmc}", False),
                (f"{base}/indicators/{person.indicator}/funnel?level=consultant", True),
                (f"{base}/results.csv?level=consultant&indicator={person.indicator}", True),
            ),
            (40, 20, 20, 10, 2, 2),
        )[0]
        self.read(client, gateway, person, path, everybody)

    def read(self, client: httpx.Client, gateway: str, person: Person, path: str, everybody: bool = False) -> None:
        """One request, and whom its answer showed."""
        began = time.monotonic()
        answer = client.get(path)
        ended = time.monotonic()
        if answer.status_code in AWAY:
            self._record(None)
            return
        assert answer.status_code in (200, 404), (path, answer.status_code)
        asked = frozenset(self.of[person.indicator] if everybody else {person.gmc})
        body = answer.text.replace(path, "")
        shown = frozenset(gmc for gmc in asked if gmc in body and _in_data(answer, gmc))
        self._record(Read(began, ended, gateway, shown, asked))

    def _record(self, read: Read | None) -> None:
        with self.lock:
            if read is None:
                self.history.refused += 1
            else:
                self.history.reads.append(read)


def _in_data(answer: httpx.Response, gmc: str) -> bool:
    """Whether the number stands in what is shown, not only in the address that is repeated back."""
    if answer.status_code == 404:
        return False
    if "json" in answer.headers["content-type"]:
        body = answer.json()
        return gmc in str(body.get("data", body.get("points", body.get("id", ""))))
    return True


def withdraw(officer: httpx.Client, person: Person, history: History) -> None:
    """The clock is read after the acknowledgement has arrived."""
    answer = officer.post(
        f"/v1/consultants/{person.gmc}/withdrawal",
        json={"programme": person.programme, "purpose": "own_figures", "channel": "history-test"},
        headers={"Idempotency-Key": f"history-{person.gmc}"},
    )
    assert answer.status_code == 202, answer.text
    history.recorded[person.gmc] = time.monotonic()


def run_history(
    gateways: Sequence[str],
    officer: httpx.Client,
    release: str,
    people: Sequence[Person],
    *,
    pause: float = 0.0,
    reads_for_each: int = 0,
) -> History:
    """Withdraw `people`, at least `pause` seconds and `reads_for_each` answered reads apart, while every gateway is
    read by a thread of its own (name one twice for two threads). The very next request after each acknowledgement, on
    a connection long open, asks for that person."""
    history = History()
    with Readers(gateways, release, people, history) as readers, contextlib.ExitStack() as open_connections:
        probes = [
            (url, open_connections.enter_context(httpx.Client(base_url=url, timeout=30, trust_env=False)))
            for url in sorted(set(gateways))
        ]
        for _, client in probes:
            client.get("/v1")
        for position, person in enumerate(people):
            readers.position = position
            time.sleep(pause)
            until = time.monotonic() + 60
            while len(history.reads) < reads_for_each * (position + 1) and not readers.failures:
                assert time.monotonic() < until, "readers get no answers"
                time.sleep(0.005)
            url, client = probes[position % len(probes)]
            withdraw(officer, person, history)
            readers.read(client, url, person, f"/v1/releases/{release}/consultants/{person.gmc}")
        time.sleep(0.5)
    return history
