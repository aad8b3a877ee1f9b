"""Where one person stands for one programme and purpose: what a run of events adds up to."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from services.consent.domain.facts import ALWAYS, Span, Word
from shared.contracts.consent import Act, Purpose

Outcome = Literal["named", "withheld"]
ObjectionState = Literal["open", "upheld", "rejected"]
ANSWERS: Final = (Word.GIVEN, Word.REFUSED, Word.WITHDRAWN, Word.ERASED)
DECIDING: Final = {act: Word(act.value) for act in (Act.ASKED, Act.GIVEN, Act.REFUSED, Act.WITHDRAWN, Act.ERASED)}
OBJECTIONS: Final[dict[Act, ObjectionState]] = {
    Act.OBJECTION_RAISED: "open", Act.OBJECTION_UPHELD: "upheld", Act.OBJECTION_REJECTED: "rejected",
}  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A person as seen from one programme and purpose: the unit that is named or withheld. `id` is the alias by which
    the ledger knows the person, never the number."""

    id: str
    programme: str
    purpose: Purpose


@dataclass(frozen=True)
class Happened:
    """What an event says about its subject's standing: `day` is the day it counts from."""

    act: Act
    day: date
    revision: int
    notice_version: int | None = None
    scope: Span = ALWAYS
    reason: str | None = None


@dataclass(frozen=True)
class Standing:
    """The present decision, since when, and under which notice; `revision` 0 before any decision.

    `informed` is the newest version of the notice that reached the person and the first day it did. `told` is the
    outcome last announced to those who ask for changes. `signed_off`: lawyers have agreed that another basis than the
    person's consent carries, after the person withdrew it.
    """

    word: Word = Word.NOT_SOUGHT
    notice_version: int | None = None
    decided_on: date | None = None
    revision: int = 0
    informed_version: int | None = None
    informed_on: date | None = None
    told: Outcome = "withheld"
    scope: Span = ALWAYS
    reason: str | None = None
    objection: ObjectionState | None = None
    restricted: bool = False
    signed_off: bool = False

    def after(self, event: Happened) -> "Standing":
        """The standing once this event is added. To be asked again undoes no answer; what is no decision leaves the
        decision as it is. Whoever refuses after having withdrawn has still withdrawn: under a ground that needs no
        consent a refusal alone would show them."""
        informed = self._informed(event)
        if event.act in DECIDING:
            return informed._decided(event)
        if event.act in OBJECTIONS:
            return replace(informed, objection=OBJECTIONS[event.act])
        if event.act in {Act.RESTRICTED, Act.RELEASED}:
            return replace(informed, restricted=event.act is Act.RESTRICTED)
        return replace(informed, signed_off=True) if event.act is Act.SIGNED_OFF else informed

    def _decided(self, event: Happened) -> "Standing":
        if event.act is Act.ASKED and self.word in ANSWERS:
            return self
        if event.act is Act.REFUSED and self.word is Word.WITHDRAWN:
            return replace(self, decided_on=max(event.day, self.decided_on or event.day), signed_off=False)
        return replace(
            self, word=DECIDING[event.act], notice_version=event.notice_version, decided_on=event.day,
            revision=event.revision, scope=event.scope, reason=event.reason, signed_off=False,
        )  # fmt: skip

    def _informed(self, event: Happened) -> "Standing":
        version = event.notice_version
        if version is None or (self.informed_version is not None and version <= self.informed_version):
            return self
        return replace(self, informed_version=version, informed_on=event.day)

    @property
    def answered(self) -> bool:
        return self.word in ANSWERS

    @property
    def withdrawn(self) -> bool:
        """Whether a withdrawal stands that nobody has signed off: to withdraw again would change nothing."""
        return self.word is Word.WITHDRAWN and not self.signed_off
