"""Rights: what hides is never refused, what may show again must have seen, and each step finds the state it ends."""

from itertools import product
from typing import Any, Final

import httpx
import pytest

from services.consent.domain.facts import Basis, Span, Word
from services.consent.domain.rights import (
    HIDES,
    NEUTRAL,
    OWN,
    SHOWS,
    STEPS,
    stands,
    why_not,
    why_not_erased,
)
from services.consent.domain.standing import ObjectionState, Standing
from shared.contracts.consent import Act, OwnRight, Purpose, Regime, RightRequest
from tests.unit.test_consent_rig import CARDIAC, THYROID, Rig, house, rig

__all__ = ["house", "rig"]

ANNE, BEN = "9900001", "9900003"
MINE = "9900002"  # of the account `consultant`


def take(
    rig: Rig, gmc: str, act: str, if_match: int | None = None, key: str | None = None, **changes: Any
) -> httpx.Response:
    body = {"programme": CARDIAC, "purpose": "own_figures", "act": act, "channel": "letter"} | changes
    headers = {} if if_match is None else {"If-Match": f'"{if_match}"'}
    headers |= {"Idempotency-Key": key} if key else {}
    return rig.officer("POST", f"/v1/consultants/{gmc}/rights", json=body, headers=headers)


def seen(rig: Rig, gmc: str) -> int:
    return int(rig.officer("GET", f"/v1/consultants/{gmc}").headers["ETag"].strip('"'))


def mine(rig: Rig, method: str, path: str = "", **options: Any) -> httpx.Response:
    found: httpx.Response = rig.client.request(method, f"/v1/me{path}", auth=rig.house.person("consultant"), **options)
    return found


@pytest.fixture
def desk(rig: Rig) -> Rig:
    """Three people who agreed, one of them with an account."""
    rig.register(ANNE, MINE, BEN)
    for gmc in (ANNE, MINE, BEN):
        assert rig.decide(gmc, "given", if_match=0).status_code == 202
    return rig


# The table, without a service

CASES: Final[tuple[ObjectionState | None, ...]] = (None, "open", "upheld", "rejected")
STATES = [
    Standing(word=word, objection=objection, restricted=restricted)
    for word, objection, restricted in product(Word, CASES, (False, True))
]


def test_every_step_hides_shows_or_does_neither() -> None:
    contract = {Act(value) for value in RightRequest.model_fields["act"].annotation.__args__}  # type: ignore[union-attr]
    assert HIDES | SHOWS | NEUTRAL == STEPS == contract
    assert len(HIDES) + len(SHOWS) + len(NEUTRAL) == len(STEPS)
    assert set(OwnRight.model_fields["act"].annotation.__args__) == OWN <= HIDES  # type: ignore[union-attr]


@pytest.mark.parametrize("standing", STATES)
def test_each_step_finds_the_state_that_it_ends(standing: Standing) -> None:
    possible = {act for act in STEPS if why_not(act, standing) is None}
    always = {Act.OBJECTION_RAISED, Act.RESTRICTED, Act.RECTIFIED}
    outcome = {Act.OBJECTION_UPHELD, Act.OBJECTION_REJECTED} if standing.objection == "open" else set()
    release = {Act.RELEASED} if standing.restricted else set()
    sign_off = {Act.SIGNED_OFF} if standing.word is Word.WITHDRAWN else set()
    assert possible == always | outcome | release | sign_off


def test_what_a_step_made_stands_until_another_ends_it() -> None:
    assert stands(Act.OBJECTION_RAISED, Standing(objection="open"))
    assert not stands(Act.OBJECTION_RAISED, Standing(objection="rejected"))
    assert stands(Act.RESTRICTED, Standing(restricted=True))
    assert stands(Act.RELEASED, Standing())
    assert not stands(Act.SIGNED_OFF, Standing())
    assert stands(Act.RECTIFIED, Standing())


@pytest.mark.parametrize(
    ("regime", "objection", "erasable"),
    [
        (Regime.CONSENT, None, True),
        (Regime.CONSENT, "rejected", True),
        (Regime.PUBLIC_TASK, None, False),
        (Regime.PUBLIC_TASK, "open", False),
        (Regime.PUBLIC_TASK, "rejected", False),
        (Regime.PUBLIC_TASK, "upheld", True),
        (Regime.LEGAL_OBLIGATION, None, False),
        (Regime.LEGAL_OBLIGATION, "upheld", False),
        (None, None, True),
    ],
)
def test_erasure_follows_from_the_ground(regime: Regime | None, objection: Any, erasable: bool) -> None:
    purposes = frozenset({Purpose.OWN_FIGURES})
    basis = None if regime is None else Basis("of-2013", regime, CARDIAC, purposes, Span())
    why = why_not_erased(basis, Standing(objection=objection))
    assert (why is None) is erasable
    assert why is None or "of-2013" in why


# Through the service


def test_an_objection_hides_at_once_until_it_is_rejected(desk: Rig) -> None:
    raised = take(desk, ANNE, "objection_raised", evidence="The list of operations is another surgeon's.")
    assert (raised.status_code, raised.json()["act"]) == (202, "objection_raised")
    assert desk.named() == {MINE, BEN}
    assert desk.changes(after=3)[-1]["now"] == "withheld"
    assert desk.state(ANNE) | {"objection": "open", "outcome": "withheld", "reason": "objection"} == desk.state(ANNE)
    assert take(desk, ANNE, "objection_rejected", if_match=seen(desk, ANNE)).status_code == 202
    assert (desk.named(), desk.state(ANNE)["objection"]) == ({ANNE, MINE, BEN}, "rejected")


