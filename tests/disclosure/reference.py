"""What the rule says a decision is, by going through everything: for the tables and the memory of the package."""

from collections.abc import Sequence

from services.ratings.disclosure import Decision, Eligible, Memory, Policy, Table
from tests.disclosure.exhaustive import Asked, Grid, Past, is_safe, smallest


def grid(table: Table) -> Grid:
    sizes = {(cell.person, cell.unit): cell.sizes for cell in table.cells}
    return Grid(sizes, table.above, table.known, table.small, table.fixed, table.release)


def past(memory: Memory, tables: Sequence[Table]) -> Past:
    shown = {
        (table.release, unit): memory.shown_until[table.key(unit)]
        for table in tables
        for unit in sorted(table.units)
        if table.key(unit) in memory.shown_until
    }
    return Past(memory.bakes + 1, memory.hidden_since, memory.secret_since, shown)


def exhaustive_decision(  # noqa: PLR0917  # as `decide` has it
    tables: Sequence[Table], secrets: frozenset[str], order: Sequence[str], unit_order: Sequence[str],
    memory: Memory, policy: Policy, eligible: Eligible | None,
) -> Decision | None:  # fmt: skip
    """None where not even everything is enough, within `eligible` or at all."""
    grids = [grid(table) for table in tables]
    asked = asked_for(grids, secrets, order, unit_order, memory, policy, eligible)
    found = smallest(grids, past(memory, tables), asked)
    if found is None and eligible is not None:
        found = smallest(
            grids, past(memory, tables), asked_for(grids, secrets, order, unit_order, memory, policy, None)
        )
    if found is None:
        return None
    hidden, withheld = found
    return Decision(hidden, tuple((withheld & one.units) - one.fixed - one.small for one in grids))


def asked_for(  # noqa: PLR0917  # as `decide` has it
    grids: Sequence[Grid], secrets: frozenset[str], order: Sequence[str], unit_order: Sequence[str],
    memory: Memory, policy: Policy, eligible: Eligible | None,
) -> Asked:  # fmt: skip
    everybody = {person for one in grids for person, _ in one.sizes}
    secrets = secrets & everybody
    revocable = {unit for one in grids for unit in one.units - one.fixed - one.small}
    of_secrets = {
        unit for one in grids for person, unit in one.sizes if person in secrets and unit not in one.fixed | one.small
    }
    from_start = frozenset(of_secrets) if policy.protect == "colleagues" else frozenset()
    people = [one for one in order if one in everybody]
    units = [one for one in unit_order if one in revocable]
    if eligible is not None:
        people = [one for one in people if one in eligible.people or one in memory.hidden_since]
        units = [one for one in units if one in eligible.units or not _shown_last(grids, memory, one)]
    return Asked(secrets, people, units, from_start & frozenset(units), policy.widths.floors, policy.max_hidden)


def _shown_last(grids: Sequence[Grid], memory: Memory, unit: str) -> bool:
    """Whether the last views showed this total."""
    keys = (f"{one.name} {unit}" if one.name else unit for one in grids)
    return any(memory.shown_until.get(key, 0) == memory.bakes for key in keys)


def everything_is_safe(tables: Sequence[Table], secret: str, memory: Memory, policy: Policy) -> bool:
    """Whether one secret would be safe if everybody were hidden and every total withheld that may be."""
    grids = [grid(table) for table in tables]
    everybody = frozenset(person for one in grids for person, _ in one.sizes)
    units = frozenset(unit for one in grids for unit in one.units)
    return is_safe(grids, past(memory, tables), secret, everybody, units, policy.widths.floors)
