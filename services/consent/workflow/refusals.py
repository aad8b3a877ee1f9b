"""Who refused, where naming them is in force: asked of the ledger at every call, and announced to nobody."""

from collections.abc import Iterator, Mapping

from services.consent.domain.judging import Judge
from services.consent.domain.standing import Standing, Subject
from services.consent.store import Enrolled, Person, Reading
from services.consent.workflow.office import Office
from shared.contracts.consent import ProgrammeRefusers, Purpose, Refusals, Refuser
from shared.kit.problems import NotFound

OWN, NAMING = Purpose.OWN_FIGURES, Purpose.NAMING_REFUSERS


def refusals(office: Office, programme: str | None) -> Refusals:
    """In the programme, or in every one where it is on. Raises NotFound where it is not, whatever the cause."""
    now = office.clock()
    with office.reading() as tx:
        end, judge = tx.end(), office.judge(tx, now)
        on = [one for one in office.policy.programmes if one in judge.law.naming_on and programme in (None, one)]
        if not on:
            raise NotFound
        listed = [
            ProgrammeRefusers(
                programme=name, label=office.policy.programmes[name].label,
                refusers=sorted(_refusers(office, tx, judge, name), key=lambda one: (one.name, one.reason or "")),
            )
            for name in on
        ]  # fmt: skip
    return Refusals(store_id=end.store_id, revision=end.revision, programmes=listed)


def _refusers(office: Office, tx: Reading, judge: Judge, programme: str) -> list[Refuser]:
    """Only those who may be named for it: nobody else's name is even opened."""
    allowed = list(_allowed(judge, tx.enrolled(programme=programme), tx.standings(programme=programme)))
    people = tx.people_of([alias for alias, _ in allowed])
    return [_refuser(office, people[alias], own) for alias, own in allowed]


def _allowed(
    judge: Judge, enrolled: list[Enrolled], standings: Mapping[Subject, Standing]
) -> Iterator[tuple[str, Standing]]:
    for one in enrolled:
        own = standings.get(Subject(one.alias, one.programme, OWN), Standing())
        mine = standings.get(Subject(one.alias, one.programme, NAMING), Standing())
        if judge.verdict(one.programme, NAMING, mine, own).allowed:
            yield one.alias, own


def _refuser(office: Office, person: Person, own: Standing) -> Refuser:
    label = office.policy.reasons.get(own.reason) if own.reason else None
    return Refuser(name=person.name, reason=own.reason if label else None, reason_label=label)
