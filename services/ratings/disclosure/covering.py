"""The fewest people who cover rows that share them, and among equally few the first in order: exact, smallest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Final, TypeAlias

from services.ratings.disclosure.policy import Widths
from services.ratings.disclosure.rows import Row
from services.ratings.disclosure.sums import SLACK

STEPS: Final = 5_000  # of the search by size, before a solver takes over
MOST: Final = 24  # people in the sets that are searched for
Limit: TypeAlias = tuple[frozenset[str], int]  # of these people at most so many


class TooLong(Exception):
    """The search has taken more steps than it was given."""


@dataclass(frozen=True, eq=False)
class Demand:
    """One measure of one row: what must remain once the `k` largest are left out. `gives`: by number of the person;
    `best[i]`: the largest that people from number i on give, at most
    `MOST` of them."""

    need: float
    k: int
    count: int
    total: float
    largest: tuple[float, ...]
    gives: Sequence[float | None]
    best: Sequence[tuple[float, ...]]

    def within_reach(self, chosen: Sequence[int], after: int, more: int) -> bool:
        """Whether the chosen, and `more` people from number `after` on, might be enough."""
        given = [size for one in chosen if (size := self.gives[one]) is not None]
        given += self.best[after][:more]
        if self.count + len(given) <= self.k:
            return False
        total = self.total + sum(given)
        return total - sum(nlargest(self.k, [*self.largest, *given])) >= self.need - SLACK * (self.need + total)


class Search:
    """People who may be hidden, by number in keyed order, and the rows that they must cover together."""

    def __init__(
        self, rows: Sequence[Row], people: Sequence[str], limits: Sequence[Limit], widths: Widths, steps: int = STEPS
    ) -> None:
        self.rows, self.people, self.limits, self.widths, self.steps = rows, people, limits, widths, steps
        measures = range(len(widths.floors))
        self.demands = [_demand(row, measure, people, widths) for row in rows for measure in measures]

    def first(self) -> frozenset[str] | None:
        """The first smallest set; None where there is none. Raises TooLong."""
        fewest = self.at_least()
        if fewest is None:
            return None
        for size in range(fewest, len(self.people) + 1):
            if size > MOST:
                raise TooLong
            found = next(self._sets([], 0, size), None)
            if found is not None:
                return found
        return None

    def at_least(self) -> int | None:
        """How many people each demand alone needs; None where one cannot be met. Raises TooLong for very many."""
        fewest = 0
        for one in self.demands:
            while not one.within_reach((), 0, fewest):
                if fewest == len(self.people):
                    return None
                fewest += 1
                if fewest > MOST:
                    raise TooLong
        return fewest

    def _sets(self, chosen: list[int], after: int, more: int) -> Iterator[frozenset[str]]:
        self.steps -= 1
        if self.steps < 0:
            raise TooLong
        if after + more > len(self.people) or not all(one.within_reach(chosen, after, more) for one in self.demands):
            return
        if not more:
            found = frozenset(self.people[one] for one in chosen)
            if self.holds(found):
                yield found
            return
        for one in range(after, len(self.people) - more + 1):
            yield from self._sets([*chosen, one], one + 1, more - 1)

    def holds(self, partners: frozenset[str]) -> bool:
        within = all(len(partners & people) <= most for people, most in self.limits)
        return within and all(row.is_safe(partners, self.widths) for row in self.rows)


def _demand(row: Row, measure: int, people: Sequence[str], widths: Widths) -> Demand:
    gives = [row.free[one][measure] if one in row.free else None for one in people]
    best: list[tuple[float, ...]] = [()]
    for size in reversed(gives):
        best.append(best[-1] if size is None else tuple(sorted((*best[-1], size), reverse=True)[:MOST]))
    hidden = [sizes[measure] for sizes in row.secrets.values()]
    need = max(widths.floors[measure], widths.p * row.own[measure])
    return Demand(need, widths.k, len(hidden), sum(hidden), tuple(nlargest(widths.k, hidden)), gives, best[::-1])
