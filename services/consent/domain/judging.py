"""From standings to verdicts: the facts that `may_publish` is asked with, under the law of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from services.consent.domain.facts import (
    Basis,
    Case,
    CaseState,
    Decision,
    Facts,
    Informed,
    NoticeState,
    Question,
    Span,
    Word,
)
from services.consent.domain.standing import Outcome, Standing, Subject
from services.consent.domain.verdict import Verdict, bases_in_force, may_publish
from shared.contracts.consent import Purpose, Regime

CASES: Final = {
    "open": CaseState.OBJECTION_OPEN, "upheld": CaseState.OBJECTION_UPHELD, "rejected": CaseState.OBJECTION_REJECTED,
}  # fmt: skip


@dataclass(frozen=True)
class Law:
    """The legal bases by (programme, purpose), and the programmes in which naming refusers is switched on."""

    bases: Mapping[tuple[str, Purpose], tuple[Basis, ...]] = field(repr=False)
    naming_on: frozenset[str] = frozenset()

    def purposes(self, programme: str) -> list[Purpose]:
        """The purposes for which the programme has, had or will have a basis."""
        return [purpose for purpose in Purpose if (programme, purpose) in self.bases]


@dataclass(frozen=True)
class Judge:
    """Asks `may_publish` about standings, under one law, on one day. `own` is where the same person stands for
    `own_figures` in the programme, which only the naming of refusers looks at. `period` is the care asked about; left
    out, care of any period."""

    law: Law
    at: date

    def verdict(
        self, programme: str, purpose: Purpose, standing: Standing, own: Standing | None = None, period: Span = Span()
    ) -> Verdict:
        question = Question(programme, purpose, self.at, period)
        beside = (own or Standing()) if purpose is Purpose.NAMING_REFUSERS else Standing()
        facts = Facts(
            bases=self.law.bases.get((programme, purpose), ()),
            decisions=_decisions(programme, purpose, standing, own),
            cases=_cases(programme, standing) + _cases(programme, replace(beside, signed_off=False)),
            restricted=standing.restricted or beside.restricted,  # what stops the figures stops this, too
            naming_on=programme in self.law.naming_on,
        )
        in_force = bases_in_force(facts, question)
        told = notice_state(in_force[0], standing, self.at) if in_force else NoticeState.NONE
        return may_publish(replace(facts, informed=(Informed(programme, purpose, told),)), question)

    def outcome(self, subject: Subject, standing: Standing, own: Standing | None = None) -> Outcome:
        return "named" if self.verdict(subject.programme, subject.purpose, standing, own).allowed else "withheld"

    def basis_id(self, programme: str, purpose: Purpose) -> str | None:
        """The basis in force, which an event names; None where there is none or more than one."""
        return self.verdict(programme, purpose, Standing()).basis_id

    def effect(self, subject: Subject, before: Standing, after: Standing) -> Outcome | None:
        """What an event changed, or None. Compared with the verdict just before it and with what was last announced,
        because time alone may have changed the verdict in between and nobody may be left showing the person. Who
        refused is named by a list of its own, asked for each time, and never by an announcement."""
        if subject.purpose is Purpose.NAMING_REFUSERS:
            return None
        now = self.outcome(subject, after)
        earlier = {before.told, self.outcome(subject, before)}
        return None if earlier == {now} else now


def _decisions(programme: str, purpose: Purpose, standing: Standing, own: Standing | None) -> tuple[Decision, ...]:
    mine = Decision(programme, purpose, standing.word, standing.scope)
    if own is None or purpose is Purpose.OWN_FIGURES:
        return (mine,)
    return (mine, Decision(programme, Purpose.OWN_FIGURES, own.word, own.scope))


def _cases(programme: str, standing: Standing) -> tuple[Case, ...]:
    found = [CASES[standing.objection]] if standing.objection else []
    if standing.signed_off:
        found.append(CaseState.SIGN_OFF)
    return tuple(Case(programme, state) for state in found)


def notice_state(basis: Basis, standing: Standing, at: date) -> NoticeState:
    """Consent must have been given under a notice; any other basis needs its own notice, and its days to run out."""
    if basis.regime is Regime.CONSENT and standing.word is Word.GIVEN:
        return NoticeState.NONE if (standing.notice_version or 0) < basis.notice_version else NoticeState.SERVED
    if standing.informed_on is None or (standing.informed_version or 0) < basis.notice_version:
        return NoticeState.NONE
    return NoticeState.SERVED if standing.informed_on + timedelta(basis.notice_days) <= at else NoticeState.RUNNING
