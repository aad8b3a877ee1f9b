"""What a run of events adds up to, and what an event tells the neighbours."""

from datetime import date, timedelta

import pytest

from services.consent.domain.facts import Basis, NoticeState, Span, Word
from services.consent.domain.judging import Judge, Law, notice_state
from services.consent.domain.standing import Happened, Standing, Subject
from shared.contracts.consent import Act, Purpose, Regime

DAY = date(2015, 3, 1)
OWN = Purpose.OWN_FIGURES
WHO = Subject("9900001", "cardiac", OWN)


def basis(regime: Regime, **changes: object) -> Basis:
    values: dict[str, object] = {
        "id": "b-1", "regime": regime, "programme": "cardiac", "purposes": frozenset({OWN}), "valid": Span(),
    }  # fmt: skip
    return Basis(**values | changes)  # type: ignore[arg-type]  # the tests name the fields they change


def after(*acts: tuple[Act, int | None]) -> Standing:
    standing = Standing()
    for number, (act, version) in enumerate(acts, 1):
        standing = standing.after(Happened(act, DAY + timedelta(number), number, version))
    return standing


@pytest.mark.parametrize("answer", [Act.GIVEN, Act.REFUSED, Act.WITHDRAWN])
def test_to_be_asked_again_undoes_no_answer(answer: Act) -> None:
    standing = after((answer, 1), (Act.ASKED, 2))
    assert (standing.word, standing.revision) == (Word(answer.value), 1)
    assert (standing.informed_version, standing.informed_on) == (2, DAY + timedelta(2))


@pytest.mark.parametrize(
    "act",
    [Act.OBJECTION_RAISED, Act.OBJECTION_UPHELD, Act.OBJECTION_REJECTED, Act.RESTRICTED, Act.RELEASED, Act.SIGNED_OFF,
     Act.RECTIFIED, Act.REASSESSED],
)  # fmt: skip
def test_what_is_no_decision_leaves_the_decision_as_it_is(act: Act) -> None:
    before = after((Act.GIVEN, 1))
    standing = before.after(Happened(act, DAY + timedelta(9), 9))
    assert (standing.word, standing.revision, standing.decided_on) == (Word.GIVEN, 1, before.decided_on)


def test_a_sign_off_lasts_until_the_next_withdrawal() -> None:
    signed = after((Act.WITHDRAWN, None), (Act.SIGNED_OFF, None))
    assert signed.signed_off
    assert not signed.after(Happened(Act.WITHDRAWN, DAY + timedelta(5), 5)).signed_off


def test_an_objection_that_was_rejected_can_be_raised_again() -> None:
    standing = after((Act.OBJECTION_RAISED, None), (Act.OBJECTION_REJECTED, None), (Act.OBJECTION_RAISED, None))
    assert standing.objection == "open"


def test_the_last_answer_stands() -> None:
    assert after((Act.ASKED, 1), (Act.GIVEN, 1), (Act.WITHDRAWN, None)).word is Word.WITHDRAWN
    assert after((Act.WITHDRAWN, None), (Act.GIVEN, 1)).word is Word.GIVEN


def test_consent_counts_only_under_the_notice_it_was_given_under() -> None:
    needs_two = basis(Regime.CONSENT, notice_version=2)
    assert notice_state(needs_two, after((Act.GIVEN, 2)), DAY) is NoticeState.SERVED
    assert notice_state(needs_two, after((Act.GIVEN, 1)), DAY) is NoticeState.NONE
    assert notice_state(needs_two, after((Act.GIVEN, 1), (Act.ASKED, 2)), DAY) is NoticeState.NONE
    assert notice_state(basis(Regime.CONSENT), after((Act.GIVEN, None)), DAY) is NoticeState.NONE


@pytest.mark.parametrize(("days", "state"), [(29, NoticeState.RUNNING), (30, NoticeState.SERVED)])
def test_other_bases_wait_for_their_own_notice_to_run_out(days: int, state: NoticeState) -> None:
    mandate = basis(Regime.PUBLIC_TASK, notice_version=2, notice_days=30)
    refused = after((Act.REFUSED, 1))
    assert notice_state(mandate, refused, DAY + timedelta(999)) is NoticeState.NONE
    told = refused.after(Happened(Act.ASKED, DAY, 2, 2))
    assert notice_state(mandate, told, DAY + timedelta(days)) is state


def judge(at: date, *bases: Basis) -> Judge:
    return Judge(Law({("cardiac", OWN): bases}), at)


def test_an_event_that_changes_nothing_is_blank() -> None:
    by_consent = judge(DAY, basis(Regime.CONSENT))
    assert by_consent.effect(WHO, Standing(), after((Act.REFUSED, 1))) is None
    assert by_consent.effect(WHO, Standing(), after((Act.GIVEN, 1))) == "named"


def test_a_withdrawal_is_told_although_only_time_had_named_the_person() -> None:
    """Withheld when last announced, named since a mandate began, and now withdrawn: gateways must hear of it."""
    mandate = basis(Regime.PUBLIC_TASK, valid=Span(date(2016, 1, 1), None))
    refused = after((Act.REFUSED, 1))
    later = judge(date(2016, 6, 1), mandate)
    assert later.outcome(WHO, refused) == "named"
    assert later.effect(WHO, refused, refused.after(Happened(Act.WITHDRAWN, date(2016, 6, 1), 2))) == "withheld"


def test_a_withdrawal_is_told_although_time_had_already_ended_the_basis() -> None:
    """Named when last announced; the basis has since ended, so the verdict is no, but nobody has been told."""
    ended = judge(date(2016, 6, 1), basis(Regime.CONSENT, valid=Span(None, date(2015, 12, 31))))
    before = Standing(word=Word.GIVEN, notice_version=1, revision=1, told="named")
    assert ended.effect(WHO, before, before.after(Happened(Act.WITHDRAWN, date(2016, 6, 1), 2))) == "withheld"


def test_an_event_names_the_basis_in_force() -> None:
    first, second = (
        basis(Regime.CONSENT, valid=Span(None, DAY)),
        basis(Regime.PUBLIC_TASK, id="b-2", valid=Span(DAY, None)),
    )
    assert judge(DAY - timedelta(1), first, second).basis_id("cardiac", OWN) == "b-1"
    assert judge(DAY + timedelta(1), first, second).basis_id("cardiac", OWN) == "b-2"
    assert judge(DAY, first, second).basis_id("cardiac", OWN) is None
