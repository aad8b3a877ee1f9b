"""Who works while things are killed: a steward, an officer, those who release, the public, and one who looks at every
view as a gateway would. Each is patient with a service that is away, and none believes what was not acknowledged."""

import hashlib
import itertools
import random
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import httpx
from pydantic import ValidationError

from cli import consent, release, releasing
from cli.calls import Refused, Service
from cli.demo import NOTE, TITLE
from shared.contracts.releases import ReadableView, ReadableViews
from shared.contracts.views import ViewManifest
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken
from tests.system.grounds import Ground
from tests.system.history import History, Person, Readers
from tests.system.small_file import FEED, INDICATOR, small_file

PROGRAMME: Final = "vascular-surgery-consultant-outcomes"
FIRST_DAY: Final = date(2025, 1, 1)  # a release a day: of one day there are at most 99
PAUSE_SECONDS: Final = 0.05
GAP_SECONDS: Final = 0.7  # in which no file is waiting, so that a snapshot can be frozen
AWAY: Final = frozenset({502, 503, 504})


@dataclass
class Acknowledged:
    """Everything that a service has said yes to."""

    submissions: dict[str, bytes] = field(default_factory=dict)
    decisions: list[dict[str, Any]] = field(default_factory=list)  # with the number of whom they are about
    keys: dict[str, str] = field(default_factory=dict)  # what a release was asked for with → its name
    releases: dict[str, dict[str, Any]] = field(default_factory=dict)  # published: name → as ratings described it
    interrupted: int = 0  # calls that got no answer, or that somebody behind was away


