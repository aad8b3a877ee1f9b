"""What must vanish the moment somebody is withheld, worked out in advance so that nothing has to be computed then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.ratings.disclosure.deciding import Decision
from services.ratings.disclosure.memory import Memory
from services.ratings.disclosure.policy import Policy
from services.ratings.disclosure.safety import block
from services.ratings.disclosure.sums import Crowd, merged
from services.ratings.disclosure.table import Table, units_of_person


@dataclass(frozen=True)
class Quarantine:
    """For one person: whose rows, and per table which units' totals, are shown now and must go with theirs."""

    person: str
    people: frozenset[str]
    units: tuple[frozenset[str], ...]


def quarantines(  # noqa: PLR0917  # each is another thing, and none has a default
    tables: Sequence[Table], decision: Decision, nameable: frozenset[str], order: Sequence[str],
    unit_order: Sequence[str], memory: Memory, policy: Policy,
) -> Iterator[Quarantine]:  # fmt: skip
    """One for everybody in `nameable` with a cell in these tables, in `order`. `memory`: that after the decision.

    All rows and revocable totals of the person's units go. Where their ancestor's block would still say too much,
    further revocable units go with all their people, first in `unit_order`. Sets may be united: more hidden is never
    less safe.
    """
    planner = _Planner(tables, decision, unit_order, memory, policy)
    for person in order:
        if person in nameable and (units := units_of_person(tables, person)):
            yield planner.quarantine(person, units)


class _Planner:
    def __init__(
        self, tables: Sequence[Table], decision: Decision, unit_order: Sequence[str], memory: Memory, policy: Policy
    ) -> None:
        self.tables, self.decision, self.memory, self.widths = tables, decision, memory, policy.widths
        self.unit_order = unit_order
        self.taken: dict[frozenset[str], tuple[frozenset[str], tuple[frozenset[str], ...]]] = {}
        self.base: dict[tuple[int, str], Crowd] = {}

    def quarantine(self, person: str, units: frozenset[str]) -> Quarantine:
        for number, table in enumerate(self.tables):
            for unit in sorted(table.units_of(person) - table.fixed - table.known):
                if not self._ample(number, unit, person):
                    units = self._grown(number, unit, person, units)
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
        table = self.tables[number]
        beside = frozenset(table.units_under[table.parent(unit)]) - table.fixed - table.known - units
        more = iter([one for one in self.unit_order if one in beside])
        while not self._is_safe(number, unit, person, units):
            further = next(more, None)
            if further is None:
                break
            units |= {further}
        return units

    def _is_safe(self, number: int, unit: str, person: str, units: frozenset[str]) -> bool:
        people, totals = self._of(units)
        hidden, withheld = self.decision.hidden | people, self.decision.withheld[number] | totals[number]
        found = block(self.tables, number, person, unit, hidden, withheld, self.memory)
        return not list(found.failing(self.widths))

    def _ample(self, number: int, unit: str, person: str) -> bool:
        """Whether what is hidden already below the ancestor is enough, so that no block need be built."""
        table = self.tables[number]
        ancestor = table.parent(unit)
        if (number, ancestor) not in self.base:
            self.base[number, ancestor] = self._hidden_under(number, ancestor)
        below = [
            {person: table.cells_of(person)[one]} for one in table.units_of(person) if table.parent(one) == ancestor
        ]
        needs = self.widths.needs(merged(below)[person])
        return self.base[number, ancestor].ample(person, needs)

    def _hidden_under(self, number: int, ancestor: str) -> Crowd:
        """Who is hidden already below an ancestor in units without a known total."""
        table = self.tables[number]
        unknown = (table.small | self.decision.withheld[number]) - table.known
        people = merged(table.cells_in(unit) for unit in table.units_under[ancestor] if unit in unknown)
        hidden = {one: sizes for one, sizes in people.items() if one in self.decision.hidden}
        return Crowd(hidden, self.widths)
