"""Events about to be written, and where everybody will stand once they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.consent.domain.standing import Judge, Standing, Subject
from services.consent.ledger import Entry, Event
from services.consent.store import Writing
from services.consent.workflow.office import stamp
from shared.contracts.consent import Act


@dataclass(frozen=True)
class Note:
    """One act to be recorded: `day` is when it was decided, which may be before it is recorded."""

    subject: Subject
    act: Act
    notice_version: int | None
    day: date
    channel: str
    evidence: str | None = None


class Book:
    """Starts from known standings at a revision; subjects it does not know have not been sought."""

    def __init__(self, judge: Judge, known: Mapping[Subject, Standing], revision: int, actor: str, now: datetime):
        self.judge, self.actor, self.now = judge, actor, stamp(now)
        self.known, self.revision = known, revision
        self.moved: dict[Subject, Standing] = {}
        self.events: list[Event] = []

    def standing(self, subject: Subject) -> Standing:
        return self.moved.get(subject) or self.known.get(subject) or Standing()

    def add(self, note: Note) -> None:
        """Note the event with its effect on the verdict, and move the standing."""
        subject, before = note.subject, self.standing(note.subject)
        after = before.after(note.act, note.notice_version, note.day, self.revision + len(self.events) + 1)
        effect = self.judge.effect(subject, before, after)
        self.moved[subject] = replace(after, told=effect or after.told)
        self.events.append(
            Event(
                subject=subject.gmc,
                programme=subject.programme,
                purpose=subject.purpose,
                act=note.act,
                basis_id=self.judge.basis_id(subject.programme, subject.purpose),
                notice_version=note.notice_version,
                actor=self.actor,
                channel=note.channel,
                evidence=note.evidence,
                valid_from=note.day.isoformat(),
                recorded_at=self.now,
                effect=effect,
            )
        )

    def write(self, tx: Writing) -> list[Entry]:
        """Ledger and projection in the transaction of the caller, which must be the one the book was opened in."""
        if tx.end_of_ledger.revision != self.revision:
            raise RuntimeError("the book was opened at another revision")
        entries = tx.append(self.events)
        tx.keep_standings(self.moved, set(self.known))
        return entries
