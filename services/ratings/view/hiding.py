"""What must not be shown of an indicator and period: the blunt safe rule, until disclosure control is complete.

Expected deaths of all consultants add up to the deaths observed, because the model was fitted on the same cases. So
the figures of one hidden consultant could be had by subtraction from everybody else's, and of two by one of them from
the other. Hence: nobody hidden, or at least three; and no unit shown in which anybody is hidden, since the unit less
its shown colleagues is that person.

Readers keep what they have read. Whoever covers a secret must therefore have been hidden for as long as the secret
itself: somebody shown in between, or shown again now, covers nothing any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.ratings.view.roster import Roster

FEWEST_HIDDEN: Final = 3
SMALL: Final = 10  # cases: the patient rule by which a unit's own figures are suppressed


@dataclass(frozen=True)
class Hidden:
    """Consultants without a row and units without figures; `small` are among the units. `since`: the bake from which
    on each of the people has been hidden without a break."""

    people: frozenset[str]
    units: frozenset[str]
    small: frozenset[str] = frozenset()
    since: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Memory:
    """What earlier views have hidden. `units` stay hidden in their release. `since` has everybody whom no readable
    view of any release showed after the last bake, with the bake since which that is so; `bakes` counts them."""

    units: frozenset[str] = frozenset()
    since: Mapping[str, int] = field(default_factory=dict)
    bakes: int = 0

    @property
    def now(self) -> int:
        """The number of the bake that is being decided."""
        return self.bakes + 1

    def after(self, roster: Roster, hidden: Hidden, elsewhere: frozenset[str] = frozenset()) -> "Memory":
        """What to know at the next bake. `elsewhere`: people shown in the live view of another readable release."""
        absent = {one: since for one, since in self.since.items() if one not in roster.people}
        since = {one: bake for one, bake in (absent | dict(hidden.since)).items() if one not in elsewhere}
        return Memory(self.units | (hidden.units - hidden.small), since, self.now)


def hide(roster: Roster, named: Iterable[str], order: Sequence[str], memory: Memory) -> Hidden:
    """Decide who and what is hidden when exactly `named` may be named.

    `order` holds all consultants of the roster in keyed order; partners are taken from its head. A unit of fewer than
    ten cases is hidden as small where nobody in it is hidden, and with it every unit that shares a consultant.
    """
    nameable = frozenset(named)
    secrets = frozenset(
        one for one, cases in roster.cases_of.items() if one not in nameable or cases < roster.minimum_cases
    )
    since = {one: memory.since.get(one, memory.now) for one in roster.people}
    people = _covered(roster, secrets, order, since)
    too_small = frozenset(unit for unit, cases in roster.cases_in.items() if cases < SMALL)
    beside_small = roster.units_with(one for unit in too_small for one in roster.team_of[unit])
    units = roster.units_with(people) | too_small | beside_small | (memory.units & roster.units)
    if units:
        units = _enough(units, (unit for one in order for unit in sorted(roster.units_of[one])))
        units = _enough(units, sorted(roster.units))
    of_somebody = roster.units_with(people) | memory.units
    return Hidden(people, units, too_small - of_somebody, {one: since[one] for one in sorted(people)})


def _covered(roster: Roster, secrets: frozenset[str], order: Sequence[str], since: Mapping[str, int]) -> frozenset[str]:
    """The secrets and their partners; everybody where the secrets cannot be covered.

    Who covers the secret that has been hidden longest covers all, since they have been hidden longer than the others.
    A unit is hidden as long as anybody in it is, so they must also come from three units. Baked again with what it
    leads to, this gives the same: partners are the first in order among those hidden so long.
    """
    if not secrets:
        return secrets
    longest = min(since[one] for one in secrets)
    cover = frozenset(one for one in secrets if since[one] == longest)
    cover = _with_partners(roster, cover, [one for one in order if since[one] <= longest])
    reachable = min(FEWEST_HIDDEN, len(roster.units_with(roster.people)))
    if len(cover) < FEWEST_HIDDEN or len(roster.units_with(cover)) < reachable:
        return roster.people
    return secrets | cover


def _with_partners(roster: Roster, people: frozenset[str], order: Sequence[str]) -> frozenset[str]:
    """Add partners in keyed order: those who bring a unit of their own until there are three units, then the next
    ones until there are three people. Whoever the first rule passes over is a colleague of somebody hidden: therefore
    the partners for several withdrawals at once lie within the union of the partners and colleagues for each."""
    units = roster.units_with(people)
    for one in order:
        if len(units) < FEWEST_HIDDEN and not roster.units_of[one] <= units:
            people, units = people | {one}, units | roster.units_of[one]
    for one in order:
        if len(people) < FEWEST_HIDDEN:
            people |= {one}
    return people


def _enough(units: frozenset[str], spare: Iterable[str]) -> frozenset[str]:
    for unit in spare:
        if len(units) >= FEWEST_HIDDEN:
            return units
        units |= {unit}
    return units
