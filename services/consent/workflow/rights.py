"""Objections, restrictions, sign-offs and corrections: what hides is never refused, what shows again must have seen."""

from services.consent.domain.facts import Word
from services.consent.domain.rights import HIDES, SHOWS, stands, why_not
from services.consent.domain.standing import Standing, Subject
from services.consent.problems import IfMatchNeeded, StepNotAllowed
from services.consent.store import Writing
from services.consent.workflow.book import Note
from services.consent.workflow.decisions import (
    NO_CONSULTANT,
    Actor,
    Sent,
    as_contract,
    check_seen,
    not_allowed,
    person_of,
    record,
)
from services.consent.workflow.office import Office, day_of
from shared.contracts.consent import Decision, RightRequest
from shared.kit.files import sha256_of
from shared.kit.problems import NotFound


def take(office: Office, number: str, request: RightRequest, sent: Sent, by: Actor) -> Decision:
    """Append the step. What hides finds room on a full disk, and asks nobody what they have seen. What is sent again
    under its key while it stands is answered as the first time.

    Raises NotFound, IfMatchNeeded and RevisionChanged for what may show the person again, StepNotAllowed where the case
    has no such step now, ValueNotAllowed, StorageFull.
    """
    if request.act in SHOWS and sent.seen is None:
        raise IfMatchNeeded("Read the consultant's record and send its ETag as If-Match.")
    make = office.room.insist if request.act in HIDES else office.room.modestly
    return make(lambda: _take(office, number, request, sent, by))


def _take(office: Office, number: str, request: RightRequest, sent: Sent, by: Actor) -> Decision:
    now = office.clock()
    digest = sha256_of(f"{request.act}|{sent.key}".encode()) if sent.key else None
    with office.writing() as tx:
        subject = _subject(office, tx, number, request)
        standing = tx.standing(subject)
        answered = tx.receipt(subject, digest) if digest else None
        if answered is not None and stands(request.act, standing):
            return as_contract(tx.entry(answered))
        if request.act not in HIDES:
            check_seen(person_of(tx, number), sent.seen)
        obstacle = why_not(request.act, standing)
        if obstacle:
            raise StepNotAllowed(obstacle)
        note = Note(
            subject, request.act, None, day_of(now), request.channel, request.evidence, assurance=by.assurance
        )  # fmt: skip
        entry = record(tx, office.judge(tx, now), note, by, now)
        if digest:
            tx.keep_receipt(subject, digest, entry.revision, known=answered is not None)
        return as_contract(entry)


def _subject(office: Office, tx: Writing, number: str, request: RightRequest) -> Subject:
    """Whom the step is about. Who is missing from the register, as after a restore, can still be hidden."""
    if request.act in HIDES:
        alias = office.alias_of(tx, number)
        if alias is None:
            raise NotFound(NO_CONSULTANT)
    else:
        alias = person_of(tx, number).alias
    subject = Subject(alias, request.programme, request.purpose)
    if request.programme not in office.policy.programmes and tx.standing(subject) == Standing():
        raise not_allowed("programme", "no programme of this name")
    if tx.standing(subject).word is Word.ERASED and request.act not in HIDES:
        raise StepNotAllowed("The person was erased for this programme and purpose; there is nothing left to show.")
    return subject
