"""What consent officers see of consultants: who stands where, and how it came to that."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.consent.domain.standing import Judge, Standing, Subject
from services.consent.ledger import Entry
from services.consent.store import Reading, Wanted
from services.consent.workflow.decisions import NO_CONSULTANT
from services.consent.workflow.office import Office
from shared.contracts import consent as contracts
from shared.kit.problems import NotFound


def record_of(office: Office, gmc: str) -> tuple[contracts.ConsultantRecord, int]:
    """The consultant's record, and the revision that is its ETag. Raises NotFound."""
    with office.reading() as tx:
        consultant = tx.consultant(gmc)
        if consultant is None:
            raise NotFound(NO_CONSULTANT)
        standings = _standings(office, tx, [gmc], tx.enrolled([gmc]))
        history = [_as_entry(entry) for entry in tx.history([gmc])]
    record = contracts.ConsultantRecord(gmc=gmc, name=consultant.name, standings=standings[gmc], history=history)
    return record, consultant.revision


def listed(office: Office, wanted: Wanted) -> tuple[list[contracts.ConsultantEntry], str | None]:
    """One page, and the number after which the next one begins; None on the last."""
    with office.reading() as tx:
        found = tx.page(wanted)
        shown = found[: wanted.limit]
        numbers = [one.gmc for one in shown]
        standings = _standings(office, tx, numbers, tx.enrolled(numbers))
    entries = [contracts.ConsultantEntry(gmc=one.gmc, name=one.name, standings=standings[one.gmc]) for one in shown]
    return entries, numbers[-1] if len(found) > wanted.limit else None


def _standings(
    office: Office, tx: Reading, gmcs: Sequence[str], enrolled: Sequence[tuple[str, str]]
) -> Mapping[str, list[contracts.Standing]]:
    """By number: every programme and purpose that applies to the person, also where nothing has happened yet."""
    held = tx.standings(gmcs)
    due = {Subject(gmc, name, purpose) for gmc, name in enrolled for purpose in office.policy.purposes(name)}
    judge = office.judge(office.clock())
    found: dict[str, list[contracts.Standing]] = {gmc: [] for gmc in gmcs}
    for subject in sorted(due | held.keys(), key=lambda one: (one.programme, one.purpose)):
        found[subject.gmc].append(_as_standing(judge, subject, held.get(subject, Standing())))
    return found


def _as_standing(judge: Judge, subject: Subject, standing: Standing) -> contracts.Standing:
    verdict = judge.verdict(subject.programme, subject.purpose, standing)
    return contracts.Standing(
        programme=subject.programme, purpose=subject.purpose, decision=standing.word.value,
        notice_version=standing.notice_version, revision=standing.revision,
        outcome="named" if verdict.allowed else "withheld", reason=verdict.reason.value,
    )  # fmt: skip


def _as_entry(entry: Entry) -> contracts.LedgerEntry:
    return contracts.LedgerEntry(
        revision=entry.revision, programme=entry.programme, purpose=entry.purpose, act=entry.act, actor=entry.actor,
        channel=entry.channel, recorded=datetime.fromisoformat(entry.recorded_at), notice_version=entry.notice_version,
    )  # fmt: skip
