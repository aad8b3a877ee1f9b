"""When a person must be hidden: from an acknowledged withdrawal to the next grant that may have undone it.

A grant is compared and set, so one that expected revision k can have landed nowhere but right after k: after every
operation that was acknowledged with k or less, and before every one with more.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Final

from cli.check.lines import Effective, Write

NEVER: Final = float("inf")


@dataclass(frozen=True)
class Window:
    """From `start` to `end`, `withdrawal` hides its person; `grant` is what ended it, if anything did."""

    start: float
    end: float
    withdrawal: Write
    grant: Write | None


@dataclass(frozen=True)
class Grant:
    """One that may have landed after revision `after`, at `earliest` or later."""

    write: Write
    after: float
    earliest: float


class Windows:
    """Of one person, by start. `reach[i]` is the window that lasts longest among the first i + 1."""

    def __init__(self, found: Iterable[Window]) -> None:
        self.all = sorted((one for one in found if one.start < one.end), key=lambda one: one.start)
        self.starts = [one.start for one in self.all]
        self.reach: list[Window] = []
        for one in self.all:
            self.reach.append(one if not self.reach or one.end > self.reach[-1].end else self.reach[-1])

    def holding(self, began: float, ended: float) -> Window | None:
        """A window in which something that lasted from `began` to `ended` lies whole."""
        place = bisect_right(self.starts, began) - 1
        if place < 0 or ended > self.reach[place].end:
            return None
        return self.reach[place]

    def all_holding(self, began: float, ended: float) -> Iterator[Window]:
        """Those that began last first: of an earlier one, the end is no later."""
        for place in range(bisect_right(self.starts, began) - 1, -1, -1):
            if ended > self.all[place].end:
                return
            yield self.all[place]


class Register:
    """Everything that was asked of the ledger for one person."""

    def __init__(self, writes: Sequence[Write]) -> None:
        self.writes = writes
        self.done = sorted((one for one in writes if one.outcome == "ok"), key=lambda one: one.number)
        self.withdrawals = [one for one in self.done if one.f == "withdraw"]
        self.numbers = [one.number for one in self.done]
        self.latest_inv = _running([one.inv for one in self.done], max)
        self.first_over = _running([one.over for one in reversed(self.done)], min)[::-1]

    @cached_property
    def grants(self) -> list[Grant]:
        """Those that may have landed."""
        used = {one.expects for one in self.done}
        acknowledged = [self._after(one, one.number - 1) for one in self.done if one.f == "grant"]
        unknown = [
            self._after(one, one.expects)
            for one in self.writes
            if one.expects is not None and one.outcome == "info" and one.expects not in used  # one of two can land
        ]
        return acknowledged + [one for one in unknown if one.earliest <= self._latest(one)]

    def _after(self, one: Write, revision: int) -> Grant:
        before = self.upto(revision)
        earliest = max(one.inv, self.latest_inv[before - 1]) if before else one.inv
        return Grant(one, revision + 0.5, earliest)

    def _latest(self, grant: Grant) -> float:
        place = self.upto(grant.after)
        return self.first_over[place] if place < len(self.done) else NEVER

    def upto(self, revision: float) -> int:
        """How many were acknowledged with `revision` or less."""
        return bisect_right(self.numbers, revision)

    def recorded(self) -> Windows:
        """D1 of each acknowledged withdrawal: from its acknowledgement."""
        return Windows(self._window(one, one.over) for one in self.withdrawals)

    def effective(self, known: Iterable[Effective]) -> Windows:
        """D2: from when it was known that the withdrawal of that revision is in force everywhere."""
        first: dict[int, float] = {}
        for one in known:
            if one.outcome == "ok":
                first[one.revision] = min(one.over, first.get(one.revision, NEVER))
        return Windows(
            self._window(one, max(one.over, first[one.number])) for one in self.withdrawals if one.number in first
        )

    def _window(self, withdrawal: Write, start: float) -> Window:
        later = self._ending(withdrawal.number)
        return Window(
            start, NEVER if later is None else later.earliest, withdrawal, None if later is None else later.write
        )

    def _ending(self, revision: int) -> Grant | None:
        """The earliest of the grants that may have landed after `revision`."""
        place = bisect_right(self._afters, float(revision))
        return self._earliest_from[place] if place < len(self._earliest_from) else None

    @cached_property
    def _by_after(self) -> list[Grant]:
        return sorted(self.grants, key=lambda one: one.after)

    @cached_property
    def _afters(self) -> list[float]:
        return [one.after for one in self._by_after]

    @cached_property
    def _earliest_from(self) -> list[Grant]:
        """By place: the grant of least `earliest` from there on."""
        found: list[Grant] = []
        for one in reversed(self._by_after):
            found.append(one if not found or one.earliest < found[-1].earliest else found[-1])
        return found[::-1]


def _running(values: Sequence[float], chosen: Callable[[float, float], float]) -> list[float]:
    return list(accumulate(values, chosen))
