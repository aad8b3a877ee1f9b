"""Erasure: the key of the person's own is destroyed, and with it whatever it sealed, in one transaction with the events
that say so. Afterwards the files are swept. The ledger keeps the alias, and still verifies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.consent.domain.facts import Basis, Word
from services.consent.domain.judging import Judge
from services.consent.domain.rights import why_not_erased
from services.consent.domain.standing import Standing, Subject
from services.consent.keys import ALIAS
from services.consent.ledger import Entry
from services.consent.problems import ErasureRefused
from services.consent.store import Writing
from services.consent.store.erasing import DESTROYED
from services.consent.store.sweeping import sweep
from services.consent.store.trails import Trace
from services.consent.workflow.book import Book, Note
from services.consent.workflow.decisions import NO_CONSULTANT, Actor
from services.consent.workflow.office import Office, stamp
from services.consent.workflow.trail import keep_trail
from shared.contracts.consent import Act, Erasure, ErasureRequest, Purpose
from shared.kit.problems import NotFound


@dataclass(frozen=True)
class How:
    """By which way the request came, and who records it."""

    channel: str
    by: Actor


Done = tuple[list[Entry], datetime, dict[str, int]]  # the events, when, and how many rows of which table
ACTION: Final = "erasure"
BACKUPS: Final = (
    "backups from before this moment have the name, sealed, beside its key: delete them when their time is over; a "
    "restore does the erasure again when the journal is replayed"
)
ACCOUNTS: Final = "an account that was made for this person is in the file of accounts: its keeper must remove it"
ELSEWHERE: Final = (
    "ingest keeps the files as they were sent and ratings its results: `candour erase` lists where they have the number"
)
SESSIONS: Final = (
    "the end of a session could not be written down yet, and one of this person may be kept: send the erasure again"
)
NUMBERED: Final = (
    "the ledger and its journal know this person by their number, because they were registered before version 0003: "
    "their events cannot be changed"
)


def erase(office: Office, number: str, request: ErasureRequest, by: Actor, sign_out: Callable[[str], bool]) -> Erasure:
    """Everything that names the person in this service is gone when this returns, or `remains` says what is left. The
    same again does what was left over. Finds room on a full disk. `sign_out` ends the person's sessions, and says
    whether none of them can be written again: they are written from memory, behind the requests.

    Raises NotFound, and ErasureRefused where the ground of some programme gives no right to it.
    """
    entries, at, gone = office.room.insist(lambda: _erase(office, number, request, by))
    signed_out = sign_out(number)  # before the sweep, which sees what has come back meanwhile
    alias, revision = entries[-1].subject, entries[-1].revision
    remains = [*sweep(office.store.database), BACKUPS, ACCOUNTS, ELSEWHERE]
    if not signed_out:
        remains.insert(0, SESSIONS)
    if not alias.startswith(ALIAS):
        remains.append(NUMBERED)
    return Erasure(revision=revision, erased=at, events=len(entries), destroyed=gone, remains=remains)


def _erase(office: Office, number: str, request: ErasureRequest, by: Actor) -> Done:
    now = office.clock()
    with office.writing() as tx:
        alias = office.alias_of(tx, number)
        if alias is None:
            raise NotFound(NO_CONSULTANT)
        earlier = [entry for entry in tx.history([alias]) if entry.act is Act.ERASED] if tx.is_erased(alias) else []
        entries = earlier or _record(office, tx, alias, now, How(request.channel, by))
        gone = tx.erase(alias, entries[-1].revision, stamp(now), number)
        if not earlier:
            keep_trail(tx, now, Trace(by.name, ACTION, alias))
        at = datetime.fromisoformat(entries[-1].recorded_at)
        return entries, at, {name: gone[name] for name in DESTROYED if gone[name]}


def _record(office: Office, tx: Writing, alias: str, now: datetime, how: How) -> list[Entry]:
    """`withdrawn` where something is shown, and `erased` for every programme and purpose."""
    judge = office.judge(tx, now)
    book = Book(judge, tx.standings([alias]), tx.end_of_ledger.revision, how.by.name, now)
    subjects = _subjects(tx, judge, alias, book.known)
    _check(judge, {subject: book.standing(subject) for subject in subjects})
    for subject in subjects:
        standing = book.standing(subject)
        if "named" in {standing.told, judge.outcome(subject, standing)}:
            book.add(Note(subject, Act.WITHDRAWN, None, judge.at, how.channel, assurance=how.by.assurance))
        if standing.word is not Word.ERASED:
            book.add(Note(subject, Act.ERASED, None, judge.at, how.channel, assurance=how.by.assurance))
    return book.write(tx)


def _subjects(tx: Writing, judge: Judge, alias: str, held: Mapping[Subject, Standing]) -> list[Subject]:
    """Every programme and purpose that applies to the person or ever did."""
    due = {
        Subject(alias, one.programme, purpose)
        for one in tx.enrolled([alias])
        for purpose in judge.law.purposes(one.programme) or [Purpose.OWN_FIGURES]
    }
    return sorted(due | set(held), key=lambda one: (one.programme, one.purpose))


def _check(judge: Judge, standings: Mapping[Subject, Standing]) -> None:
    """Raises ErasureRefused with every ground that stands against it."""
    against = {
        obstacle: None
        for subject, standing in standings.items()
        if standing.word is not Word.ERASED
        and (obstacle := why_not_erased(_basis(judge, subject), standing)) is not None
    }
    if against:
        raise ErasureRefused(" ".join(against))


def _basis(judge: Judge, subject: Subject) -> Basis | None:
    key = (subject.programme, subject.purpose)
    wanted = judge.basis_id(*key)
    return next((basis for basis in judge.law.bases.get(key, ()) if basis.id == wanted), None)
