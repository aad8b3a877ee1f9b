"""How much of a release is held back on behalf of people who may not be named: counts, and never who."""

from collections.abc import Collection
from dataclasses import dataclass

from services.ratings.problems import StepNotAllowed
from services.ratings.view.baking import named_for
from services.ratings.view.fates import Fates
from services.ratings.view.roster import IndicatorPeriod, Roster
from services.ratings.workflow.baking import permitted_for
from services.ratings.workflow.deciding import decide_all, situation_of
from services.ratings.workflow.office import Office
from shared.contracts.releases import BuildState


@dataclass(frozen=True)
class Withheld:
    """Of one indicator and period, as publication would decide now. `hidden`: people without a row, of whom `partners`
    could be named and are hidden so that nobody else can be worked out; `affected`: units in which anybody is hidden;
    `withheld`, `small`, `fixed`: units whose total is kept back, suppressed as a small number, and never to be touched
    by any decision; `exposed`: people whom nothing can cover."""

    indicator: str
    period: str
    people: int
    hidden: int
    partners: int
    units: int
    affected: int
    withheld: int
    small: int
    fixed: int
    exposed: int


def withheld_of(office: Office, release: str) -> list[Withheld]:
    """In order. Raises NotFound, StepNotAllowed without results; PeerUnreachable and PeerRefused where consent does
    not say who may be named."""
    with office.store.reading() as tx:
        row = tx.release(release)
    if row.build != BuildState.DONE.value:
        raise StepNotAllowed(f"The build of release {release} is {row.build}: there is nothing to hold back yet.")
    permissions = office.peers.permissions()
    with office.store.reading() as tx:
        row, situation = tx.release(release), situation_of(office, tx, [release])
    permitted = permitted_for(office, row.indicators, permissions)
    decided = decide_all(office, situation, permitted, [])
    found = (
        (key, situation.rosters[release][key], fates, named_for(office.catalogue, permitted, key[0]))
        for key, fates in sorted(decided.fates(release).items())
    )
    return [_counted(*one, exposed=decided.exposed.get(one[0], 0)) for one in found]


def _counted(
    key: IndicatorPeriod, roster: Roster, fates: Fates, named: Collection[str], *, exposed: int
) -> Withheld:  # fmt: skip
    table = roster.table
    return Withheld(
        *key, people=len(table.people), hidden=len(fates.hidden),
        partners=sum(one in named and one not in roster.unshown for one in fates.hidden), units=len(table.units),
        affected=len(frozenset().union(*(table.units_of(one) for one in fates.hidden))),
        withheld=len(fates.withheld & table.units), small=len(fates.small & table.units),
        fixed=len(table.fixed - table.small), exposed=exposed,
    )  # fmt: skip
