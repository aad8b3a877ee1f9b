"""What must vanish the moment somebody is withheld, worked out in advance so that nothing has to be computed then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.ratings.disclosure.deciding import Decision
from services.ratings.disclosure.policy import Policy
from services.ratings.disclosure.safety import Block
from services.ratings.disclosure.sums import Crowd, merged
from services.ratings.disclosure.table import Sizes, Table


@dataclass(frozen=True)
class Quarantine:
    """For one person: whose rows, and per table which units' totals, are shown now and must go with theirs."""

    person: str
    people: frozenset[str]
    units: tuple[frozenset[str], ...]

    def common(self, before: "Quarantine", places: Sequence[int | None]) -> "Quarantine":
        """What goes by this set and by the one of the views before. `places`: of each of our tables, its number among
        those of the views before; None where its release had not joined yet."""
        kept = (
            gone if place is None else gone & before.units[place]
            for gone, place in zip(self.units, places, strict=True)
        )
        return Quarantine(self.person, self.people & before.people, tuple(kept))


def quarantines(  # noqa: PLR0917  # each is another thing, and none has a default
    tables: Sequence[Table], decision: Decision, nameable: frozenset[str], order: Sequence[str],
    unit_order: Sequence[str], policy: Policy,
) -> Iterator[Quarantine]:  # fmt: skip
    """One for everybody in `nameable` with a cell in these tables, in `order`.

    All rows and revocable totals of the person's units go. Where these are not enough below their ancestor, further
    revocable units go with all their people, first in `unit_order`. Sets may be united: more hidden is never less safe.

    Which units go depends on the figures alone, and on nothing that is hidden already: while views change, somebody's
    set is the same in the old and in the new, and what covers them is hidden in both.
    """
    planner = _Planner(tables, decision, unit_order, policy)
    for person in order:
        if person in nameable and any(person in table.people for table in tables):
            yield planner.quarantine(person)


class _Planner:
    def __init__(self, tables: Sequence[Table], decision: Decision, unit_order: Sequence[str], policy: Policy) -> None:
        self.tables, self.decision, self.widths, self.unit_order = tables, decision, policy.widths, unit_order
        self.below: dict[tuple[int, str], tuple[frozenset[str], list[str]]] = {}
        self.crowds: dict[tuple[int, frozenset[str]], tuple[dict[str, Sizes], Crowd]] = {}
        self.taken: dict[frozenset[str], tuple[frozenset[str], tuple[frozenset[str], ...]]] = {}

    def quarantine(self, person: str) -> Quarantine:
        """Each table is looked at alone, so that a release that joins takes nothing out of the set."""
        units = frozenset[str]()
        for number, table in enumerate(self.tables):
            grown = table.units_of(person)
            for unit in sorted(grown - table.fixed - table.known):
                grown = self._grown(number, unit, person, grown)
            units |= grown
        return Quarantine(person, *self._of(units))

    def _of(self, units: frozenset[str]) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
        """Everybody of these units who is shown, and per table those whose totals can be withheld and are not."""
        if units not in self.taken:
            people = frozenset().union(*(table.people_in(unit) for table in self.tables for unit in units))
            totals = zip(self.tables, self.decision.withheld, strict=True)
            self.taken[units] = (
                people - self.decision.hidden,
                tuple((units & table.revocable) - withheld for table, withheld in totals),
            )
        return self.taken[units]

    def _grown(self, number: int, unit: str, person: str, units: frozenset[str]) -> frozenset[str]:
        """The units, and as many more below the same ancestor as it takes; all of them where nothing is enough: then
        the release gate hears of it from the decision that follows."""
        below, ordered = self._below(number, self.tables[number].parent(unit))
        more = iter(ordered)
        while not self._is_safe(number, unit, person, units & below):
            further = next((one for one in more if one not in units), None)
            if further is None:
                break
            units |= {further}
        return units

    def _below(self, number: int, ancestor: str) -> tuple[frozenset[str], list[str]]:
        """The units below an ancestor whose totals can go or are not shown, and the same in order."""
        if (number, ancestor) not in self.below:
            table = self.tables[number]
            units = frozenset(table.units_under[ancestor]) - table.fixed - table.known
            self.below[number, ancestor] = units, [one for one in self.unit_order if one in units]
        return self.below[number, ancestor]

    def _is_safe(self, number: int, unit: str, person: str, units: frozenset[str]) -> bool:
        """Whether the person is safe among all people of these units, whose totals nobody knows."""
        table, at = self.tables[number], (number, units)
        if at not in self.crowds:
            people = merged(table.cells_in(one) for one in sorted(units))
            self.crowds[at] = people, Crowd(people, self.widths)
        people, crowd = self.crowds[at]
        own = table.own_in(person, sorted(units))
        if crowd.ample(person, self.widths.needs(own)):
            return True
        others = {one: sizes for one, sizes in people.items() if one != person}
        return not list(Block(number, person, unit, own, others).failing(self.widths))
