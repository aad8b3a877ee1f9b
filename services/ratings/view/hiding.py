"""What must not be shown of an indicator and period: the blunt safe rule, until disclosure control is complete.

Expected deaths of all consultants add up to the deaths observed, because the model was fitted on the same cases. So
the figures of one hidden consultant could be had by subtraction from everybody else's, and of two by one of them from
the other. Hence: nobody hidden, or at least three; and no unit shown in which anybody is hidden, since the unit less
its shown colleagues is that person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.ratings.view.roster import Roster

FEWEST_HIDDEN: Final = 3
SMALL: Final = 10  # cases: the patient rule by which a unit's own figures are suppressed


@dataclass(frozen=True)
class Sticky:
    """What earlier views have hidden: units stay hidden in their release, partners as long as they cover somebody."""

    units: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()

    def joined(self, other: "Sticky") -> "Sticky":
        return Sticky(self.units | other.units, self.partners | other.partners)


@dataclass(frozen=True)
class Hidden:
    """Consultants without a row and units without figures. `partners` are among the people, `small` among the units."""

    people: frozenset[str]
    units: frozenset[str]
    small: frozenset[str] = field(default=frozenset())
    partners: frozenset[str] = field(default=frozenset())

    def as_sticky(self) -> Sticky:
        return Sticky(self.units - self.small, self.partners)


def hide(roster: Roster, named: Iterable[str], order: Sequence[str], sticky: Sticky) -> Hidden:
    """Decide who and what is hidden when exactly `named` may be named.

    `order` holds all consultants of the roster in keyed order; partners are taken from its head. A unit of fewer than
    ten cases is hidden as small where nobody in it is hidden, and with it every unit that shares a consultant.
    """
    nameable = frozenset(named)
    base = frozenset(
        one for one, cases in roster.cases_of.items() if one not in nameable or cases < roster.minimum_cases
    )
    people = base | (sticky.partners & roster.people) if base else base
    too_small = frozenset(unit for unit, cases in roster.cases_in.items() if cases < SMALL)
    beside_small = roster.units_with(one for unit in too_small for one in roster.team_of[unit])
    units = roster.units_with(people) | too_small | beside_small | (sticky.units & roster.units)
    if people:
        people, units = _with_partners(roster, people, units, order)
    if units:
        units = _enough(units, (unit for one in order for unit in sorted(roster.units_of[one])))
        units = _enough(units, sorted(roster.units))
    of_somebody = roster.units_with(people) | sticky.units
    return Hidden(people, units, too_small - of_somebody, people - base)


def _with_partners(
    roster: Roster, people: frozenset[str], units: frozenset[str], order: Sequence[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Add partners in keyed order: those who bring a unit of their own until there are three units, then the next
    ones until there are three people. Whoever the first rule passes over is a colleague of somebody hidden: therefore
    the partners for several withdrawals at once lie within the union of the partners and colleagues for each."""
    for one in order:
        if len(units) < FEWEST_HIDDEN and not roster.units_of[one] <= units:
            people, units = people | {one}, units | roster.units_of[one]
    for one in order:
        if len(people) < FEWEST_HIDDEN and one not in people:
            people, units = people | {one}, units | roster.units_of[one]
    return people, units


def _enough(units: frozenset[str], spare: Iterable[str]) -> frozenset[str]:
    for unit in spare:
        if len(units) >= FEWEST_HIDDEN:
            return units
        units |= {unit}
    return units
