"""What becomes of each row of an indicator and period in one release, once it is decided."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from services.ratings.view.roster import Roster

DISCLOSURE_RULE: Final = "2026.2"
EARLIER_RULE: Final = "2026.1"  # of releases that were built before the rule was kept with them

SHOWN: Final = "shown"
GONE: Final = "gone"
SUPPRESSED: Final = "suppressed"
NOT_PUBLISHED: Final = "not_published"


@dataclass(frozen=True)
class Gone:
    """What must go the moment that `person` is withheld: people's rows and units' totals."""

    person: str
    people: frozenset[str]
    units: frozenset[str]


@dataclass(frozen=True)
class Fates:
    """`hidden`: people without a row. `withheld`: units whose total a decision keeps back, `small`: those whose total
    the patients' rule suppresses. `fixed`: units whose row no decision can ever change. `sets`: what goes with whom."""

    hidden: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    small: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    sets: tuple[Gone, ...] = field(default=(), repr=False)

    def of(self, level: str, subject: str) -> str:
        if level == "consultant":
            return GONE if subject in self.hidden else SHOWN
        if subject in self.small:
            return SUPPRESSED
        return NOT_PUBLISHED if subject in self.withheld else SHOWN


NOTHING_HIDDEN: Final = Fates()


def fates_of(roster: Roster, hidden: frozenset[str], withheld: frozenset[str], sets: Iterable[Gone]) -> Fates:
    """In the release of this roster. Where its totals have not been sorted, all of them stay revocable."""
    table = roster.table
    fixed = table.fixed | table.small | roster.bare if roster.is_sorted else frozenset()
    gone = tuple(Gone(one.person, one.people & table.people, one.units) for one in sets)
    return Fates(hidden & table.people, withheld | roster.reorganised, table.small - roster.reorganised, fixed, gone)
