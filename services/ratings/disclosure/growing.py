"""Which further totals to withhold might be enough: sets of units in keyed order, without those that cannot be."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import accumulate
from typing import Final

from services.ratings.disclosure.rows import Row, Rows
from services.ratings.disclosure.sums import SLACK

MOST: Final = 24  # units whose largest gains are kept apart; of more, all later units' gains are counted


@dataclass(frozen=True, eq=False)
class Gap:
    """What one row lacks in one measure although everybody in its block is hidden. `sizes`, `gains`: by number of the
    unit, of each of its people and in all; `best[i][m]`: the most that m units from number i on could bring."""

    need: float
    k: int
    total: float
    largest: Sequence[float]
    sizes: Sequence[tuple[float, ...]]
    gains: Sequence[float]
    best: Sequence[tuple[float, ...]]

    def may_close(self, chosen: Sequence[int], after: int, more: int) -> bool:
        """Insiders are taken to be among those in the block and in the chosen units."""
        best = self.best[after]
        total = self.total + sum(self.gains[one] for one in chosen) + best[min(more, len(best) - 1)]
        if not self.k:
            return total >= self.need
        insiders = nlargest(self.k, [*self.largest, *(size for one in chosen for size in self.sizes[one])])
        return total - sum(insiders) >= self.need


def sets_of_units(rows: Rows, unmet: Iterable[Row], units: Sequence[str], size: int) -> Iterator[frozenset[str]]:
    """Sets of so many units that might let every unmet row hold, the first in order first. A set
    that is given may still not be enough, none that is left out is."""
    gaps = [gap for row in unmet for gap in _gaps(rows, row, units)]
    for chosen in _sets(gaps, (), 0, size, len(units)):
        yield frozenset(units[one] for one in chosen)


def _sets(gaps: Sequence[Gap], chosen: tuple[int, ...], after: int, more: int, last: int) -> Iterator[tuple[int, ...]]:
    if after + more > last or not all(gap.may_close(chosen, after, more) for gap in gaps):
        return
    if not more:
        yield chosen
        return
    for one in range(after, last - more + 1):
        yield from _sets(gaps, (*chosen, one), one + 1, more - 1, last)


def _gaps(rows: Rows, row: Row, units: Sequence[str]) -> Iterator[Gap]:
    """One per measure and one for the number of people."""
    k, needs = rows.widths.k, rows.widths.needs(row.own)
    people = [*row.secrets.values(), *row.free.values()]
    brought = [rows.brought(row, unit) for unit in units]
    yield _gap(k + 1, 0, [1.0 for _ in people], [tuple(1.0 for _ in them) for them in brought])
    for measure, need in enumerate(needs):
        sizes = [each[measure] for each in people]
        yield _gap(need, k, sizes, [tuple(each[measure] for each in them) for them in brought])


def _gap(need: float, k: int, inside: Sequence[float], sizes: Sequence[tuple[float, ...]]) -> Gap:
    gains = [sum(unit) for unit in sizes]
    best: list[tuple[float, ...]] = [(0.0,)]
    for start in reversed(range(len(gains))):
        largest = nlargest(MOST, gains[start:])
        everything = (sum(gains[start:]),) if len(gains) - start > MOST else ()
        best.append((*accumulate(largest, initial=0.0), *everything))
    total = sum(inside)
    clear = need - SLACK * (need + total + sum(gains))
    return Gap(clear, k, total, nlargest(k, inside), sizes, gains, best[::-1])
