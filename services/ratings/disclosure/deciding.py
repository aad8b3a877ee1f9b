"""Who is hidden and which totals are withheld: the fewest totals, then the fewest people, then the first in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.ratings.disclosure.choosing import Choice, Chooser
from services.ratings.disclosure.memory import Memory
from services.ratings.disclosure.policy import Policy
from services.ratings.disclosure.rows import Rows
from services.ratings.disclosure.safety import unsafe
from services.ratings.disclosure.table import Table, people_of, units_of


@dataclass(frozen=True)
class Decision:
    """`hidden`: everybody without a row, secrets and partners alike. `withheld`: per table, revocable units without a
    total (a small unit's total is suppressed anyway and is not among them). `exposed`: secrets who cannot be covered
    although everything that can be hidden is; an indicator with any must not be published."""

    hidden: frozenset[str]
    withheld: tuple[frozenset[str], ...]
    exposed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Eligible:
    """Who and what readers see now and may lose: people and units of the quarantine sets of fresh secrets."""

    people: frozenset[str]
    units: frozenset[str]


def decide(  # noqa: PLR0917  # each is another thing, and none has a default
    tables: Sequence[Table], secrets: frozenset[str], order: Sequence[str], unit_order: Sequence[str],
    memory: Memory, policy: Policy, eligible: Eligible | None = None,
) -> Decision:  # fmt: skip
    """One decision for the tables of all readable releases. `order`, `unit_order`: everybody and every unit of them,
    keyed. Exactly minimal: fewest totals withheld, then fewest people hidden; among equals the first in order.

    `eligible` limits what may be newly hidden or withheld; where no safe state lies within it, it is disregarded.
    Raises ValueError for people or units without a place in the order.
    """
    secrets = secrets & people_of(tables)
    _complete(people_of(tables), order, "people")
    _complete(units_of(tables), unit_order, "units")
    if not secrets:
        return Decision(frozenset(), tuple(frozenset() for _ in tables))
    choice = eligible and _choice(tables, secrets, order, unit_order, memory, policy, eligible)
    choice = choice or _choice(tables, secrets, order, unit_order, memory, policy, None)
    if choice is not None:
        return Decision(secrets | choice.partners, tuple(choice.totals & table.revocable for table in tables))
    everything = Decision(people_of(tables), tuple(table.revocable for table in tables))
    found = unsafe(tables, secrets, everything, memory, policy.widths)
    return replace(everything, exposed=frozenset(secret for _, secret, _, _ in found))


def _choice(  # noqa: PLR0917  # each is another thing, and none has a default
    tables: Sequence[Table], secrets: frozenset[str], order: Sequence[str], unit_order: Sequence[str],
    memory: Memory, policy: Policy, eligible: Eligible | None,
) -> Choice | None:  # fmt: skip
    partners = people_of(tables) - secrets
    spare = frozenset().union(*(table.revocable for table in tables))
    if eligible is not None:
        partners &= memory.hidden_since.keys() | eligible.people
        spare -= frozenset(unit for table in tables for unit in _shown_last(table, memory)) - eligible.units
    rows = Rows(tables, secrets, partners, memory, policy)
    return Chooser(rows, order, unit_order, spare, policy).choose()


def _shown_last(table: Table, memory: Memory) -> Iterator[str]:
    """Units whose total is in the newest view."""
    for unit in table.revocable:
        if memory.shown_until.get(table.key(unit)) == memory.bakes:
            yield unit


def _complete(found: frozenset[str], order: Sequence[str], what: str) -> None:
    if missing := len(found - frozenset(order)):
        raise ValueError(f"{missing} {what} of these tables have no place in the order; give all of them one")
