"""Whatever changes who may be named without an act of theirs becomes an event of the ledger: `reassessed`.

A basis begins or ends, a notice has run out, two people approved something, a policy file is another one since the last
start. Gateways and ratings hear of revisions only, so each person whom it concerns gets one. Whoever must be hidden
comes first, and nobody waits for those who may be shown. Transactions are short: a withdrawal gets in between.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from services.consent.domain.judging import Judge
from services.consent.domain.standing import Outcome, Standing, Subject
from services.consent.store import Alike, Reading, Writing, alike
from services.consent.workflow.book import Book, Note
from services.consent.workflow.office import Office, day_of
from shared.contracts.consent import Act, Purpose

AT_ONCE: Final = 100  # people in one transaction of the sweep
IN_ONE: Final = 1_000  # as many as are hidden within the transaction that changes the law
ACTOR: Final = "consent"
CHANNEL: Final = "law"
Write = Callable[[], AbstractContextManager[Writing]]
Where = tuple[str, Purpose]


@dataclass(frozen=True)
class Found:
    """The kinds of standing of which something else was announced than the law says."""

    hide: list[Alike]
    show: list[Alike]

    @property
    def hidden(self) -> int:
        return sum(one.people for one in self.hide)


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
    hidden, show = _hide(office, write, now)
    return hidden + sum(office.room.modestly(partial(_some, office, write, some, now)) for some in _parts(show))


def _hide(office: Office, write: Write, now: datetime) -> tuple[int, dict[Where, list[str]]]:
    """Everybody who must be hidden is; how many, and who may be shown."""
    changes = office.turning.changes
    with office.store.reading() as tx:
        judge = office.judge(tx, now)
        found = differing(alike.kinds(tx.session), judge)
        hide, show = _people(tx, found.hide), _people(tx, found.show)
    hidden = sum(office.room.insist(partial(_some, office, write, some, now)) for some in _parts(hide))
    office.turning.done(judge.law, judge.at, changes)
    return hidden, show


def _people(tx: Reading, kinds: list[Alike]) -> dict[Where, list[str]]:
    wanted: dict[Where, set[Standing]] = defaultdict(set)
    for one in kinds:
        wanted[one.programme, one.purpose].add(one.standing)
    return {where: alike.aliases(tx.session, *where, standings) for where, standings in sorted(wanted.items())}


def _parts(people: Mapping[Where, list[str]]) -> Iterator[tuple[Where, list[str]]]:
    for where, aliases in people.items():
        for first in range(0, len(aliases), AT_ONCE):
            yield where, aliases[first : first + AT_ONCE]


def _some(office: Office, write: Write, some: tuple[Where, list[str]], now: datetime) -> int:
    """In a transaction of their own, under the law that it finds: somebody may have decided anew meanwhile."""
    with write() as tx:
        return _announce(tx, office.judge(tx, now), *some, now)


def hide_now(tx: Writing, judge: Judge, now: datetime) -> int | None:
    """Hide, in this transaction, everybody who may not be named any more under `judge`; how many. None where they are
    more than others can be made to wait for: then nobody was hidden."""
    found = differing(alike.kinds(tx.session), judge)
    if found.hidden > IN_ONE:
        return None
    return sum(_announce(tx, judge, where, aliases, now) for where, aliases in _people(tx, found.hide).items())


def _announce(tx: Writing, judge: Judge, where: Where, aliases: list[str], now: datetime) -> int:
    subjects = [Subject(alias, *where) for alias in aliases]
    every = tx.standings(aliases, where[0])
    known = {subject: every[subject] for subject in subjects}
    book = Book(judge, known, tx.end_of_ledger.revision, ACTOR, now)
    for subject in subjects:
        if judge.effect(subject, known[subject], known[subject]) is not None:
            book.add(Note(subject, Act.REASSESSED, None, judge.at, CHANNEL))
    if book.events:
        book.write(tx)
    return len(book.events)


def begin(office: Office) -> None:
    """Before the door opens: nobody is answered while somebody is announced whom the law of today does not name. The
    journal takes what is written here before anything is answered. Whoever may be shown can wait: a full disk must not
    keep the door shut."""
    hidden, _ = _hide(office, office.store.writing, office.clock())
    if hidden:
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
