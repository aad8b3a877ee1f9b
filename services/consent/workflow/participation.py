"""How many were asked, recomputed from the ledger for any date; exactly for the office, safely for everybody."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime

from services.consent.domain.asof import Moment, standings_at
from services.consent.domain.judging import Judge
from services.consent.domain.participation import FEWEST, LEVELS, Gathering, Tally, tally
from services.consent.domain.standing import Standing, Subject
from services.consent.store import Reading, timeline
from services.consent.store.announced import announced
from services.consent.workflow.asof import known_policy, recorded
from services.consent.workflow.lawmaking import law_in_force
from services.consent.workflow.office import Office, day_of, stamp
from shared.contracts.consent import (
    Counts,
    ExactParticipation,
    ProgrammeCounts,
    ProgrammeShare,
    Purpose,
    SafeParticipation,
    SpecialtyCounts,
)
from shared.kit.problems import ValueNotAllowed

OWN = Purpose.OWN_FIGURES
People = list[tuple[Standing, bool]]


def safe(office: Office, programme: str | None, at: datetime) -> SafeParticipation:
    """As at a moment that has come, as known at it: the same whenever it is asked. Raises ValueNotAllowed."""
    names = _programmes(office, programme)
    if at > office.clock():
        raise _not_allowed("at", "a moment that has come")
    gathered = {name: Gathering({}) for name in names}
    with office.reading() as tx:
        for name, alias, effect in announced(tx.session, stamp(at), names):
            gathered[name].note(alias, "named" if effect == "named" else "withheld" if effect else None)
    shares = [_share(name, office.policy.programmes[name].label, gathered[name]) for name in names]
    return SafeParticipation(at=at, levels=list(LEVELS), fewest=FEWEST, programmes=shares)


def _share(name: str, label: str, gathered: Gathering) -> ProgrammeShare:
    found = gathered.share()
    if found is None:
        return ProgrammeShare(programme=name, label=label, status="suppressed")
    return ProgrammeShare(
        programme=name, label=label, status="published", asked=found.asked, at_least_percent=found.at_least,
        less_than_percent=found.less_than,
    )  # fmt: skip


def exact(office: Office, programme: str | None, moment: Moment) -> ExactParticipation:
    """What had been decided by a day, as known at the end of another. The register has no history: specialties are
    those of today. Raises ValueNotAllowed."""
    names = _programmes(office, programme)
    if moment.known > day_of(office.clock()):
        raise _not_allowed("known", "a day that has come")
    with office.reading() as tx:
        law = law_in_force(
            known_policy(office.policy, moment.known), timeline.policy_known_by(tx.session, moment.known)
        )
        events = timeline.known_by(tx.session, moment.known, None, programme)
        standings = standings_at(map(recorded, events), moment)
        specialties = _specialties(tx, programme)
    judge = Judge(law, moment.valid)
    return ExactParticipation(
        valid=moment.valid, known=moment.known,
        programmes=[_counts(office, judge, name, standings, specialties) for name in names],
    )  # fmt: skip


def _specialties(tx: Reading, programme: str | None) -> Mapping[tuple[str, str], str]:
    return {(one.alias, one.programme): one.specialty for one in tx.enrolled(programme=programme) if one.specialty}


def _counts(
    office: Office, judge: Judge, name: str, standings: Mapping[Subject, Standing],
    specialties: Mapping[tuple[str, str], str],
) -> ProgrammeCounts:  # fmt: skip
    people: People = []
    by_specialty: dict[str, People] = defaultdict(list)
    for subject, standing in standings.items():
        if (subject.programme, subject.purpose) == (name, OWN):
            one = standing, judge.outcome(subject, standing) == "named"
            people.append(one)
            if (subject.id, name) in specialties:
                by_specialty[specialties[subject.id, name]].append(one)
    parts = [
        SpecialtyCounts(specialty=key, counts=_as_counts(tally(by_specialty[key]))) for key in sorted(by_specialty)
    ]
    label = office.policy.programmes[name].label
    return ProgrammeCounts(programme=name, label=label, counts=_as_counts(tally(people)), specialties=parts)


def _as_counts(found: Tally) -> Counts:
    return Counts(**asdict(found))


def _programmes(office: Office, programme: str | None) -> list[str]:
    if programme is not None and programme not in office.policy.programmes:
        raise _not_allowed("programme", "a programme of GET /v1/programmes")
    return [programme] if programme else list(office.policy.programmes)


def _not_allowed(parameter: str, hint: str) -> ValueNotAllowed:
    return ValueNotAllowed("That cannot be counted.", errors=[{"parameter": parameter, "hint": hint}])


def moment_of(office: Office, valid: date | None, known: date | None) -> Moment:
    """Today, where they are left out."""
    today = day_of(office.clock())
    return Moment(valid or today, known or today)


def now_of(office: Office, at: datetime | None) -> datetime:
    """In UTC; a moment without a zone is UTC."""
    found = at or office.clock()
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
