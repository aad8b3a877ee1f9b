"""Record what a consultant decided. A grant must have seen the latest record; a withdrawal is never too late."""

from datetime import datetime

from services.consent.domain.facts import Word
from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import Entry, decision_id
from services.consent.problems import IfMatchNeeded, RevisionChanged
from services.consent.store import Consultant, Writing
from services.consent.workflow.book import Book, Note
from services.consent.workflow.office import Office
from shared.contracts.consent import Act, Decision, DecisionRequest, WithdrawalRequest
from shared.kit.files import sha256_of
from shared.kit.problems import NotFound, ValueNotAllowed

NO_CONSULTANT = "No consultant of this number is on the register."


def decide(office: Office, gmc: str, request: DecisionRequest, seen: int | None, actor: str) -> Decision:
    """Append `asked`, `given` or `refused`. `seen` is the revision of the consultant the caller last saw. To refuse is
    to hide, and finds room on a full disk.

    Raises NotFound, IfMatchNeeded for a grant without `seen`, RevisionChanged, ValueNotAllowed, StorageFull.
    """
    make = office.room.insist if request.act is Act.REFUSED else office.room.modestly
    return make(lambda: _decide(office, gmc, request, seen, actor))


def _decide(office: Office, gmc: str, request: DecisionRequest, seen: int | None, actor: str) -> Decision:
    if request.act is Act.GIVEN and seen is None:
        raise IfMatchNeeded("Read the consultant's record and send its ETag as If-Match.")
    now = office.clock()
    subject = Subject(gmc, request.programme, request.purpose)
    version = request.notice.version if request.notice else None
    with office.writing() as tx:
        _check_seen(_consultant(tx, gmc), seen)
        _check_subject(office, tx, subject)
        _check_notice(office, request, version, now)
        note = Note(subject, request.act, version, office.judge(now).at, request.channel, request.evidence)
        return _as_contract(_record(office, tx, note, actor, now))


def withdraw(office: Office, gmc: str, request: WithdrawalRequest, key: str | None, actor: str) -> Decision:
    """Append `withdrawn`, whatever stood before; where a withdrawal stands, answer with it, or with the one that this
    key was first answered with. A key from before a later decision withdraws anew: somebody asks to be hidden. It finds
    room on a full disk.

    Raises NotFound, and ValueNotAllowed for a programme nobody knows.
    """
    return office.room.insist(lambda: _withdraw(office, gmc, request, key, actor))


def _withdraw(office: Office, gmc: str, request: WithdrawalRequest, key: str | None, actor: str) -> Decision:
    now = office.clock()
    subject = Subject(gmc, request.programme, request.purpose)
    digest = sha256_of(key.encode()) if key else None
    with office.writing() as tx:
        standing = tx.standing(subject)
        if not standing.revision:  # the ledger may know who is missing from the register: it was restored
            _consultant(tx, gmc)
        answered = tx.receipt(subject, digest) if digest else None
        if answered is not None and standing.word is Word.WITHDRAWN:
            return _as_contract(tx.entry(answered))
        if request.programme not in office.policy.programmes and not standing.revision:
            raise _not_allowed("programme", "no programme of this name")
        if standing.word is Word.WITHDRAWN:
            entry = tx.entry(standing.revision)
        else:
            note = Note(subject, Act.WITHDRAWN, None, office.judge(now).at, request.channel)
            entry = _record(office, tx, note, actor, now)
        if digest:
            tx.keep_receipt(subject, digest, entry.revision, known=answered is not None)
        return _as_contract(entry)


def _record(office: Office, tx: Writing, note: Note, actor: str, now: datetime) -> Entry:
    standing = tx.standing(note.subject)
    known = {note.subject: standing} if standing != Standing() else {}
    book = Book(office.judge(now), known, tx.end_of_ledger.revision, actor, now)
    book.add(note)
    return book.write(tx)[0]


def _consultant(tx: Writing, gmc: str) -> Consultant:
    consultant = tx.consultant(gmc)
    if consultant is None:
        raise NotFound(NO_CONSULTANT)
    return consultant


def _check_seen(consultant: Consultant, seen: int | None) -> None:
    if seen is not None and seen != consultant.revision:
        raise RevisionChanged("Read the consultant's record again before you decide.")


def _check_subject(office: Office, tx: Writing, subject: Subject) -> None:
    if (subject.gmc, subject.programme) not in tx.enrolled([subject.gmc]):
        raise _not_allowed("programme", "the consultant is not on the register of such a programme")
    if subject.purpose not in office.policy.purposes(subject.programme):
        raise _not_allowed("purpose", "the programme has no basis for this purpose")


def _check_notice(office: Office, request: DecisionRequest, version: int | None, now: datetime) -> None:
    if version is None:
        if request.act is Act.GIVEN:
            raise _not_allowed("notice", "consent is given under a version of the notice; name it")
    elif not office.policy.notice_served(request.programme, version, office.judge(now).at):
        raise _not_allowed("notice/version", "no such version of the notice is in use")


def _not_allowed(pointer: str, hint: str) -> ValueNotAllowed:
    return ValueNotAllowed("The decision cannot be recorded as it is.", errors=[{"pointer": pointer, "hint": hint}])


def _as_contract(entry: Entry) -> Decision:
    return Decision(
        decision=decision_id(entry.hash), programme=entry.programme, purpose=entry.purpose, act=entry.act,
        revision=entry.revision, recorded=datetime.fromisoformat(entry.recorded_at),
    )  # fmt: skip
