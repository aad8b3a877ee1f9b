"""Who writes while consent is killed: each in a thread of its own, about people of its own, patient with a service that
is away, and believing nothing that was not acknowledged."""

import itertools
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from tests.system.consent_process import Consent
from tests.system.consent_record import Record, Row, receipt_of
from tests.unit.test_consent_rig import CARDIAC, OWN

AWAY: Final = frozenset({503, 504})
ABOUT: Final = {"programme": CARDIAC, "purpose": OWN}
BATCH: Final = 6
PAUSE_SECONDS: Final = 0.02


class Ended(Exception):
    """The campaign is over."""


class Gate:
    """Requests go out only while it is open; whoever has shut it knows when none is under way any more."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.is_open, self.is_over, self.inside = False, False, 0

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Raises Ended."""
        with self.changed:
            self.changed.wait_for(lambda: self.is_open or self.is_over)
            if self.is_over:
                raise Ended
            self.inside += 1
        try:
            yield
        finally:
            with self.changed:
                self.inside -= 1
                self.changed.notify_all()

    def open(self) -> None:
        with self.changed:
            self.is_open = True
            self.changed.notify_all()

    def shut(self) -> None:
        with self.changed:
            self.is_open = False
            assert self.changed.wait_for(lambda: self.inside == 0, 60), "a request does not end"

    def end(self) -> None:
        with self.changed:
            self.is_over = True
            self.changed.notify_all()


class Writer(ABC):
    """Rounds, until the gate ends them; what it raises is raised by `join`."""

    def __init__(self, consent: Consent, gate: Gate, record: Record, number: int) -> None:
        self.consent, self.gate, self.record = consent, gate, record
        self.people = map(str, itertools.count(1_000_000 + 1_000_000 * number))
        self.names = (f"{type(self).__name__.lower()}-{number}-{turn}" for turn in itertools.count())
        auth = consent.house.person("officer")
        self.http = httpx.Client(base_url=consent.http.base_url, auth=auth, trust_env=False, timeout=30)
        self.failed: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    def _run(self) -> None:
        try:
            while True:
                self.round()
        except Ended:
            pass
        except BaseException as failed:  # handed to the test's own thread
            self.failed = failed
        finally:
            self.http.close()

    def join(self) -> None:
        self.thread.join(60)
        if self.failed is not None:
            raise AssertionError(f"{type(self).__name__} failed") from self.failed

    @abstractmethod
    def round(self) -> None:
        """What this one does over and over."""

    # Asking

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        """None where nobody knows what became of it."""
        with self.gate.passed():
            try:
                answer = self.http.request(method, path, **options)
            except httpx.TransportError:
                answer = None
        if answer is None or answer.status_code in AWAY:
            self.record.cut_off()
            time.sleep(PAUSE_SECONDS)
            return None
        return answer

    def insist(self, method: str, path: str, status: int, **options: Any) -> Row:
        """The same over and over, which must be safe, until it is answered."""
        while (answer := self.ask(method, path, **options)) is None:
            pass
        assert answer.status_code == status, answer.text
        found: Row = answer.json()
        return found

    def newcomers(self, number: int) -> list[str]:
        """People who are on the register now."""
        numbers = list(itertools.islice(self.people, number))
        lines = [f"{gmc},Dr {gmc} (synthetic),{CARDIAC}" for gmc in numbers]
        report = self.load("register", ["gmc,name,programme", *lines])
        assert report["applied"] + report["duplicate"] == number, report
        assert report["applied"] in (0, number), "half a file was taken"
        return numbers

    def load(self, kind: str, lines: list[str]) -> Row:
        body = ("\n".join(lines) + "\n").encode()
        return self.insist("POST", f"/v1/imports?kind={kind}", 200, content=body, headers={"Content-Type": "text/csv"})

    def compare_and_set(self, gmc: str, path: str, body: dict[str, Any]) -> None:
        """Something that must have seen the record, and is not sent again once it is in there."""
        name = next(self.names)
        event = self.record.sending(gmc, body["act"], name)
        while True:
            seen = self.insist("GET", f"/v1/consultants/{gmc}", 200)
            mine = [one for one in seen["history"] if one["channel"] == name]
            if mine:  # it was recorded, and its answer was lost
                self.record.yes(event, None)
                return
            last = max((one["revision"] for one in seen["history"]), default=0)
            answer = self.ask(
                "POST", f"/v1/consultants/{gmc}/{path}", json=ABOUT | body | {"channel": name},
                headers={"If-Match": f'"{last}"'},
            )  # fmt: skip
            if answer is not None and answer.status_code == 202:
                self.record.yes(event, receipt_of(answer.json()))
                return
            assert answer is None or answer.status_code == 412, answer.text

    def under_a_key(self, gmc: str, path: str, act: str, body: dict[str, Any]) -> None:
        """Sent under its key until it is answered, and once more."""
        name = next(self.names)
        event = self.record.sending(gmc, act, name)
        options = {"json": ABOUT | body | {"channel": name}, "headers": {"Idempotency-Key": name}}
        address = f"/v1/consultants/{gmc}/{path}"
        receipt = receipt_of(self.insist("POST", address, 202, **options))
        self.record.yes(event, receipt)
        assert receipt_of(self.insist("POST", address, 202, **options)) == receipt, "a key was answered twice"
        with self.record.turn:
            self.record.keys[address, name] = (options["json"], receipt)

    def grant(self, gmc: str) -> None:
        self.compare_and_set(gmc, "decisions", {"act": "given", "notice": {"version": 1}})

    def withdraw(self, gmc: str) -> None:
        self.under_a_key(gmc, "withdrawal", "withdrawn", {})


