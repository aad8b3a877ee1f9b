"""Whether enough happened for the absence of violations to mean something. Otherwise the answer is UNKNOWN: without
this, a gateway that hides everybody would pass.

A grant becomes visible only with the next view, so nobody can say when it must be seen. A person is *definitely
granted* at a gateway from the end of the first read there that showed them after the grant was acknowledged, until the
next withdrawal (of them, or of somebody of their group) is asked for.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from cli.check.lines import EVERYBODY, Fault, Read, Write
from cli.check.reading import History
from cli.check.reads import Reader
from cli.check.windows import NEVER, Register

LEAST_SHARE: Final = 0.95
FEWEST: Final = 20  # reads in definitely granted time, or a hundredth of those asked for where that is more
BEFORE: Final = -1.0  # the epoch before the first operation


@dataclass
class Granted:
    """Epochs of one person: `starts[i]` is when the i-th began to be acknowledged, `ends[i]` when it may have ended."""

    starts: list[float]
    ends: list[float]

    def of(self, began: float, ended: float) -> int | None:
        """The epoch in which something from `began` to `ended` lies whole."""
        place = bisect_right(self.starts, began) - 1
        return place if place >= 0 and ended <= self.ends[place] else None


@dataclass
class Liveness:
    granted: int = 0
    shown: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        return self.shown / self.granted if self.granted else 0.0


class Watch:
    """Two passes: `first` finds where each epoch began to be seen, `count` counts the reads from there on."""

    def __init__(self, history: History, registers: Mapping[str, Register]) -> None:
        self.groups = {c: group.c for group in history.groups for c in group.c}
        self.registers, self.grace = registers, history.header.grace
        self.epochs: dict[str, Granted] = {}
        self.seen: dict[tuple[str, str, int], float] = {}
        self.found = Liveness(faults=Counter(one.kind for one in history.faults))
        self.faults = _spans(history.faults, self.grace)

    def first(self, one: Read) -> None:
        if one.outcome == "ok" and one.end is not None and one.c != EVERYBODY:
            for c in one.shown:
                epoch = self._epochs(c).of(one.inv, one.end)
                if epoch is not None:
                    key = (c, one.gateway, epoch)
                    self.seen[key] = min(one.end, self.seen.get(key, NEVER))

    def count(self, one: Read) -> None:
        if one.c == EVERYBODY or one.end is None or self._in_fault(one.gateway, one.inv, one.end):
            return
        for c in one.c:
            epoch = self._epochs(c).of(one.inv, one.end)
            if epoch is not None and one.inv > self.seen.get((c, one.gateway, epoch), NEVER):
                self.found.granted += 1
                self.found.shown += c in one.shown

    def _epochs(self, c: str) -> Granted:
        if c not in self.epochs:
            self.epochs[c] = self._epochs_of(c)
        return self.epochs[c]

    def _epochs_of(self, c: str) -> Granted:
        """Before the first operation, and after each acknowledged grant."""
        own = self.registers.get(c)
        writes = own.writes if own else []
        group = [one for other in self.groups.get(c, ()) if other != c and other in self.registers
                 for one in self.registers[other].writes]  # fmt: skip
        hiding = [one for one in [*writes, *group] if one.f == "withdraw" and one.outcome != "fail"]
        grants = sorted((one for one in writes if one.f == "grant" and one.outcome == "ok"), key=lambda one: one.over)
        starts = [BEFORE, *(one.over for one in grants)]
        ends = [min((one.inv for one in hiding), default=NEVER), *(_ended(one, hiding) for one in grants)]
        return Granted(starts, ends)

    def _in_fault(self, gateway: str, began: float, ended: float) -> bool:
        return any(spans.touch(began, ended) for name in ("", gateway) if (spans := self.faults.get(name)) is not None)


def _ended(grant: Write, hiding: list[Write]) -> float:
    """When the first withdrawal that may have come after `grant` was asked for."""
    return min(
        (one.inv for one in hiding if one.over > grant.inv and not (one.outcome == "ok" and one.number < grant.number)),
        default=NEVER,
    )


@dataclass
class Spans:
    """Stretches of time that do not touch one another, in order."""

    starts: list[float]
    ends: list[float]

    def touch(self, began: float, ended: float) -> bool:
        place = bisect_right(self.starts, ended) - 1
        return place >= 0 and self.ends[place] >= began


def _spans(faults: list[Fault], grace: float) -> dict[str, Spans]:
    """By gateway; under "" what concerned everybody."""
    found: dict[str, Spans] = {}
    for fault in sorted(faults, key=lambda one: one.inv):
        name = fault.target if fault.target.startswith("gateway") else ""
        spans = found.setdefault(name, Spans([], []))
        if spans.ends and fault.inv <= spans.ends[-1]:
            spans.ends[-1] = max(spans.ends[-1], fault.end + grace)
        else:
            spans.starts.append(fault.inv)
            spans.ends.append(fault.end + grace)
    return found


def too_little(history: History, reader: Reader, liveness: Liveness) -> Iterator[str]:
    """Why this history proves nothing, in sentences."""
    asked, seen = history.header.asked, reader.seen
    windows = [(c, one.withdrawal.number) for c, found in reader.recorded.items() for one in found.all]
    effective = {(one.c, one.revision) for one in history.effective if one.outcome == "ok"}
    needed = max(FEWEST, asked.reads // 100)
    for what, found, least in (
        ("acknowledged withdrawals", len({(c, w.number) for c, r in reader.registers.items() for w in r.withdrawals}),
         asked.withdrawals),
        ("answered reads", seen.answered, asked.reads),
        ("withdrawals known to be in force everywhere", len(effective), asked.effective),
        ("chunks noted below the buffers", seen.sent, asked.sent),
        ("reads in definitely granted time", liveness.granted, needed),
        *((f"faults of kind {kind}", liveness.faults[kind], least) for kind, least in asked.faults.items()),
    ):  # fmt: skip
        if found < least:
            yield f"{what}: {found:,}; at least {least:,} were asked for"
    unread = {window for window in windows if window not in seen.covered}
    if unread:
        yield f"{len(unread):,} of {len(set(windows)):,} withdrawals have no answered read before the next grant"
    if liveness.granted and liveness.share < LEAST_SHARE:
        yield (f"{liveness.share:.1%} of the reads in definitely granted time show the person; at least "
               f"{LEAST_SHARE:.0%} are expected: who hides everybody proves nothing")  # fmt: skip
    if not history.entries:
        yield "the final ledger is not in the file: whether everything acknowledged was kept is not known"
    if history.torn:
        yield "the last line was cut off: the recorder did not come to its end"
