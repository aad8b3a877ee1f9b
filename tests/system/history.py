"""Withdrawals under concurrent reads, recorded on one monotonic clock, and the law they are held to (G1):

a read that began after a withdrawal was recorded never shows that consultant. A history in which too little happened
(no read after the withdrawals, or nobody seen before them) proves nothing and is reported as such, not as a pass.
"""

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

FETCH_TRIES = 3


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
    """Everybody who is published in `release`, one indicator each, in a fixed order."""
    found: dict[str, Person] = {}
    path: str | None = f"/v1/releases/{release}/results?level=consultant&limit=1000"
    while path:
        page = reader.get(path).raise_for_status().json()
        for row in page["data"]:
            found.setdefault(row["subject"]["id"], Person(row["subject"]["id"], row["indicator"]["id"]))
        path = page["links"].get("next")
    return [found[gmc] for gmc in sorted(found)]


class Readers:
    """Threads that read about whoever is being withdrawn just now, by every kind of route, until told to stop."""

    def __init__(self, gateways: Sequence[str], release: str, people: Sequence[Person], history: History) -> None:
        self.gateways, self.release, self.people, self.history = gateways, release, people, history
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
        began = time.monotonic()
        answer = client.get(path)
        ended = time.monotonic()
        if answer.status_code == 503:
            self._record(None)
            return
        assert answer.status_code in (200, 404), (path, answer.status_code)
        asked = frozenset(
            {p.gmc for p in self.people if p.indicator == person.indicator} if everybody else {person.gmc}
        )
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


def withdraw_all(
    officer: httpx.Client, people: Sequence[Person], history: History, moved: Callable[[int], None]
) -> None:
    """One withdrawal after the other; the clock is read after each acknowledgement has arrived."""
    for position, person in enumerate(people):
        moved(position)
        answer = officer.post(
            f"/v1/consultants/{person.gmc}/withdrawal",
            json={"programme": person.programme, "purpose": "own_figures", "channel": "history-test"},
            headers={"Idempotency-Key": f"history-{person.gmc}"},
        )
        assert answer.status_code == 202, answer.text
        history.recorded[person.gmc] = time.monotonic()


def run_history(gateways: Sequence[str], officer: httpx.Client, release: str, people: Sequence[Person]) -> History:
    """Withdraw `people` while every gateway is read by a thread of its own (name one twice for two threads)."""
    history = History()
    with Readers(gateways, release, people, history) as readers:
        time.sleep(0.5)

        def moved(position: int) -> None:
            readers.position = position

        withdraw_all(officer, people, history, moved)
        time.sleep(0.5)
    return history