class Deciders(Writer):
    """Asked, given, withdrawn under a key; and once more: the first key's answer stands."""

    def round(self) -> None:
        for gmc in self.newcomers(BATCH):
            self.compare_and_set(gmc, "decisions", {"act": "asked"})
            for _ in range(2):
                self.grant(gmc)
                self.withdraw(gmc)


class Refusers(Writer):
    def round(self) -> None:
        for gmc in self.newcomers(BATCH):
            self.compare_and_set(gmc, "decisions", {"act": "refused", "reason": "privacy"})


class Claimants(Writer):
    """Rights: what hides goes under a key, what may show again must have seen."""

    def round(self) -> None:
        for gmc in self.newcomers(BATCH):
            self.grant(gmc)
            self.under_a_key(gmc, "rights", "restricted", {"act": "restricted"})
            self.under_a_key(gmc, "rights", "objection_raised", {"act": "objection_raised"})
            self.compare_and_set(gmc, "rights", {"act": "rectified"})


class Clerks(Writer):
    """Whole files of answers: what is sent again is all there, or not at all."""

    def round(self) -> None:
        numbers = self.newcomers(BATCH)
        today = datetime.now(UTC).date()
        for act, day in (("given", today - timedelta(days=2)), ("withdrawn", today - timedelta(days=1))):
            self._return(numbers, act, day.isoformat())

    def _return(self, numbers: list[str], act: str, day: str) -> None:
        events = [self.record.sending(gmc, act, "return", day) for gmc in numbers]
        version = "1" if act == "given" else ""
        lines = [f"{gmc},{CARDIAC},{OWN},{act},{version},{day}," for gmc in numbers]
        report = self.load("returns", ["gmc,programme,purpose,act,notice_version,decided_on,evidence", *lines])
        assert report["applied"] in (0, len(numbers)), report
        assert report["applied"] + report["duplicate"] == len(numbers), report
        for event in events:
            self.record.yes(event, None)


WRITERS: Final[tuple[Callable[..., Writer], ...]] = (Deciders, Deciders, Refusers, Claimants, Clerks)
