"""Units that were merged, split or joined by others between two releases of the same period.

The figures are the same ones, added up otherwise: where {A, B, C, D} was a unit and {A, B, C} is one now, both totals
together are D, though each of them is safe. Every later release therefore adds up only what an earlier one did.
"""

from collections.abc import Iterable

from services.ratings.disclosure.table import Table


def reorganised(table: Table, earlier: Iterable[Table]) -> frozenset[str]:
    """Units of a table that share somebody's figures with a unit of an earlier release without being the same people:
    their totals are never shown beside those (`Table.small`). `earlier`: of every release published before, those that
    were taken down among them, since copies of them are kept."""
    return frozenset(unit for other in earlier for unit in table.units if _differs(table, unit, other))


def _differs(table: Table, unit: str, other: Table) -> bool:
    people = table.people_in(unit)
    before = other.people_in(unit)
    if people & before and people != before:
        return True
    return any(
        unit not in other.units_of(person) or at not in table.units_of(person)
        for person in people
        for at in other.units_of(person) - {unit}
    )
