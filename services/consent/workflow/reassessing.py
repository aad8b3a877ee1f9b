"""Whatever changes who may be named without an act of theirs becomes an event of the ledger: `reassessed`.

A basis begins or ends, a notice has run out, two people approved something, a policy file is another one since the last
start. Gateways and ratings hear of revisions only, so each person whom it concerns gets one. Whoever must be hidden
comes first, and nobody waits for those who may be shown. Transactions are short: a withdrawal gets in between.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from services.consent.domain.judging import Judge
from services.consent.domain.standing import Outcome, Subject
from services.consent.store import Alike, Writing, alike
from services.consent.workflow.book import Book, Note
from services.consent.workflow.office import Office, day_of
from shared.contracts.consent import Act, Purpose

AT_ONCE: Final = 250  # people in one transaction of the sweep
IN_ONE: Final = 5_000  # people in one statement where everybody must be hidden in the transaction that is open
ACTOR: Final = "consent"
CHANNEL: Final = "law"
Write = Callable[[], AbstractContextManager[Writing]]


@dataclass(frozen=True)
class Found:
    """The kinds of standing of which something else was announced than the law says."""

    hide: list[Alike]
    show: list[Alike]


def differing(kinds: list[Alike], judge: Judge) -> Found:
    """Who refused is named by a list of its own, asked for each time, and never by an announcement."""
    wrong = [one for one in kinds if one.purpose is not Purpose.NAMING_REFUSERS and _outcome(judge, one) != told(one)]
    return Found([one for one in wrong if told(one) == "named"], [one for one in wrong if told(one) != "named"])


def told(one: Alike) -> Outcome:
    return one.standing.told


def _outcome(judge: Judge, one: Alike) -> Outcome:
    return judge.outcome(Subject("", one.programme, one.purpose), one.standing)


def sweep(office: Office, write: Write, now: datetime) -> int:
    """Bring what was announced to what the law says on the day of `now`; how many events that took. Raises as
    `Office.writing`, and StorageFull where there is no room for those who may be shown."""
    changes = office.turning.changes
    with office.store.reading() as tx:
        judge = office.judge(tx, now)
        found = differing(alike.kinds(tx.session), judge)
    hidden = sum(office.room.insist(partial(_all_of, office, write, one, now)) for one in found.hide)
    office.turning.done(judge.law, judge.at, changes)
    return hidden + sum(office.room.modestly(partial(_all_of, office, write, one, now)) for one in found.show)


def _all_of(office: Office, write: Write, one: Alike, now: datetime) -> int:
    """Everybody who stands like this, some at a time, each under the law of the transaction they are written in."""
    done = 0
    while True:
        with write() as tx:
            written = _some(tx, office.judge(tx, now), one, AT_ONCE, now)
        done += written
        if written < AT_ONCE:  # what is left was decided anew meanwhile, or the law is another one: the next sweep's
            return done


def hide_now(tx: Writing, judge: Judge, now: datetime) -> int:
    """Hide, in this transaction, everybody who may not be named any more under `judge`; how many."""
    return sum(_everybody(tx, judge, one, now) for one in differing(alike.kinds(tx.session), judge).hide)


def _everybody(tx: Writing, judge: Judge, one: Alike, now: datetime) -> int:
    return sum(iter(lambda: _some(tx, judge, one, IN_ONE, now), 0))


def _some(tx: Writing, judge: Judge, one: Alike, limit: int, now: datetime) -> int:
    aliases = alike.aliases(tx.session, one, limit)
    subjects = [Subject(alias, one.programme, one.purpose) for alias in aliases]
    known = tx.standings(aliases, one.programme)
    book = Book(judge, {subject: known[subject] for subject in subjects}, tx.end_of_ledger.revision, ACTOR, now)
    for subject in subjects:
        if judge.effect(subject, known[subject], known[subject]) is not None:
            book.add(Note(subject, Act.REASSESSED, None, judge.at, CHANNEL))
    if book.events:
        book.write(tx)
    return len(book.events)


def begin(office: Office) -> None:
    """Before the door opens: nobody is answered while somebody is announced whom the law of today does not name. The
    journal takes what is written here before anything is answered."""
    now = office.clock()
    if sweep(office, office.store.writing, now):
        office.keeper.agree()


def due(office: Office, last: "Swept | None") -> "Swept | None":
    """What a sweep now would be about; None where it was made already."""
    this = Swept(day_of(office.clock()).toordinal(), office.turning.changes)
    return None if this == last else this


@dataclass(frozen=True)
class Swept:
    """A sweep depends on the day and on the law only: decisions announce what they change themselves."""

    day: int
    changes: int
