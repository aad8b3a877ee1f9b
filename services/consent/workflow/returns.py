"""What a return adds to what already stands. The hidden side wins every doubt."""

from collections.abc import Collection, Mapping

from services.consent.domain.facts import Word
from services.consent.domain.lines import Fault
from services.consent.domain.standing import Subject
from services.consent.ledger import Entry
from services.consent.workflow.book import Book, Note
from services.consent.workflow.register_lines import ALREADY_THERE
from shared.contracts.consent import Act

Sent = tuple[Subject, Act, int | None, str]


class Returns:
    """Takes notes one by one into a book, and says why where it does not."""

    def __init__(self, book: Book, numbers: Mapping[str, str], enrolled: Collection[tuple[str, str]]) -> None:
        """`numbers`: the number of each alias on the register; `enrolled`: (alias, programme)."""
        self.book, self.numbers, self.enrolled = book, numbers, enrolled
        self.sent: set[Sent] = set()

    def remember(self, history: list[Entry]) -> None:
        """Events of the ledger: the same line sent again is a duplicate, also after something else was decided."""
        for one in history:
            if one.about is not None:
                self.sent.add((one.about, one.act, one.notice_version, one.valid_from))

    def take(self, note: Note) -> Fault | None:
        """None where the line is applied."""
        fault = self._stranger(note) or self._repeated(note) or self._late(note)
        if fault is None:
            self.book.add(note)
            self.sent.add(_sent(note))
        return fault

    def _stranger(self, note: Note) -> Fault | None:
        subject = note.subject
        if subject.id not in self.numbers:
            return Fault("unknown-consultant", "gmc", subject.id, "a number of the register")
        if note.act is not Act.WITHDRAWN and (subject.id, subject.programme) not in self.enrolled:
            return Fault("not-enrolled", "programme", subject.programme, "a programme this consultant is enrolled in")
        return None

    def _repeated(self, note: Note) -> Fault | None:
        standing = self.book.standing(note.subject)
        told_again = note.act in {Act.ASKED, Act.GIVEN} and note.notice_version != standing.notice_version
        stands = standing.word == note.act.value and not told_again
        again = _sent(note) in self.sent
        if note.act is Act.WITHDRAWN:  # counts as repeated only where something decided later was put above it
            again = again and standing.decided_on is not None and standing.decided_on > note.day
        if stands or again:
            return Fault("already-there", None, self.numbers[note.subject.id], ALREADY_THERE, "duplicate")
        return None

    def _late(self, note: Note) -> Fault | None:
        """An answer must be newer than the one it replaces; on the same day, only the more hidden one replaces."""
        standing = self.book.standing(note.subject)
        if note.act in {Act.ASKED, Act.WITHDRAWN} or not standing.answered or standing.decided_on is None:
            return None
        newer = note.day > standing.decided_on
        hides = note.day == standing.decided_on and standing.word is Word.GIVEN
        if newer or hides:
            return None
        return Fault(
            "older-than-standing", "decided_on", note.day.isoformat(), "a decision newer than the one recorded"
        )


def _sent(note: Note) -> Sent:
    return (note.subject, note.act, note.notice_version, note.day.isoformat())