class Patient(Service):
    """The command line's own patience, counted."""

    def __init__(self, ground: Ground, name: str, account: str, done: Acknowledged) -> None:
        house = ground.house
        super().__init__(name, account, house.accounts[account], house.url(name))
        self.done = done

    def once(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        answer = super().once(method, path, **options)
        if answer is None or answer.status_code in AWAY:
            self.done.interrupted += 1
        return answer


class Actor(ABC):
    """A thread that works on in rounds until it is told to stop; what it raises is raised by `stop`."""

    def __init__(self, ground: Ground, done: Acknowledged) -> None:
        self.ground, self.done = ground, done
        self.stopping = threading.Event()
        self.failed: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def _run(self) -> None:
        try:
            while not self.stopping.wait(PAUSE_SECONDS):
                self.round()
        except BaseException as failed:  # handed to the test's own thread
            self.failed = failed

    @abstractmethod
    def round(self) -> None:
        """What this one does over and over."""

    def stop(self, seconds: float = 150.0) -> None:
        self.stopping.set()
        self.thread.join(seconds)
        assert not self.thread.is_alive(), f"{type(self).__name__} does not end"
        if self.failed is not None:
            raise AssertionError(f"{type(self).__name__} failed: {self.failed!r:.2000}") from self.failed

    def service(self, name: str, account: str) -> Patient:
        return Patient(self.ground, name, account, self.done)


class Steward(Actor):
    """Sends files, one after the other to every process of ingest, and each third one to all of them at once."""

    def __init__(self, ground: Ground, done: Acknowledged, hospitals: Iterator[int]) -> None:
        super().__init__(ground, done)
        self.doors = [self.service(name, "steward") for name in ground.ingest]
        self.hospitals, self.turn = hospitals, 0

    def round(self) -> None:
        self.turn += 1
        body = small_file([next(self.hospitals)])
        doors = self.doors if self.turn % 3 == 0 else [self.doors[self.turn % len(self.doors)]]
        senders = [threading.Thread(target=self._send, args=(door, body), daemon=True) for door in doors]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        digest = hashlib.sha256(body).hexdigest()
        self.doors[0].wait(f"/v1/submissions/{digest}", _checked, params={"feed": FEED})
        self.stopping.wait(GAP_SECONDS)

    def _send(self, door: Patient, body: bytes) -> None:
        try:
            digest = hashlib.sha256(body).hexdigest()
            door.ask("PUT", f"/v1/feeds/{FEED}/submissions/{digest}", content=body)
            self.done.submissions[digest] = body
        except BaseException as failed:  # handed to the test's own thread
            self.failed = failed


def _checked(found: dict[str, Any]) -> bool:
    return bool(found["state"] == "checked")


class Officer(Actor):
    """Withdraws consultants who are shown, and registers, grants and withdraws others. The very next reads after each
    withdrawal ask for that person."""

    def __init__(
        self, ground: Ground, done: Acknowledged, readers: "Public", people: Sequence[Person], every: float
    ) -> None:
        super().__init__(ground, done)
        self.every, self.turn = every, 0
        self.readers, self.people, self.next, self.number = readers, people, 0, 9800000
        self.officer = self.service("consent", "officer")

    def round(self) -> None:
        if self.next < len(self.people):
            person = self.people[self.next]
            self.readers.position = self.next
            self.next += 1
            self._withdraw(person.gmc, person.programme, f"campaign-{person.gmc}")
            self.readers.history.recorded[person.gmc] = time.monotonic()
            self.readers.probe(person)
        self.turn += 1
        if self.turn % 3 == 0:
            self._newcomer()
        self.stopping.wait(self.every)

    def _newcomer(self) -> None:
        """Asked, given, withdrawn: three decisions about somebody of whom there are no figures."""
        self.number += 1
        gmc = str(self.number)
        register = f"gmc,name,programme\n{gmc},Dr {gmc} (synthetic),{PROGRAMME}\n".encode()
        self.officer.json(
            "POST", "/v1/imports", params={"kind": "register"}, content=register, headers={"Content-Type": "text/csv"}
        )
        given = self._given(gmc)
        if given is None:  # it was recorded, and the answer was lost
            history = self.officer.json("GET", f"/v1/consultants/{gmc}")["history"]
            assert [event["act"] for event in history] == ["given"]
        else:
            self.done.decisions.append({**given, "gmc": gmc})
        self._withdraw(gmc, PROGRAMME, uuid.uuid4().hex)

    def _given(self, gmc: str) -> dict[str, Any] | None:
        try:
            return consent.decide(self.officer, gmc, PROGRAMME, "given", 1)
        except Refused as refused:
            if refused.code != "revision_changed":
                raise
            return None

    def _withdraw(self, gmc: str, programme: str, key: str) -> None:
        decision = self.officer.json(
            "POST", f"/v1/consultants/{gmc}/withdrawal", headers={"Idempotency-Key": key},
            json={"programme": programme, "purpose": "own_figures", "channel": "campaign"},
        )  # fmt: skip
        self.done.decisions.append({**decision, "gmc": gmc, "key": key})


class Releasers(Actor):
    """Analyst, reviewer and publisher: a release after the other, now at one process of ratings, now at another."""

    def __init__(self, ground: Ground, done: Acknowledged, every: float) -> None:
        super().__init__(ground, done)
        self.days, self.every = itertools.count(), every

    def round(self) -> None:
        number = next(self.days)
        day = FIRST_DAY + timedelta(days=number)
        key = uuid.uuid4().hex
        draft = release.new_draft(self._at(number, "analyst"), key, day.isoformat(), [INDICATOR])
        assert draft["build"] == "done", draft
        name = self.done.keys[key] = draft["release"]
        releasing.take_through(lambda who: self._at(number + (who != "reviewer"), who), name, TITLE, NOTE)
        self.done.releases[name] = draft
        self.stopping.wait(self.every)

    def _at(self, number: int, account: str) -> Patient:
        return self.service(self.ground.ratings[number % len(self.ground.ratings)], account)


class Public(Readers):
    """Readers at every door. That a door is being killed is no answer, and is counted as refused."""

    def __init__(self, ground: Ground, shown: str, people: Sequence[Person], history: History) -> None:
        super().__init__([ground.house.url(door) for door in ground.doors], shown, people, history)
        self.probes = [httpx.Client(base_url=url, timeout=10, trust_env=False) for url in self.gateways]

    def read(self, client: httpx.Client, gateway: str, person: Person, path: str, everybody: bool = False) -> None:
        try:
            super().read(client, gateway, person, path, everybody)
        except httpx.TransportError:
            self._record(None)
            time.sleep(PAUSE_SECONDS)
        else:
            time.sleep(0.01)  # two cores are for those who are killed, too

    def probe(self, person: Person) -> None:
        """One request at every door, begun now."""
        for url, client in zip(self.gateways, self.probes, strict=True):
            self.read(client, url, person, f"/v1/releases/{self.release}/consultants/{person.gmc}")


class Observer(Actor):
    """Looks at releases all the time, at every door: each must be whole from the first moment."""

    def __init__(self, ground: Ground, done: Acknowledged) -> None:
        super().__init__(ground, done)
        self.clients = [
            httpx.Client(base_url=ground.house.url(door), timeout=10, trust_env=False) for door in ground.doors
        ]
        self.totals: dict[str, set[int]] = {}
        self.looks = 0

    def round(self) -> None:
        for client in self.clients:
            try:
                listed = [one["release"] for one in client.get("/v1/releases").json()["data"]]
                for name in random.sample(listed, min(4, len(listed))):
                    self._look(client, name)
            except (httpx.TransportError, ValueError, KeyError):
                pass  # the door is being killed: no answer is not a half answer

    def _look(self, client: httpx.Client, name: str) -> None:
        page = client.get(f"/v1/releases/{name}/results?partition=fixed&limit=1")
        if page.status_code == 200:
            self.looks += 1
            self.totals.setdefault(name, set()).add(page.json()["meta"]["total"])


class Auditor(Actor):
    """Takes every view as a gateway does, from every process of ratings: index, manifest, files, each by its digest."""

    def __init__(self, ground: Ground, done: Acknowledged) -> None:
        super().__init__(ground, done)
        token = ServiceToken("gateway", "ratings", read_secret(ground.secrets, "gateway-ratings"))
        self.clients = [
            httpx.Client(base_url=ground.house.url(name), auth=token, timeout=30, trust_env=False)
            for name in ground.ratings
        ]
        self.manifests: dict[tuple[str, int], str] = {}

    def round(self) -> None:
        for client in self.clients:
            for entry in self._index(client):
                known = self.manifests.get((entry.release, entry.view))
                assert known in (None, entry.manifest_sha256), f"{entry} was {known} before"
                if known is None:
                    self._take(client, entry)
        self.stopping.wait(0.2)

    def _index(self, client: httpx.Client) -> list[ReadableView]:
        answer = _asked(client, "/v1/views")
        return ReadableViews.model_validate_json(answer.content).views if answer is not None else []

    def _take(self, client: httpx.Client, entry: ReadableView) -> None:
        data = self._file(client, entry, "manifest.json", entry.manifest_sha256.removeprefix("sha256:"))
        if data is None:
            return
        manifest = _manifest(data)
        assert (manifest.release, manifest.view) == (entry.release, entry.view)
        if all(self._file(client, entry, file.name, file.sha256) is not None for file in manifest.files):
            self.manifests[entry.release, entry.view] = entry.manifest_sha256

    def _file(self, client: httpx.Client, entry: ReadableView, name: str, sha256: str) -> bytes | None:
        """None where ratings is away, or the view has been replaced meanwhile; a live view must have every file."""
        answer = _asked(client, f"/v1/releases/{entry.release}/views/{entry.view}/files/{name}")
        if answer is None:
            return None
        if answer.status_code == 404:
            still = [one for one in self._index(client) if one == entry]
            again = _asked(client, str(answer.request.url.path)) if still else None
            gone = again is None or again.status_code == 200 or entry not in self._index(client)
            assert gone, f"{entry} is live and has no {name}"
            return None
        assert answer.status_code == 200, answer.text
        assert hashlib.sha256(answer.content).hexdigest() == sha256, f"{entry}: {name} is not what it is said to be"
        return answer.content


def _manifest(data: bytes) -> ViewManifest:
    try:
        return ViewManifest.model_validate_json(data)
    except ValidationError as error:
        raise AssertionError("a manifest that is not of the known form") from error


def _asked(client: httpx.Client, path: str) -> httpx.Response | None:
    """None where the service is away, or starting."""
    try:
        answer = client.get(path)
    except httpx.TransportError:
        return None
    return None if answer.status_code in AWAY else answer
