"""Which gateway processes may be sending, how far each says that it is, and what is effective because of it.

A revision is effective once every process that may be sending has confirmed it, or a later one. What is said is kept in
memory, because each process says it again; that a process began or ended, and what was once effective, is in the store.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

from services.consent.problems import IncarnationEnded, IncarnationSuperseded, IncarnationUnknown
from services.consent.store import Process, number_of
from shared.kit.levels import Level

REMEMBERED: Final = 20_000  # moments kept in memory, beside the store's


@dataclass(frozen=True)
class Caller:
    """Which process a gateway says it is."""

    gateway: str
    incarnation: str


@dataclass
class Sender:
    """A process that may be sending, and what it said since this service started."""

    process: Process
    applied: int | None = None
    confirmed: datetime | None = None


@dataclass(frozen=True)
class Moment:
    """Every revision up to this one was effective then."""

    revision: int
    at: datetime


class Moments:
    """When which revision became effective: all after `floor`, in order; those up to `kept` are in the store."""

    def __init__(self) -> None:
        self.floor, self.kept = 0, 0
        self.known: list[Moment] = []

    def begin(self, floor: int) -> None:
        """The store knows everything up to `floor`; what is known beyond it is still to be kept."""
        self.known = [one for one in self.known if one.revision > floor]
        self.floor = self.kept = floor

    def add(self, moment: Moment) -> None:
        self.known.append(moment)

    def of(self, revision: int) -> Moment | None:
        """The first at which `revision` was effective; None where there is none yet, or the store has to be asked."""
        if revision <= self.floor:
            return None
        found = bisect_left(self.known, revision, key=lambda one: one.revision)
        return self.known[found] if found < len(self.known) else None

    def waiting(self) -> list[Moment]:
        """Those that are not in the store yet."""
        return self.known[bisect_left(self.known, self.kept + 1, key=lambda one: one.revision) :]

    def keep(self, revision: int) -> None:
        """Those up to `revision` are in the store, and need not all be remembered."""
        self.kept = max(self.kept, revision)
        spare = bisect_left(self.known, self.kept + 1, key=lambda one: one.revision) - REMEMBERED
        if spare > 0:
            self.floor = self.known[spare - 1].revision
            del self.known[:spare]


@dataclass(frozen=True)
class Progress:
    """Of one revision: since when it is effective, where that is in memory, and how many have confirmed it."""

    effective: bool
    since: datetime | None
    confirmed: int
    registered: int


@dataclass
class Fleet:
    """Every verb here only looks into memory, and never waits."""

    clock: Callable[[], datetime]
    senders: dict[tuple[str, str], Sender] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    ended: set[tuple[str, str]] = field(default_factory=set)  # in this service's life
    effective: Level = field(default_factory=Level)
    moments: Moments = field(default_factory=Moments)
    recorded: int = 0
    doubt: bool = False  # somebody of whom nothing is known may be sending: nothing more becomes effective
    lock: Lock = field(default_factory=Lock)

    def begin(self, senders: Iterable[Process], newest: Mapping[str, str], marked: int, recorded: int) -> None:
        """As the store has it; what processes that it knows have said before is not forgotten."""
        with self.lock:
            said = self.senders
            fresh = {(one.name, one.incarnation): Sender(one) for one in senders}
            self.senders = {key: said.get(key, sender) for key, sender in fresh.items()}
            self.newest, self.recorded = dict(newest), recorded
            self.moments.begin(marked)
            self.effective.rise(marked)
            self._advance()

    def add(self, process: Process) -> None:
        """It is the newest of its name, and may be sending from now on."""
        with self.lock:
            key = (process.name, process.incarnation)
            self.newest[process.name] = process.incarnation
            if key not in self.ended:  # its end may have been heard of first
                self.senders.setdefault(key, Sender(process))

    def end(self, process: Process) -> None:
        """It sends nothing any more."""
        key = (process.name, process.incarnation)
        with self.lock:
            self.ended.add(key)
            if self.senders.pop(key, None):
                self._advance()

    def record(self, revision: int) -> None:
        """The ledger is at `revision`, and it was acknowledged or may be."""
        with self.lock:
            self.recorded = max(self.recorded, revision)
            if not self.senders:
                self._advance()

    def check(self, caller: Caller) -> Sender:
        """The process that asks. Raises IncarnationSuperseded, IncarnationUnknown, IncarnationEnded."""
        check_incarnation(caller.incarnation, self.newest.get(caller.gateway))
        sender = self.senders.get((caller.gateway, caller.incarnation))
        if sender is None:
            raise IncarnationEnded
        return sender

    def confirm(self, caller: Caller, applied: int) -> None:
        """Raises as `check`."""
        with self.lock:
            sender = self.check(caller)
            sender.applied, sender.confirmed = max(applied, sender.applied or 0), self.clock()
            self._advance()

    def said(self, process: Process) -> Sender:
        """What a process has said since this service started."""
        return self.senders.get((process.name, process.incarnation)) or Sender(process)

    def progress(self, revision: int) -> Progress:
        with self.lock:
            registered = len(self.senders)
            if revision <= self.effective.value:
                moment = self.moments.of(revision)
                return Progress(True, moment.at if moment else None, registered, registered)
            confirmed = sum(one.applied is not None and one.applied >= revision for one in self.senders.values())
            return Progress(False, None, confirmed, registered)

    def _advance(self) -> None:
        """Where nobody may be sending, whatever is recorded is effective."""
        if self.doubt:
            return
        said = [one.applied for one in self.senders.values() if one.applied is not None]
        if len(said) < len(self.senders):  # somebody has not said anything yet, and may be sending anything
            return
        upto = min(said, default=self.recorded)
        if upto > self.effective.value:
            self.moments.add(Moment(upto, self.clock()))
            self.effective.rise(upto)


def check_incarnation(given: str, newest: str | None) -> None:
    """Raises IncarnationSuperseded where a newer one was given out since, IncarnationUnknown where `given` never was:
    then the store is older than it."""
    if given == newest:
        return
    if newest is not None and number_of(newest) > number_of(given):
        raise IncarnationSuperseded
    raise IncarnationUnknown
