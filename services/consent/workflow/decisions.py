"""Record what a consultant decided. A grant must have seen the latest record; a withdrawal is never too late."""

from dataclasses import dataclass
from datetime import date, datetime

from services.consent.domain.facts import ALWAYS, Span, Word
from services.consent.domain.judging import Judge
from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import Entry, decision_id
from services.consent.problems import IfMatchNeeded, RevisionChanged
from services.consent.store import Person, Reading, Writing
from services.consent.workflow.book import Book, Note
from services.consent.workflow.office import Office, day_of
from shared.contracts.consent import Act, Decision, DecisionRequest, Purpose, WithdrawalRequest
from shared.kit.files import sha256_of
from shared.kit.problems import NotFound, ValueNotAllowed

NO_CONSULTANT = "No consultant of this number is on the register."
SELF = "self"  # a person who decides for themselves: their account would name them in a ledger that forgets nothing


@dataclass(frozen=True)
class Actor:
    """Who records, and how sure we are of who that is."""

    name: str
    assurance: str | None = None


@dataclass(frozen=True)
class Sent:
    """What came with a request: the revision that its sender saw last, and the key under which it may come again."""

    seen: int | None = None
    key: str | None = None


def decide(office: Office, gmc: str, request: DecisionRequest, sent: Sent, by: Actor) -> Decision:
    """Append `asked`, `given` or `refused`. To refuse is to hide: it is never stale, and finds room on a full disk.
    The same again under its key is answered as the first time while it stands, so that whoever lost the answer gets it.

    Raises NotFound, IfMatchNeeded for a grant that says nothing seen, RevisionChanged, ValueNotAllowed, StorageFull.
    """
    make = office.room.insist if request.act is Act.REFUSED else office.room.modestly
    return make(lambda: _decide(office, gmc, request, sent, by))


def _decide(office: Office, gmc: str, request: DecisionRequest, sent: Sent, by: Actor) -> Decision:
    digest = sha256_of(f"{request.model_dump_json()}|{sent.key}".encode()) if sent.key else None
    with office.writing() as tx:
        subject = Subject(person_of(tx, gmc).alias, request.programme, request.purpose)
        answered = tx.receipt(subject, digest) if digest else None
        if answered is not None and _stands(request.act, tx.standing(subject), answered):
            return as_contract(tx.entry(answered))
        judge, note = _checked(office, tx, _seen(tx, gmc, request, sent.seen), request, by)
        entry = record(tx, judge, note, by, office.clock())
        if digest:
            tx.keep_receipt(subject, digest, entry.revision, known=answered is not None)
        return as_contract(entry)


def _stands(act: Act, standing: Standing, revision: int) -> bool:
    """Whether what the event of this revision said is still so: its receipt must not call somebody hidden who is named,
    nor the other way round."""
    if act is Act.GIVEN:
        return standing.revision == revision
    return act is Act.ASKED or standing.word is Word.REFUSED or standing.withdrawn


def _seen(tx: Reading, gmc: str, request: DecisionRequest, seen: int | None) -> Person:
    """Whom it is about, as the caller saw them. Raises IfMatchNeeded, NotFound, RevisionChanged."""
    if request.act is Act.GIVEN and seen is None:
        raise IfMatchNeeded("Read the consultant's record and send its ETag as If-Match.")
    person = person_of(tx, gmc)
    if request.act is not Act.REFUSED:  # what hides is never stale
        check_seen(person, seen)
    return person


def _checked(office: Office, tx: Reading, person: Person, request: DecisionRequest, by: Actor) -> tuple[Judge, Note]:
    judge = office.judge(tx, office.clock())
    subject = Subject(person.alias, request.programme, request.purpose)
    check_subject(judge, tx, subject)
    note = note_of(office, request, subject, judge.at, by)
    _check_order(note, tx.standing(subject))
    return judge, note


def check(office: Office, gmc: str, request: DecisionRequest, seen: int | None) -> None:
    """Whether it could be recorded now; records nothing. Raises as `decide`."""
    with office.reading() as tx:
        _checked(office, tx, _seen(tx, gmc, request, seen), request, Actor(""))


def withdraw(office: Office, gmc: str, request: WithdrawalRequest, key: str | None, by: Actor) -> Decision:
    """Append `withdrawn`, whatever stood before, another withdrawal too: a grant that has seen only that one must not
    land after this one. While a withdrawal stands, a key is answered as the first time; from before a later decision,
    or a sign-off, it withdraws anew: somebody asks to be hidden. It finds room on a full disk.

    Raises NotFound, and ValueNotAllowed for a programme nobody knows.
    """
    return office.room.insist(lambda: _withdraw(office, gmc, request, key, by))


