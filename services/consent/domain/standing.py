"""Where one person stands for one programme and purpose: what a run of events adds up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final, Literal

from services.consent.domain.facts import Basis, Decision, Facts, Informed, NoticeState, Question, Word
from services.consent.domain.verdict import Verdict, bases_in_force, may_publish
from shared.contracts.consent import Act, Purpose, Regime

Outcome = Literal["named", "withheld"]
_ANSWERS: Final = (Word.GIVEN, Word.REFUSED, Word.WITHDRAWN)


@dataclass(frozen=True)
class Subject:
    """A consultant as seen from one programme and purpose: the unit that is named or withheld."""

    gmc: str
    programme: str
    purpose: Purpose


@dataclass(frozen=True)
class Standing:
    """The present decision, since when, and under which notice; `revision` 0 before any event.

    `informed` is the newest version of the notice that reached the person and the first day it did. `told` is the
    outcome last announced to those who ask for changes.
    """

    word: Word = Word.NOT_SOUGHT
    notice_version: int | None = None
    decided_on: date | None = None
    revision: int = 0
    informed_version: int | None = None
    informed_on: date | None = None
    told: Outcome = "withheld"

    def after(self, act: Act, notice_version: int | None, day: date, revision: int) -> "Standing":
        """The standing once this event is added. To be asked again undoes no answer."""
        informed = self._informed(notice_version, day)
        if act is Act.ASKED and self.word in _ANSWERS:
            return informed
        return replace(informed, word=Word(act.value), notice_version=notice_version, decided_on=day, revision=revision)

    def _informed(self, version: int | None, day: date) -> "Standing":
        if version is None or (self.informed_version is not None and version <= self.informed_version):
            return self
        return replace(self, informed_version=version, informed_on=day)

    @property
    def answered(self) -> bool:
        return self.word in _ANSWERS


@dataclass(frozen=True)
class Judge:
    """Asks `may_publish` about standings, under the legal bases by (programme, purpose), on one day."""

    bases: Mapping[tuple[str, Purpose], tuple[Basis, ...]] = field(repr=False)
    at: date

    def verdict(self, programme: str, purpose: Purpose, standing: Standing) -> Verdict:
        question = Question(programme, purpose, self.at)
        facts = Facts(
            bases=self.bases.get((programme, purpose), ()),
            decisions=(Decision(programme, purpose, standing.word),),
        )
        in_force = bases_in_force(facts, question)
        told = notice_state(in_force[0], standing, self.at) if in_force else NoticeState.NONE
        return may_publish(replace(facts, informed=(Informed(programme, purpose, told),)), question)

    def outcome(self, programme: str, purpose: Purpose, standing: Standing) -> Outcome:
        return "named" if self.verdict(programme, purpose, standing).allowed else "withheld"

    def basis_id(self, programme: str, purpose: Purpose) -> str | None:
        """The basis in force, which an event names; None where there is none or more than one."""
        return self.verdict(programme, purpose, Standing()).basis_id

    def effect(self, subject: Subject, before: Standing, after: Standing) -> Outcome | None:
        """What an event changed, or None. Compared with the verdict just before it and with what was last announced,
        because time alone may have changed the verdict in between and nobody may be left showing the person."""
        now = self.outcome(subject.programme, subject.purpose, after)
        earlier = {before.told, self.outcome(subject.programme, subject.purpose, before)}
        return None if earlier == {now} else now


def notice_state(basis: Basis, standing: Standing, at: date) -> NoticeState:
    """Consent must have been given under a notice; any other basis needs its own notice, and its days to run out."""
    if basis.regime is Regime.CONSENT and standing.word is Word.GIVEN:
        return NoticeState.NONE if (standing.notice_version or 0) < basis.notice_version else NoticeState.SERVED
    if standing.informed_on is None or (standing.informed_version or 0) < basis.notice_version:
        return NoticeState.NONE
    return NoticeState.SERVED if standing.informed_on + timedelta(basis.notice_days) <= at else NoticeState.RUNNING