def test_an_objection_that_was_upheld_goes_on_hiding(desk: Rig) -> None:
    take(desk, ANNE, "objection_raised")
    assert take(desk, ANNE, "objection_upheld").status_code == 202
    refused = take(desk, ANNE, "objection_rejected", if_match=seen(desk, ANNE))
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_allowed")
    assert "upheld" in refused.json()["detail"]
    assert ANNE not in desk.named()


def test_what_is_restricted_is_named_by_nobody_until_it_is_released(desk: Rig) -> None:
    assert take(desk, ANNE, "restricted").status_code == 202
    assert (ANNE in desk.named(), desk.state(ANNE)["restricted"]) == (False, True)
    again = desk.decide(ANNE, "given", if_match=seen(desk, ANNE))
    assert (again.status_code, ANNE in desk.named()) == (202, False)
    assert take(desk, ANNE, "released", if_match=seen(desk, ANNE)).status_code == 202
    assert ANNE in desk.named()


@pytest.mark.parametrize("act", sorted(SHOWS))
def test_what_may_show_again_must_have_seen_the_latest_record(desk: Rig, act: str) -> None:
    take(desk, ANNE, "objection_raised")
    take(desk, ANNE, "restricted")
    desk.withdraw(ANNE)
    assert take(desk, ANNE, act).json()["code"] == "if_match_needed"
    assert take(desk, ANNE, act, if_match=seen(desk, ANNE) - 1).json()["code"] == "revision_changed"
    assert take(desk, ANNE, act, if_match=seen(desk, ANNE)).status_code == 202


@pytest.mark.parametrize("act", sorted(HIDES))
def test_what_hides_is_never_refused_for_staleness(desk: Rig, act: str) -> None:
    take(desk, ANNE, "objection_raised")
    assert take(desk, ANNE, act, if_match=0).status_code == 202
    assert take(desk, BEN, "objection_raised", if_match=99).status_code == 202


def test_a_correction_is_neutral_but_respects_what_was_seen(desk: Rig) -> None:
    assert take(desk, ANNE, "rectified", evidence="Two operations were coded to another hospital.").status_code == 202
    assert take(desk, ANNE, "rectified", if_match=1).json()["code"] == "revision_changed"
    assert ANNE in desk.named()


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("objection_upheld", "no objection was raised"),
        ("objection_rejected", "no objection was raised"),
        ("released", "nothing is restricted"),
        ("signed_off", "given"),
    ],
)
def test_a_step_that_is_not_there_says_what_stands(desk: Rig, act: str, said: str) -> None:
    refused = take(desk, ANNE, act, if_match=seen(desk, ANNE))
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_allowed")
    assert said in refused.json()["detail"]
    assert desk.revision() == 3


def test_the_same_sent_again_under_its_key_is_one_event(desk: Rig) -> None:
    first = take(desk, ANNE, "restricted", key="k").json()["revision"]
    assert take(desk, ANNE, "restricted", key="k").json()["revision"] == first
    assert take(desk, ANNE, "objection_raised", key="k").json()["revision"] == first + 1
    take(desk, ANNE, "released", if_match=seen(desk, ANNE))
    assert take(desk, ANNE, "restricted", key="k").json()["revision"] == first + 3  # somebody asks to be hidden


def test_rights_are_about_one_purpose_of_a_programme_that_is_known(desk: Rig) -> None:
    assert take(desk, ANNE, "restricted", purpose="all").json()["code"] == "bundled_decision"
    assert take(desk, ANNE, "restricted", programme="no-such-outcomes").status_code == 422
    assert take(desk, ANNE, "restricted", programme=THYROID).status_code == 202  # to hide is always possible
    assert take(desk, ANNE, "erased").status_code == 422
    assert take(desk, "9999999", "restricted").status_code == 404
    assert desk.named() == {ANNE, MINE, BEN}


# A person's own record


def test_a_person_reads_and_decides_their_own_record_only(desk: Rig) -> None:
    record = mine(desk, "GET")
    assert (record.status_code, record.json()["gmc"]) == (200, MINE)
    ask = {"programme": CARDIAC, "purpose": "own_figures"}
    withdrawn = mine(desk, "POST", "/withdrawal", json=ask)
    assert (withdrawn.status_code, desk.named()) == (202, {ANNE, BEN})
    given = ask | {"act": "given", "notice": {"version": 1}}
    assert mine(desk, "POST", "/decisions", json=given).json()["code"] == "if_match_needed"
    tag = {"If-Match": mine(desk, "GET").headers["ETag"]}
    assert mine(desk, "POST", "/decisions", json=given, headers=tag).status_code == 202
    assert desk.named() == {ANNE, MINE, BEN}
    channels = {(one["channel"], one["actor"]) for one in mine(desk, "GET").json()["history"]}
    assert channels == {("letter", "officer"), ("self-service", "self")}


def test_a_person_may_object_and_restrict_but_not_decide_their_own_case(desk: Rig) -> None:
    ask = {"programme": CARDIAC, "purpose": "own_figures"}
    for act in ("objection_raised", "restricted"):
        assert mine(desk, "POST", "/rights", json=ask | {"act": act, "evidence": "My reasons."}).status_code == 202
    for act in ("objection_rejected", "objection_upheld", "released", "signed_off", "rectified", "asked"):
        assert mine(desk, "POST", "/rights", json=ask | {"act": act}).status_code == 422
    assert mine(desk, "POST", "/decisions", json=ask | {"act": "asked"}).status_code == 422
    assert desk.state(MINE)["restricted"] is True


def test_an_account_without_a_record_has_none(rig: Rig) -> None:
    assert mine(rig, "GET").status_code == 404
    ask = {"programme": CARDIAC, "purpose": "own_figures"}
    assert mine(rig, "POST", "/withdrawal", json=ask).status_code == 404