def _withdraw(office: Office, gmc: str, request: WithdrawalRequest, key: str | None, by: Actor) -> Decision:
    now = office.clock()
    digest = sha256_of(key.encode()) if key else None
    with office.writing() as tx:
        alias = office.alias_of(tx, gmc)
        if alias is None:
            raise NotFound(NO_CONSULTANT)
        subject = Subject(alias, request.programme, request.purpose)
        standing = tx.standing(subject)
        answered = tx.receipt(subject, digest) if digest else None
        hidden = standing.withdrawn or standing.word is Word.ERASED
        if answered is not None and hidden:
            return as_contract(tx.entry(answered))
        if request.programme not in office.policy.programmes and not standing.revision:
            raise not_allowed("programme", "no programme of this name")
        if standing.word is Word.ERASED:  # there is nobody to be named any more
            entry = tx.entry(standing.revision)
        else:
            note = Note(subject, Act.WITHDRAWN, None, day_of(now), request.channel, assurance=by.assurance)
            entry = record(tx, office.judge(tx, now), note, by, now)
        if digest:
            tx.keep_receipt(subject, digest, entry.revision, known=answered is not None)
        return as_contract(entry)


def record(tx: Writing, judge: Judge, note: Note, by: Actor, now: datetime) -> Entry:
    """Append one event about a person, and move the standing."""
    standing = tx.standing(note.subject)
    known = {note.subject: standing} if standing != Standing() else {}
    book = Book(judge, known, tx.end_of_ledger.revision, by.name, now)
    book.add(note)
    return book.write(tx)[0]


def note_of(office: Office, request: DecisionRequest, subject: Subject, today: date, by: Actor) -> Note:
    """What is to be recorded. Raises ValueNotAllowed where the day, the notice, the period or the reason is not one."""
    day = request.decided_on or today
    if day > today:
        raise not_allowed("decided_on", f"a day that has come: {today.isoformat()} or earlier")
    scope = Span(request.scope.first, request.scope.last) if request.scope else ALWAYS
    if scope.first and scope.last and scope.last < scope.first:
        raise not_allowed("scope/last", "not before the first day")
    if request.reason is not None and (request.act is not Act.REFUSED or request.reason not in office.policy.reasons):
        raise not_allowed("reason", "for a refusal only, one of: " + ", ".join(office.policy.reasons))
    version, digest = _notice(office, request, day)
    return Note(
        subject, request.act, version, day, request.channel, request.evidence, scope, request.reason, digest,
        by.assurance,
    )  # fmt: skip


def _notice(office: Office, request: DecisionRequest, day: date) -> tuple[int | None, str | None]:
    if request.notice is None:
        if request.act is Act.GIVEN:
            raise not_allowed("notice", "consent is given under a version of the notice; name it")
        return None, None
    found = office.policy.notice(request.programme, request.notice.version, day)
    if found is None:
        raise not_allowed("notice/version", "no such version of the notice was in use on that day")
    if request.notice.sha256 not in (None, found.sha256):
        raise not_allowed("notice/sha256", "not the digest of that version's wording")
    return found.version, found.sha256


def _check_order(note: Note, standing: Standing) -> None:
    """What shows must not be older than what hides; what hides is recorded whatever its day."""
    late = standing.answered and standing.decided_on is not None and note.day < standing.decided_on
    if note.act is Act.GIVEN and late:
        raise not_allowed("decided_on", "not before the day of the decision that stands")


def person_of(tx: Reading, number: str) -> Person:
    """Raises NotFound."""
    person = tx.person(number)
    if person is None:
        raise NotFound(NO_CONSULTANT)
    return person


def check_seen(person: Person, seen: int | None) -> None:
    """Raises RevisionChanged."""
    if seen is not None and seen != person.revision:
        raise RevisionChanged("Read the consultant's record again before you decide.")


def check_subject(judge: Judge, tx: Reading, subject: Subject) -> None:
    """Raises ValueNotAllowed where the person is not of that programme, or the programme has no such purpose."""
    if subject.programme not in {one.programme for one in tx.enrolled([subject.id])}:
        raise not_allowed("programme", "the consultant is not on the register of such a programme")
    if subject.purpose not in judge.law.purposes(subject.programme):
        raise not_allowed("purpose", "the programme has no basis for this purpose")


def not_allowed(pointer: str, hint: str) -> ValueNotAllowed:
    return ValueNotAllowed("The decision cannot be recorded as it is.", errors=[{"pointer": pointer, "hint": hint}])


def as_contract(entry: Entry) -> Decision:
    return Decision(
        decision=decision_id(entry.hash), programme=entry.programme, purpose=Purpose(entry.purpose), act=entry.act,
        revision=entry.revision, recorded=datetime.fromisoformat(entry.recorded_at),
    )  # fmt: skip
