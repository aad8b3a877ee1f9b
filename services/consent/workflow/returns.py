"""What a return adds to what already stands. The hidden side wins every doubt."""

from collections.abc import Callable, Collection, Iterable, Mapping

from services.consent.domain.facts import Word
from services.consent.domain.lines import Fault
from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import Entry
from services.consent.workflow.book import Book, Note
from services.consent.workflow.register_lines import ALREADY_THERE, ERASED, GONE
from services.consent.workflow.return_lines import HIDING, LENIENT
from shared.contracts.consent import Act

Sent = tuple[Subject, Act, int | None, str]
HIDDEN_BY = HIDING | {Act.OBJECTION_UPHELD, Act.ERASED}


class Returns:
    """Takes notes one by one into a book, and says why where it does not."""

    def __init__(
        self, book: Book, numbers: Mapping[str, str], enrolled: Collection[tuple[str, str]],
        is_erased: Callable[[str], bool],
    ) -> None:  # fmt: skip
        """`numbers`: the number of each alias on the register; `enrolled`: (alias, programme)."""
        self.book, self.numbers, self.enrolled, self.is_erased = book, numbers, enrolled, is_erased
        self.sent: set[Sent] = set()
        self.hidden_since: set[Subject] = set()

    def remember(self, history: Iterable[Entry], since: int | None = None) -> None:
        """Events of the ledger: the same line sent again is a duplicate, also after something else was decided. Whoever
        hid themselves after the revision `since` is shown by nothing that was sent before it."""
        for one in history:
            if one.about is not None:
                self.sent.add((one.about, one.act, one.notice_version, one.valid_from))
                if since is not None and one.revision > since and one.act in HIDDEN_BY:
                    self.hidden_since.add(one.about)

    def take(self, note: Note) -> Fault | None:
        """None where the line is applied."""
        fault = self._stranger(note) or self._repeated(note) or self._late(note)
        if fault is None:
            self.book.add(note)
            self.sent.add(sent(note))
        return fault

    def _stranger(self, note: Note) -> Fault | None:
        subject = note.subject
        if subject.id not in self.numbers:
            if self.is_erased(subject.id):
                return Fault("erased-person", "gmc", GONE, ERASED)
            return Fault("unknown-consultant", "gmc", subject.id, "a number of the register")
        if note.act not in LENIENT and (subject.id, subject.programme) not in self.enrolled:
            return Fault("not-enrolled", "programme", subject.programme, "a programme this person is enrolled in")
        return None

    def _repeated(self, note: Note) -> Fault | None:
        standing = self.book.standing(note.subject)
        if _stands(note, standing) or (sent(note) in self.sent and self._put_above(note, standing)):
            return Fault("already-there", None, self.numbers[note.subject.id], ALREADY_THERE, "duplicate")
        return None

    def _put_above(self, note: Note, standing: Standing) -> bool:
        """Whether what was sent before was followed by something later. In doubt what hides is taken again."""
        if note.act is Act.WITHDRAWN:
            return standing.decided_on is not None and standing.decided_on > note.day
        return note.act not in LENIENT or note.day < self.book.judge.at

    def _late(self, note: Note) -> Fault | None:
        """An answer must be newer than the one it replaces; on the same day, only the more hidden one replaces."""
        standing = self.book.standing(note.subject)
        if note.act not in HIDING and note.subject in self.hidden_since:
            return Fault(
                "hidden-since", "act", note.act.value, "nothing: this person has been hidden since it was sent"
            )
        if note.act is Act.ASKED or note.act in LENIENT or not standing.answered or standing.decided_on is None:
            return None
        newer = note.day > standing.decided_on
        hides = note.day == standing.decided_on and standing.word is Word.GIVEN
        if newer or hides:
            return None
        return Fault(
            "older-than-standing", "decided_on", note.day.isoformat(), "a decision newer than the one recorded"
        )


def sent(note: Note) -> Sent:
    return (note.subject, note.act, note.notice_version, note.day.isoformat())


def _stands(note: Note, standing: Standing) -> bool:
    if note.act is Act.OBJECTION_RAISED:
        return standing.objection in {"open", "upheld"}
    if note.act is Act.RESTRICTED:
        return standing.restricted
    if note.act is Act.WITHDRAWN:
        return standing.withdrawn and not _newer(note, standing)
    if note.act is Act.REFUSED:
        return standing.word is Word.REFUSED and not _newer(note, standing)
    told_again = note.act in {Act.ASKED, Act.GIVEN} and note.notice_version != standing.notice_version
    return standing.word == note.act.value and not told_again


def _newer(note: Note, standing: Standing) -> bool:
    """Said again on a later day: a grant from between the two must not land after it."""
    return standing.decided_on is not None and note.day > standing.decided_on
