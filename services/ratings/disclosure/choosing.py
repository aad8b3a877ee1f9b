"""The search: which totals, then which people. Exact because what shares nobody and no block is decided by itself.

Of several separate problems, the smallest sets together are the smallest for each, and the first in order the first
for each; so rows that have nobody in common who may be hidden are searched one by one. Two units are separate unless
somebody who may be hidden has cells in both, or both are in a block whose rows are not met by the secrets alone: those
that are stay so, because neither another partner nor another withheld total makes anybody less safe.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from sys import maxsize
from typing import Final

from services.ratings.disclosure.covering import MOST, Limit, Search, TooLong
from services.ratings.disclosure.growing import sets_of_units
from services.ratings.disclosure.policy import Policy
from services.ratings.disclosure.rows import Place, Row, Rows
from services.ratings.disclosure.sharing import Shares
from services.ratings.disclosure.solving import Program
from services.ratings.disclosure.table import units_of, units_of_person

LATEST: Final = maxsize  # the age of a secret to whom nothing is known from earlier views


@dataclass(frozen=True)
class Choice:
    """Partners to hide beside the secrets, and units whose totals are withheld wherever they can be."""

    partners: frozenset[str]
    totals: frozenset[str]


class Chooser:
    """`order`, `unit_order`: keyed. `spare`: units whose total may be withheld."""

    def __init__(
        self, rows: Rows, order: Sequence[str], unit_order: Sequence[str], spare: frozenset[str], policy: Policy
    ) -> None:
        self.rows, self.policy, self.spare = rows, policy, spare
        self.place_of = {person: place for place, person in enumerate(order)}
        self.unit_order = unit_order
        self._first: dict[tuple[frozenset[object], frozenset[Limit]], frozenset[str] | None] = {}

    def choose(self) -> Choice | None:
        """The smallest safe choice; None where none is safe."""
        totals = self._forced(self._from_the_start())
        if totals is None:
            return None
        unmet = [row for row in self.rows.needed(self.rows.places, totals) if not self.rows.is_possible(row)]
        if not unmet and self.policy.max_hidden >= 1:
            partners = self._partners(self.rows.places, totals)
            return None if partners is None else Choice(partners, totals)
        return self._with_more_totals(totals, unmet)

    def _from_the_start(self) -> frozenset[str]:
        if self.policy.protect == "totals":
            return frozenset()
        return frozenset(unit for number, _, unit in self.rows.places if unit in self.rows.tables[number].revocable)

    def _forced(self, totals: frozenset[str]) -> frozenset[str] | None:
        """These and every total that no partners can keep; None where withholding one of those would not help.

        What keeps a total safe is only ever hidden in that unit, so each unit is looked at by itself.
        """
        forced = set[str]()
        for unit, rows in self._rows_by_unit(totals).items():
            limits = self._limits({unit}, totals)
            if all(self.rows.is_possible(row) for row in rows) and (
                not limits or self._search(rows, limits) is not None
            ):
                continue
            if not self._helps(unit, rows):
                return None
            forced.add(unit)
        return totals | forced

    def _rows_by_unit(self, totals: frozenset[str]) -> dict[str, list[Row]]:
        """The rows of blocks that are one unit, because its total is known."""
        found: dict[str, list[Row]] = {}
        for row in self.rows.needed(self.rows.places, totals):
            number, secret, unit, _ = row.key
            if self.rows.is_known(number, unit, self.rows.memory.secret(secret), totals):
                found.setdefault(unit, []).append(row)
        return found

    def _helps(self, unit: str, rows: Iterable[Row]) -> bool:
        """Whether to withhold a unit's total lifts what cannot be met; not where it is fixed or known anyway."""
        withheld = frozenset({unit})
        still = [row for row in rows if self._is_known(row, withheld)]
        return unit in self.spare and all(self.rows.is_possible(row) for row in still)

    def _is_known(self, row: Row, totals: frozenset[str]) -> bool:
        number, secret, unit, _ = row.key
        return self.rows.is_known(number, unit, self.rows.memory.secret(secret), totals)

    def _partners(self, places: Iterable[Place], totals: frozenset[str]) -> frozenset[str] | None:
        """The first smallest set of partners for these secret cells, given the totals; None where there is none."""
        rows = []
        for row in self.rows.needed(places, totals):
            if not self.rows.is_possible(row):
                return None
            rows.append(row)
        limits = self._limits({unit for _, _, unit in places}, totals)
        found = frozenset[str]()
        for some, bounds in _separate(rows, limits):
            partners = self._search(some, bounds)
            if partners is None:
                return None
            found |= partners
        return found

    def _search(self, rows: Sequence[Row], limits: Sequence[Limit]) -> frozenset[str] | None:
        key = frozenset[object](row.key for row in rows), frozenset(limits)
        if key not in self._first:
            search = self._search_for(rows, limits)
            try:
                self._first[key] = search.first()
            except TooLong:
                self._first[key] = Program(search).first()
        return self._first[key]

    def _search_for(self, rows: Sequence[Row], limits: Sequence[Limit]) -> Search:
        people = {one for row in rows for one in row.free}
        return Search(rows, sorted(people, key=self.place_of.__getitem__), limits, self.rows.widths)

    def _limits(self, units: Collection[str], totals: frozenset[str]) -> list[Limit]:
        """How many partners may be hidden so that a total can stay, in units with a secret."""
        if self.policy.max_hidden >= 1:
            return []
        return [
            (people & self.rows.partners, int(self.policy.max_hidden * len(people) + 1e-9))
            for table in self.rows.tables
            for unit in sorted((frozenset(units) & table.revocable) - totals - table.known)
            if not (people := table.people_in(unit)).isdisjoint(self.rows.secrets)
        ]

    def _with_more_totals(self, totals: frozenset[str], unmet: Sequence[Row]) -> Choice | None:
        """With the fewest further totals where rows or limits cannot be met, region by region of what is shared."""
        found, more = Choice(frozenset(), totals), self._further(totals, unmet)
        for units in self._regions(totals, more):
            choice = self._grown(units, totals, [unit for unit in more if unit in units], unmet)
            if choice is None and self.policy.max_hidden < 1:  # a limit is lifted by withholding: anything may help
                return self._grown(units_of(self.rows.tables), totals, self._in_order(self.spare - totals), unmet)
            if choice is None:
                return None
            found = Choice(found.partners | choice.partners, found.totals | choice.totals)
        return found

    def _grown(
        self, units: frozenset[str], totals: frozenset[str], more: Sequence[str], unmet: Iterable[Row]
    ) -> Choice | None:
        """The choice for the secret cells of these units with the fewest of `more` withheld, then the fewest people,
        then the first totals in order, then the first people."""
        here = [row for row in unmet if row.key[2] in units]
        places = [*(row.key[:3] for row in here), *(place for place in self.rows.places if place[2] in units)]
        for size in range(len(more) + 1):
            best = None
            for further in sets_of_units(self.rows, here, more, size):
                partners = self._partners(places, totals | further)
                if partners is not None and (best is None or len(partners) < len(best.partners)):
                    best = Choice(partners, totals | further)
                    if len(partners) <= self._at_least(places, totals, more, size):
                        return best
            if best is not None:
                return best
        return None

    def _at_least(self, places: Sequence[Place], totals: frozenset[str], more: Sequence[str], size: int) -> int:
        """How many partners a choice with so many of `more` withheld needs at least: no fewer than if all of them were,
        and somebody in each, since as few as possible are: one without a secret or a partner could be spared."""
        rows = list(self.rows.needed(places, totals | frozenset(more)))
        together = sum(self._needs_of(some) for some, _ in _separate(rows, ()))
        empty = [unit for unit in more if not self._people_in(unit) & self.rows.secrets]
        shared = max((len(units) for units in self._units_of_partners(empty).values()), default=1)
        apart = -(-(size - len(more) + len(empty)) // shared)
        return max(apart, together)

    def _needs_of(self, rows: Sequence[Row]) -> int:
        try:
            return self._search_for(rows, ()).at_least() or 0
        except TooLong:
            return MOST

    def _people_in(self, unit: str) -> frozenset[str]:
        return frozenset().union(*(table.people_in(unit) for table in self.rows.tables))

    def _units_of_partners(self, units: Iterable[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for unit in units:
            for person in self._people_in(unit) & self.rows.partners:
                found.setdefault(person, set()).add(unit)
        return found

    def _further(self, totals: frozenset[str], unmet: Iterable[Row]) -> list[str]:
        """Units whose total is known to those whose block says too much, and need not be."""
        found = set[str]()
        for row in unmet:
            number, secret, unit, _ = row.key
            table, since = self.rows.tables[number], self.rows.memory.secret(secret)
            beside = (self.spare - totals) & frozenset(table.units_under[table.parent(unit)])
            found |= {one for one in beside if not self.rows.is_known(number, one, since, beside)}
        return self._in_order(found)

    def _in_order(self, units: Collection[str]) -> list[str]:
        return [unit for unit in self.unit_order if unit in units]

    def _regions(self, totals: frozenset[str], more: Sequence[str]) -> list[frozenset[str]]:
        """Units that must be decided together. A further total changes the blocks of all its ancestors, so it belongs
        with whatever is not known there."""
        shares, live = Shares[str](), set(more)
        joined = [row.key[3] for row in self.rows.needed(self.rows.places, totals)]
        for number, table in enumerate(self.rows.tables):
            for units in table.units_under.values():
                growing = [unit for unit in units if unit in more]
                unknown = [unit for unit in units if not self.rows.is_known(number, unit, LATEST, totals)]
                joined.append((*growing, *unknown) if growing else ())
        joined += [(unit,) for unit in self._kept_with_secrets(totals)]
        for units in joined:
            live |= set(units)
            shares.join(units)
        for person in sorted(self.rows.partners):
            shares.join(sorted(live & units_of_person(self.rows.tables, person)))
        return [frozenset(units) for units in shares.groups(self._in_order(live))]

    def _kept_with_secrets(self, totals: frozenset[str]) -> frozenset[str]:
        """Units that a limit may bind."""
        if self.policy.max_hidden >= 1:
            return frozenset()
        return frozenset(unit for _, _, unit in self.rows.places) - totals


def _separate(rows: Sequence[Row], limits: Sequence[Limit]) -> Iterator[tuple[list[Row], list[Limit]]]:
    """Rows that have nobody free in common, even by way of others, with the limits on their people."""
    shares = Shares[str]()
    for row in rows:
        shares.join(row.free)
    involved = {one for row in rows for one in row.free}
    bounds = [(people & involved, most) for people, most in limits if people & involved]
    for people, _ in bounds:
        shares.join(sorted(people))
    of_group: dict[str, tuple[list[Row], list[Limit]]] = {}
    for row in rows:
        of_group.setdefault(shares.find(next(iter(row.free))), ([], []))[0].append(row)
    for bound in bounds:
        of_group[shares.find(min(bound[0]))][1].append(bound)
    yield from of_group.values()
