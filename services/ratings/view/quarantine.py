"""What to hide the moment a consultant is withheld, worked out in advance so that no gateway has to compute."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.ratings.view.hiding import Hidden, Memory, hide
from services.ratings.view.roster import Roster


@dataclass(frozen=True)
class Quarantine:
    """For one consultant, one indicator and period: consultants and units whose rows vanish with theirs."""

    consultant: str
    people: frozenset[str]
    units: frozenset[str]


def quarantines(
    roster: Roster, named: frozenset[str], order: Sequence[str], memory: Memory, hidden: Hidden
) -> Iterator[Quarantine]:
    """One for every consultant who is shown. `memory` must already hold what `hidden` adds to it.

    Whoever is hidden already has no row to take away, and a bake without them would hide the same.
    """
    for consultant in sorted(roster.people - hidden.people):
        without = hide(roster, named - {consultant}, order, memory)
        people = roster.colleagues_of(consultant) | without.people
        units = roster.units_of[consultant] | (without.units - hidden.units)
        yield Quarantine(consultant, people - hidden.people, units)
