"""One return on one desk: its lines read, taken in order, and what they change counted, all in one transaction.

A return that would newly name many people needs a second person. Of it everything is recorded at once but the lines of
those who would be newly named, and of theirs what hides is recorded too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.consent.domain.lines import Cells, Fault
from services.consent.domain.standing import Outcome, Subject
from services.consent.store import Writing
from services.consent.workflow.book import Book, Note
from services.consent.workflow.office import Office
from services.consent.workflow.reporting import Judged
from services.consent.workflow.return_lines import HIDING, ReturnReader
from services.consent.workflow.returns import Returns, Sent, sent
from shared.contracts.consent import ImportEffect

WAITS: Final = Fault("second-person", None, "a large return", "the approval of another officer", "waiting")
WAITS_ALREADY: Final = Fault(
    "already-waiting", None, "a line that waits", "nothing: another officer has it to approve", "duplicate"
)

Found = list[tuple[int, Cells | Fault]]
Read = list[tuple[int, Note | Fault]]
Waits = Callable[[], set[Sent]]


@dataclass(frozen=True)
class Taken:
    """The fate of every line, the book of what is applied, and what all of it would change, waiting lines included."""

    judged: Judged
    book: Book
    effect: list[ImportEffect]
    large: bool


class Desk:
    """`since`: the revision at which the lines were proposed, where they were."""

    def __init__(self, office: Office, tx: Writing, actor: str, now: datetime, since: int | None = None) -> None:
        self.office, self.tx, self.actor, self.now, self.since = office, tx, actor, now, since
        self.judge = office.judge(tx, now)
        self.people = tx.people()
        self.numbers = {one.alias: number for number, one in self.people.items()}
        self.erased = tx.erased()
        self.reader = ReturnReader(office.policy, self.judge, self.people)

    def read(self, lines: Iterable[tuple[int, Cells | Fault]]) -> Read:
        reader = self.reader
        return [(number, found if isinstance(found, Fault) else reader.read(found)) for number, found in lines]

    def take(self, lines: Read, waits: Waits | None = None) -> Taken:
        """Take every line. With `waits`, which gives the lines that wait already, a large return is held back."""
        self._look_up(lines)
        returns = self._returns()
        judged = [(number, note if isinstance(note, Fault) else returns.take(note)) for number, note in lines]
        named = _turned(returns.book, "named")
        effect = effects(named, _turned(returns.book, "withheld"))
        large = self._is_large(named)
        if not large or waits is None:
            return Taken(judged, returns.book, effect, large)
        held = self._returns()
        return Taken(_hold_back(lines, judged, held, Held(named, waits())), held.book, effect, large)

    def is_erased(self, number: str) -> bool:
        return bool(self.erased) and not self.erased.isdisjoint((self.office.keys.alias(number), number))

    def _look_up(self, lines: Read) -> None:
        tx, aliases = self.tx, sorted({note.subject.id for _, note in lines if isinstance(note, Note)})
        self.known, self.history = tx.standings(aliases), tx.history(aliases)
        self.enrolled = {(one.alias, one.programme) for one in tx.enrolled(aliases)}

    def _returns(self) -> Returns:
        book = Book(self.judge, self.known, self.tx.end_of_ledger.revision, self.actor, self.now)
        returns = Returns(book, self.numbers, self.enrolled, self.is_erased)
        returns.remember(self.history, self.since)
        return returns

    def _is_large(self, named: set[Subject]) -> bool:
        """More people than any of the programmes concerned lets one person name."""
        limits = [self.office.policy.large_return[name] for name in {one.programme for one in named}]
        return bool(limits) and len({one.id for one in named}) > min(limits)


@dataclass(frozen=True)
class Held:
    """Whose lines wait, and the lines that do already."""

    named: set[Subject]
    waiting: set[Sent]


def _hold_back(lines: Read, judged: Judged, returns: Returns, held: Held) -> Judged:
    """Take the lines again, but of those who would be newly named only what hides."""
    found: Judged = []
    for (number, note), (_, first) in zip(lines, judged, strict=True):
        if isinstance(note, Fault):
            found.append((number, note))
        elif note.act in HIDING or note.subject not in held.named:
            found.append((number, returns.take(note)))
        else:
            found.append((number, first or (WAITS_ALREADY if sent(note) in held.waiting else WAITS)))
    return found


def _turned(book: Book, outcome: Outcome) -> set[Subject]:
    """Of whom something else is announced after the book than before, and now this."""
    return {
        subject
        for subject, standing in book.moved.items()
        if standing.told == outcome != (book.known[subject].told if subject in book.known else "withheld")
    }


def effects(named: set[Subject], withheld: set[Subject]) -> list[ImportEffect]:
    """People per programme."""
    counted: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for place, subjects in enumerate((named, withheld)):
        for subject in subjects:
            counted[subject.programme][place].add(subject.id)
    return [
        ImportEffect(programme=name, newly_named=len(shown), newly_withheld=len(hidden))
        for name, (shown, hidden) in sorted(counted.items())
    ]
