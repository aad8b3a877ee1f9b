"""Who may be named: the rulebook as a table, and the same rulebook written again by another hand."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
)  # fmt: skip
from services.consent.domain.verdict import Verdict, may_publish
from shared.contracts.consent import Purpose, Regime

PROGRAMME = "cardiac-consultant-outcomes"
TODAY = date(2013, 7, 1)
CARE = Span(date(2010, 4, 1), date(2013, 3, 31))
RULEBOOK = """
basis            | decision            | notice  | case               | purpose         | outcome  | reason
none             | given               | served  |                    | own_figures     | withheld | no_basis
consent          | given               | served  |                    | own_figures     | named    | consent
consent          | given (own_figures) | served  |                    | rating          | withheld | not_sought
consent          | not_sought          | served  |                    | own_figures     | withheld | not_sought
consent          | asked               | served  |                    | own_figures     | withheld | asked
consent          | refused             | served  |                    | own_figures     | withheld | refused
consent          | withdrawn           | served  |                    | own_figures     | withheld | withdrawn
consent          | given (2012 only)   | served  |                    | own_figures     | withheld | outside_scope
consent          | given               | none    |                    | own_figures     | withheld | not_informed
consent          | given               | running |                    | own_figures     | withheld | notice_running
consent          | given               | served  | objection open     | own_figures     | withheld | objection
consent          | withdrawn           | served  | sign-off recorded  | own_figures     | withheld | withdrawn
public_task      | refused             | running |                    | own_figures     | withheld | notice_running
public_task      | refused             | none    |                    | own_figures     | withheld | not_informed
public_task      | refused             | served  |                    | own_figures     | named    | public_task
public_task      | not_sought          | served  |                    | own_figures     | named    | public_task
public_task      | withdrawn           | served  | no sign-off        | own_figures     | withheld | sign_off_missing
public_task      | withdrawn           | served  | sign-off recorded  | own_figures     | named    | public_task
public_task      | given               | served  | objection open     | own_figures     | withheld | objection
public_task      | refused             | served  | objection open     | own_figures     | withheld | objection
public_task      | given               | served  | objection rejected | own_figures     | named    | public_task
public_task      | refused             | served  | objection rejected | own_figures     | named    | public_task
public_task      | withdrawn           | served  | objection rejected | own_figures     | withheld | sign_off_missing
legal_obligation | withdrawn           | served  | sign-off recorded  | own_figures     | named    | legal_obligation
legal_obligation | withdrawn           | served  | no sign-off        | own_figures     | withheld | sign_off_missing
legal_obligation | refused             | served  |                    | own_figures     | named    | legal_obligation
legal_obligation | given               | running |                    | own_figures     | withheld | notice_running
consent          | given               | served  | restricted         | own_figures     | withheld | restricted
public_task      | given               | served  | restricted         | own_figures     | withheld | restricted
legal_obligation | given               | served  | restricted         | own_figures     | withheld | restricted
none             | given               | none    | restricted         | rating          | withheld | restricted
consent (own)    | refused             | served  | two-person switch  | naming_refusers | withheld | no_basis
public_task      | refused             | served  |                    | naming_refusers | withheld | switched_off
public_task      | refused (own_figures) | served | two-person switch | naming_refusers | named   | public_task
public_task      | withdrawn (own_figures) | served | two-person switch | naming_refusers | withheld | not_refused
public_task      | given (own_figures) | served  | two-person switch  | naming_refusers | withheld | not_refused
public_task      | not_sought          | served  | two-person switch  | naming_refusers | withheld | not_refused
public_task      | refused (own_figures) | running | two-person switch | naming_refusers | withheld | notice_running
consent          | refused (own_figures) | served | two-person switch | naming_refusers | withheld | not_sought
public_task      | refused             | served  | objection upheld   | own_figures     | withheld | objection
public_task      | erased              | served  |                    | own_figures     | withheld | erased
legal_obligation | erased              | served  | sign-off recorded  | own_figures     | withheld | erased
consent (2012)   | given               | served  |                    | own_figures     | withheld | outside_scope
consent (ended)  | given               | served  |                    | own_figures     | withheld | no_basis
consent (future) | given               | served  |                    | own_figures     | withheld | no_basis
consent (other)  | given               | served  |                    | own_figures     | withheld | no_basis
consent (twice)  | given               | served  |                    | own_figures     | withheld | ambiguous_basis
"""
NOTICES = {"served": NoticeState.SERVED, "running": NoticeState.RUNNING, "none": NoticeState.NONE}
CASES = {
    "objection open": CaseState.OBJECTION_OPEN, "objection rejected": CaseState.OBJECTION_REJECTED,
    "objection upheld": CaseState.OBJECTION_UPHELD,
    "sign-off recorded": CaseState.SIGN_OFF,
}  # fmt: skip
IN_2012 = Span(date(2012, 1, 1), date(2012, 12, 31))


@dataclass(frozen=True)
class Rule:
    basis: str
    decision: str
    notice: str
    case: str
    purpose: str
    outcome: str
    reason: str


RULES = [Rule(*(cell.strip() for cell in line.split("|"))) for line in RULEBOOK.strip().splitlines()[1:]]


def bases_of(text: str, purpose: Purpose) -> tuple[Basis, ...]:
    word, _, note = text.partition(" ")
    if word == "none":
        return ()
    begun = date(2013, 6, 28)
    valid = {"(ended)": Span(begun, begun), "(future)": Span(TODAY + timedelta(1), None)}.get(note, Span(begun, None))
    purposes = frozenset({Purpose.OWN_FIGURES} if note == "(own)" else {Purpose.OWN_FIGURES, purpose})
    programme = "another-programme" if note == "(other)" else PROGRAMME
    scope = IN_2012 if note == "(2012)" else Span()
    one = Basis("b-1", Regime(word), programme, purposes, valid, scope)
    return (one, one) if note == "(twice)" else (one,)


def facts_of(rule: Rule) -> tuple[Facts, Question]:
    asked_for = Purpose(rule.purpose)
    word, _, note = rule.decision.partition(" ")
    decided_for = Purpose.OWN_FIGURES if note == "(own_figures)" else asked_for
    decision = Decision(PROGRAMME, decided_for, Word(word), IN_2012 if note == "(2012 only)" else Span())
    facts = Facts(
        bases=bases_of(rule.basis, asked_for),
        decisions=() if word == "not_sought" else (decision,),
        informed=(Informed(PROGRAMME, asked_for, NOTICES[rule.notice]),),
        cases=(Case(PROGRAMME, CASES[rule.case]),) if rule.case in CASES else (),
        restricted=rule.case == "restricted",
        naming_on=rule.case == "two-person switch",
    )
    return facts, Question(PROGRAMME, asked_for, TODAY, CARE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: re.sub(r"\s+", " ", " ".join(vars(rule).values())))
def test_the_rulebook(rule: Rule) -> None:
    verdict = may_publish(*facts_of(rule))
    assert ("named" if verdict.allowed else "withheld", verdict.reason.value) == (rule.outcome, rule.reason)
    rests_on_one = rule.reason not in {"no_basis", "ambiguous_basis"} and rule.basis != "none"
    assert verdict.basis_id == ("b-1" if rests_on_one else None)


def test_nothing_known_means_withheld() -> None:
    verdict = may_publish(Facts(), Question(PROGRAMME, Purpose.OWN_FIGURES, TODAY))
    assert (verdict.allowed, verdict.basis_id, verdict.reason.value) == (False, None, "no_basis")


def test_a_yes_names_the_basis_it_rests_on() -> None:
    facts, question = facts_of(next(rule for rule in RULES if rule.outcome == "named"))
    assert may_publish(facts, question).basis_id == "b-1"


def test_asking_about_any_period_needs_a_decision_about_every_period() -> None:
    facts, _ = facts_of(next(rule for rule in RULES if rule.decision == "given (2012 only)"))
    narrow = Question(PROGRAMME, Purpose.OWN_FIGURES, TODAY, Span(date(2012, 2, 1), date(2012, 3, 1)))
    assert may_publish(facts, narrow).allowed
    assert not may_publish(facts, Question(PROGRAMME, Purpose.OWN_FIGURES, TODAY)).allowed


# The same law by another hand: reasons in order, the first that bites wins.


def inside(outer: Span, inner: Span) -> bool:
    return (outer.first or date.min) <= (inner.first or date.min) and (inner.last or date.max) <= (
        outer.last or date.max
    )


def oracle(facts: Facts, q: Question) -> str:
    live = [b for b in facts.bases if (b.programme, True) == (q.programme, q.purpose in b.purposes)
            and (b.valid.first or date.min) <= q.at <= (b.valid.last or date.max)]  # fmt: skip
    words = {(d.programme, d.purpose): (d.word, d.scope) for d in facts.decisions}
    word, scope = words.get((q.programme, q.purpose), ("not_sought", Span()))
    own, _ = words.get((q.programme, Purpose.OWN_FIGURES), (Word.NOT_SOUGHT, Span()))
    notice = {(i.programme, i.purpose): i.notice for i in facts.informed}.get((q.programme, q.purpose), "none")
    cases = {c.state for c in facts.cases if c.programme == q.programme}
    by_consent = [b.regime == "consent" for b in live] == [True]
    reasons = [
        (facts.restricted, "restricted"),
        (not live, "no_basis"),
        (len(live) > 1, "ambiguous_basis"),
        (bool({"objection_open", "objection_upheld"} & cases), "objection"),
        (word == "erased", "erased"),
        (q.purpose == "naming_refusers" and not facts.naming_on, "switched_off"),
        (q.purpose == "naming_refusers" and own != "refused", "not_refused"),
        (by_consent and word != "given", str(word)),
        (notice == "none", "not_informed"),
        (notice == "running", "notice_running"),
        (word == "withdrawn" and "sign_off" not in cases, "sign_off_missing"),
        (by_consent and not inside(scope, q.period), "outside_scope"),
        (any(not inside(b.scope, q.period) for b in live), "outside_scope"),
        (True, live[0].regime if live else ""),
    ]
    return next(reason for bites, reason in reasons if bites)


DAYS = st.sampled_from([TODAY + timedelta(days) for days in (-400, -2, -1, 0, 1, 400)])
SPANS = st.builds(Span, st.none() | DAYS, st.none() | DAYS) | st.just(Span())
PROGRAMMES = st.sampled_from([PROGRAMME, PROGRAMME, "another-programme"])
PURPOSES = st.sampled_from(list(Purpose))
KEYS = st.tuples(PROGRAMMES, PURPOSES)
BASES = st.builds(
    Basis, st.sampled_from(["b-1", "b-2"]), st.sampled_from(list(Regime)), PROGRAMMES,
    st.frozensets(PURPOSES, min_size=1), SPANS, SPANS,
)  # fmt: skip
WORDS = st.dictionaries(KEYS, st.tuples(st.sampled_from(list(Word)), SPANS), max_size=6)
TOLD = st.dictionaries(KEYS, st.sampled_from(list(NoticeState)), max_size=6)
FACTS = st.builds(
    lambda bases, words, told, cases, restricted, naming_on: Facts(
        tuple(bases),
        tuple(Decision(*key, *value) for key, value in words.items()),
        tuple(Informed(key[0], key[1], value) for key, value in told.items()),
        tuple(cases),
        restricted,
        naming_on,
    ),
    st.lists(BASES, max_size=3), WORDS, TOLD,
    st.lists(st.builds(Case, PROGRAMMES, st.sampled_from(list(CaseState))), max_size=3),
    st.integers(0, 9).map(lambda n: n == 0), st.booleans(),
)  # fmt: skip
QUESTIONS = st.builds(Question, PROGRAMMES, PURPOSES, DAYS, SPANS)
LIKELY = st.tuples(  # facts about the very thing that is asked, so that most of the law is reached
    st.sampled_from(list(Regime)), st.sampled_from(list(Word)), st.sampled_from(list(NoticeState)), SPANS, SPANS,
    st.frozensets(st.sampled_from(list(CaseState))), SPANS,
).map(
    lambda t: (
        Facts(
            (Basis("b-1", t[0], PROGRAMME, frozenset({Purpose.OWN_FIGURES}), Span(), t[3]),),
            (Decision(PROGRAMME, Purpose.OWN_FIGURES, t[1], t[4]),),
            (Informed(PROGRAMME, Purpose.OWN_FIGURES, t[2]),),
            tuple(Case(PROGRAMME, state) for state in sorted(t[5])),
        ),
        Question(PROGRAMME, Purpose.OWN_FIGURES, TODAY, t[6]),
    )
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.tuples(FACTS, QUESTIONS) | LIKELY)
def test_it_equals_the_oracle(asked: tuple[Facts, Question]) -> None:
    facts, question = asked
    verdict: Verdict = may_publish(facts, question)
    expected = oracle(facts, question)
    assert verdict.reason.value == expected
    assert verdict.allowed == (expected in set(Regime))
