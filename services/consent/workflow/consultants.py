"""What consent officers see of people: who stands where, and how it came to that."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.consent.domain.facts import ALWAYS, Span
from services.consent.domain.judging import Judge
from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import Entry, decision_id
from services.consent.store import Person, Reading, Wanted
from services.consent.workflow.decisions import person_of
from services.consent.workflow.office import Office
from shared.contracts import consent as contracts
from shared.contracts.consent import Purpose


def record_of(office: Office, number: str) -> tuple[contracts.ConsultantRecord, int]:
    """The person's record, and the revision that is its ETag. Raises NotFound."""
    with office.reading() as tx:
        person = person_of(tx, number)
        return record_in(office, tx, person), person.revision


def record_in(office: Office, tx: Reading, person: Person) -> contracts.ConsultantRecord:
    """One person's record as this transaction sees it."""
    standings = _standings(office, tx, [person])
    history = [as_entry(entry) for entry in tx.history([person.alias])]
    return contracts.ConsultantRecord(
        gmc=person.number, kind=person.kind, name=person.name, standings=standings[person.alias], history=history
    )


def listed(office: Office, wanted: Wanted) -> tuple[list[contracts.ConsultantEntry], str | None]:
    """One page, and the number after which the next one begins; None on the last."""
    entries, after = people_listed(office, wanted)
    return [one for _, one in entries], after


def people_listed(office: Office, wanted: Wanted) -> tuple[list[tuple[str, contracts.ConsultantEntry]], str | None]:
    """As `listed`, each with the alias that addresses have instead of a number."""
    with office.reading() as tx:
        found = tx.page(wanted)
        shown = found[: wanted.limit]
        standings = _standings(office, tx, shown)
    entries = [
        (
            one.alias,
            contracts.ConsultantEntry(gmc=one.number, kind=one.kind, name=one.name, standings=standings[one.alias]),
        )
        for one in shown
    ]
    return entries, shown[-1].number if len(found) > wanted.limit else None


def _standings(office: Office, tx: Reading, people: Sequence[Person]) -> Mapping[str, list[contracts.Standing]]:
    """By alias: every programme and purpose that applies to the person, also where nothing has happened yet."""
    aliases = [person.alias for person in people]
    held, judge = tx.standings(aliases), office.judge(tx, office.clock())
    due = {
        Subject(one.alias, one.programme, purpose)
        for one in tx.enrolled(aliases)
        for purpose in judge.law.purposes(one.programme)
    }
    found: dict[str, list[contracts.Standing]] = {alias: [] for alias in aliases}
    for subject in sorted(due | held.keys(), key=lambda one: (one.programme, one.purpose)):
        own = held.get(Subject(subject.id, subject.programme, Purpose.OWN_FIGURES), Standing())
        found[subject.id].append(_as_standing(judge, subject, held.get(subject, Standing()), own))
    return found


def _as_standing(judge: Judge, subject: Subject, standing: Standing, own: Standing) -> contracts.Standing:
    verdict = judge.verdict(subject.programme, subject.purpose, standing, own)
    return contracts.Standing(
        programme=subject.programme, purpose=subject.purpose, decision=standing.word.value,
        notice_version=standing.notice_version, scope=as_scope(standing.scope), reason_given=standing.reason,
        objection=standing.objection, restricted=True if standing.restricted else None, revision=standing.revision,
        outcome="named" if verdict.allowed else "withheld", reason=verdict.reason.value,
    )  # fmt: skip


def as_scope(span: Span) -> contracts.Scope | None:
    return None if span == ALWAYS else contracts.Scope(first=span.first, last=span.last)


def as_entry(entry: Entry) -> contracts.LedgerEntry:
    """An event about a person, as its readers see it."""
    happened = entry.happened
    return contracts.LedgerEntry(
        revision=entry.revision, decision=decision_id(entry.hash), programme=entry.programme,
        purpose=Purpose(entry.purpose), act=entry.act, actor=entry.actor, channel=entry.channel,
        decided_on=happened.day, recorded=datetime.fromisoformat(entry.recorded_at),
        notice_version=entry.notice_version, scope=as_scope(happened.scope), reason=entry.reason, basis=entry.basis_id,
        evidence=entry.evidence, effect=entry.effect,
    )  # fmt: skip
