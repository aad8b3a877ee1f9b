"""One person asked alone, and the wordings that people are asked with."""

from datetime import datetime

from services.consent.domain.standing import Subject
from services.consent.problems import StepNotAllowed
from services.consent.store import Writing, campaigns
from services.consent.store.campaigns import REQUEST, Contact
from services.consent.workflow.asking import moment_after
from services.consent.workflow.campaigns import may_be_asked
from services.consent.workflow.decisions import (
    Actor,
    as_contract,
    check_subject,
    not_allowed,
    note_of,
    person_of,
    record,
)
from services.consent.workflow.office import Office, day_of, stamp
from shared.contracts.consent import Act, Decision, DecisionRequest, Notice, NoticeText, SingleRequest


def ask_one(office: Office, number: str, request: SingleRequest, by: Actor) -> Decision:
    """Record that one person was asked, under the notice named or the newest in use; and in the log of a campaign that
    is open and has the person. Raises NotFound, ValueNotAllowed, StepNotAllowed where nobody may write to them,
    StorageFull."""
    return office.room.modestly(lambda: _ask_one(office, number, request, by))


def _ask_one(office: Office, number: str, request: SingleRequest, by: Actor) -> Decision:
    now = office.clock()
    with office.writing() as tx:
        person, judge = person_of(tx, number), office.judge(tx, now)
        subject = Subject(person.alias, request.programme, request.purpose)
        check_subject(judge, tx, subject)
        if not may_be_asked(tx.standing(subject)):
            raise StepNotAllowed(
                "A restriction or an objection protects this person for this programme and purpose: nobody asks them "
                "before it is released or rejected."
            )
        asked = DecisionRequest(
            programme=request.programme, purpose=request.purpose, act=Act.ASKED, channel=request.channel,
            evidence=request.evidence, notice=Notice(version=request.notice or _newest(office, request, now)),
        )  # fmt: skip
        entry = record(tx, judge, note_of(office, asked, subject, judge.at, by), by, now)
        _log_one(tx, subject, by.name, now)
        return as_contract(entry)


def _newest(office: Office, request: SingleRequest, now: datetime) -> int:
    in_use = [one.version for one in notices(office, now) if one.programme == request.programme and one.in_use]
    if not in_use:
        raise not_allowed("notice", "no version of the programme's notice is in use")
    return max(in_use)


def _log_one(tx: Writing, subject: Subject, actor: str, now: datetime) -> None:
    for kept in campaigns.listed(tx.session):
        same = (kept.programme, kept.purpose) == (subject.programme, subject.purpose)
        if same and kept.closed_at is None and subject.id in campaigns.members(tx.session, kept.id):
            moment = moment_after(now, campaigns.last_sent(tx.session, kept.id))
            campaigns.log_contacts(tx.session, kept, [Contact(subject.id, stamp(moment), REQUEST)], actor)


def notices(office: Office, now: datetime) -> list[NoticeText]:
    """Every version of every programme's notice, in order."""
    today = day_of(now)
    return [
        NoticeText(
            programme=programme, version=version, sha256=one.sha256, served_from=one.served_from,
            in_use=one.served_from <= today, wording=office.policy.wordings[one.sha256],
        )
        for (programme, version), one in sorted(office.policy.notices.items())
    ]  # fmt: skip
