"""Events about to be written, and where everybody will stand once they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from services.consent.domain.facts import ALWAYS, Span
from services.consent.domain.judging import Judge
from services.consent.domain.standing import Happened, Outcome, Standing, Subject
from services.consent.ledger import Entry, Event
from services.consent.store import Writing
from services.consent.workflow.office import stamp
from shared.contracts.consent import Act
from shared.kit.files import sha256_of

DIGEST: Final = "sha256:"


@dataclass(frozen=True)
class Note:
    """One act to be recorded: `day` is when it was decided, which may be before it is recorded. `evidence` is in words;
    the ledger gets their digest."""

    subject: Subject
    act: Act
    notice_version: int | None
    day: date
    channel: str
    evidence: str | None = None
    scope: Span = ALWAYS
    reason: str | None = None
    notice_sha256: str | None = None
    assurance: str | None = None


class Book:
    """Starts from known standings at a revision; subjects it does not know have not been sought."""

    def __init__(self, judge: Judge, known: Mapping[Subject, Standing], revision: int, actor: str, now: datetime):
        self.judge, self.actor, self.now = judge, actor, stamp(now)
        self.known, self.revision = known, revision
        self.moved: dict[Subject, Standing] = {}
        self.events: list[Event] = []
        self.words: dict[tuple[str, str], str] = {}

    def standing(self, subject: Subject) -> Standing:
        return self.moved.get(subject) or self.known.get(subject) or Standing()

    def add(self, note: Note) -> None:
        """Note the event with its effect on the verdict, and move the standing."""
        subject, before = note.subject, self.standing(note.subject)
        number = self.revision + len(self.events) + 1
        after = before.after(Happened(note.act, note.day, number, note.notice_version, note.scope, note.reason))
        effect = self.judge.effect(subject, before, after)
        self.moved[subject] = replace(after, told=effect or after.told)
        self.events.append(self._event(note, effect))

    def _event(self, note: Note, effect: Outcome | None) -> Event:
        subject, scope = note.subject, note.scope
        return Event(
            subject=subject.id,
            programme=subject.programme,
            purpose=subject.purpose,
            act=note.act,
            basis_id=self.judge.basis_id(subject.programme, subject.purpose),
            notice_version=note.notice_version,
            actor=self.actor,
            channel=note.channel,
            evidence=self._digest(subject, note.evidence),
            valid_from=note.day.isoformat(),
            recorded_at=self.now,
            effect=effect,
            scope_from=scope.first.isoformat() if scope.first else None,
            scope_to=scope.last.isoformat() if scope.last else None,
            reason=note.reason,
            notice_sha256=note.notice_sha256,
            assurance=note.assurance,
        )

    def _digest(self, subject: Subject, words: str | None) -> str | None:
        if words is None:
            return None
        digest = DIGEST + sha256_of(words.encode())
        self.words[subject.id, digest] = words
        return digest

    def write(self, tx: Writing) -> list[Entry]:
        """Ledger, projection and evidence in the transaction of the caller, which must be the one the book was opened
        in."""
        if tx.end_of_ledger.revision != self.revision:
            raise RuntimeError("the book was opened at another revision")
        entries = tx.append(self.events)
        tx.keep_standings(self.moved, set(self.known))
        if self.words:
            tx.keep_words(self.words)
        return entries
