"""`may_publish`: the only path to a yes. Pure, total, and withheld unless everything needed is there."""

from dataclasses import dataclass, replace
from enum import StrEnum

from services.consent.domain.facts import ALWAYS, Basis, CaseState, Decision, Facts, NoticeState, Question, Word
from shared.contracts.consent import Purpose, Regime


class Reason(StrEnum):
    """Why. A yes carries the regime of its basis; reasons never leave the consent service."""

    CONSENT = "consent"
    PUBLIC_TASK = "public_task"
    LEGAL_OBLIGATION = "legal_obligation"
    RESTRICTED = "restricted"
    NO_BASIS = "no_basis"
    AMBIGUOUS_BASIS = "ambiguous_basis"
    SWITCHED_OFF = "switched_off"
    OBJECTION = "objection"
    NOT_SOUGHT = "not_sought"
    ASKED = "asked"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"
    NOT_REFUSED = "not_refused"
    NOT_INFORMED = "not_informed"
    NOTICE_RUNNING = "notice_running"
    OUTSIDE_SCOPE = "outside_scope"
    SIGN_OFF_MISSING = "sign_off_missing"


@dataclass(frozen=True)
class Verdict:
    """`basis_id` is the basis in force, whether or not it was enough."""

    allowed: bool
    basis_id: str | None
    reason: Reason


def bases_in_force(facts: Facts, question: Question) -> list[Basis]:
    """The bases for this programme and purpose on that day. Purposes never imply one another."""
    return [
        basis
        for basis in facts.bases
        if basis.programme == question.programme
        and question.purpose in basis.purposes
        and basis.valid.holds(question.at)
    ]


def may_publish(facts: Facts, question: Question) -> Verdict:
    """Whether the person may be named. Total: every combination of facts has an answer, and the default is no."""
    bases = bases_in_force(facts, question)
    basis = bases[0] if len(bases) == 1 else None
    if facts.restricted:
        return Verdict(False, basis.id if basis else None, Reason.RESTRICTED)
    if basis is None:  # two bases at once are a mistake, never a choice
        return Verdict(False, None, Reason.AMBIGUOUS_BASIS if bases else Reason.NO_BASIS)
    obstacle = _obstacle(facts, question, basis)
    return Verdict(obstacle is None, basis.id, obstacle or Reason(basis.regime.value))


def _obstacle(facts: Facts, question: Question, basis: Basis) -> Reason | None:
    """The first thing in the way, or None."""
    cases = {case.state for case in facts.cases if case.programme == question.programme}
    if CaseState.OBJECTION_OPEN in cases or CaseState.OBJECTION_UPHELD in cases:
        return Reason.OBJECTION
    decision = decision_on(facts, question)
    if decision.word is Word.ERASED:
        return Reason.ERASED
    naming = _unless_refused(facts, question) if question.purpose is Purpose.NAMING_REFUSERS else None
    if naming is not None:
        return naming
    if basis.regime is Regime.CONSENT:
        return _unless_given(decision) or _unless_told(facts, question) or _unless_covered(question, basis, decision)
    return (
        _unless_told(facts, question) or _unless_signed_off(decision, cases) or _unless_covered(question, basis, None)
    )


def decision_on(facts: Facts, question: Question) -> Decision:
    """The decision for exactly this programme and purpose; `not_sought` where there is none."""
    for decision in facts.decisions:
        if decision.programme == question.programme and decision.purpose is question.purpose:
            return decision
    return Decision(question.programme, question.purpose, Word.NOT_SOUGHT)


def _unless_refused(facts: Facts, question: Question) -> Reason | None:
    """Naming who refused: a basis of its own does not open it without the switch, and only a refusal counts."""
    if not facts.naming_on:
        return Reason.SWITCHED_OFF
    own = decision_on(facts, replace(question, purpose=Purpose.OWN_FIGURES))
    return None if own.word is Word.REFUSED else Reason.NOT_REFUSED


def _unless_given(decision: Decision) -> Reason | None:
    return None if decision.word is Word.GIVEN else Reason(decision.word.value)


def _unless_signed_off(decision: Decision, cases: set[CaseState]) -> Reason | None:
    """Whoever withdrew is named on another basis only after lawyers have signed that off."""
    withdrew = decision.word is Word.WITHDRAWN
    return Reason.SIGN_OFF_MISSING if withdrew and CaseState.SIGN_OFF not in cases else None


def _unless_told(facts: Facts, question: Question) -> Reason | None:
    for informed in facts.informed:
        if informed.programme == question.programme and informed.purpose is question.purpose:
            return _STATE[informed.notice]
    return Reason.NOT_INFORMED


_STATE = {
    NoticeState.NONE: Reason.NOT_INFORMED,
    NoticeState.RUNNING: Reason.NOTICE_RUNNING,
    NoticeState.SERVED: None,
}


def _unless_covered(question: Question, basis: Basis, decision: Decision | None) -> Reason | None:
    agreed = decision.scope if decision else ALWAYS
    covered = basis.scope.covers(question.period) and agreed.covers(question.period)
    return None if covered else Reason.OUTSIDE_SCOPE
