"""Naming who refused: off until two people put it on, and then exactly those whom the law allows, never a result."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.consent.workflow.switching import WARNING_SHA256
from tests.unit.test_consent_law import approve, ask, policy_folder, propose, put
from tests.unit.test_consent_rig import CARDIAC, OWN, THYROID, Clock, House, Rig, house, running

__all__ = ["house"]

NAMING = "naming_refusers"
REFUSED, SECOND, GIVEN, WITHDREW, UNASKED, OBJECTED, UNTOLD, RESTRICTED = (f"990000{n}" for n in range(1, 9))
EVERYBODY = (REFUSED, SECOND, GIVEN, WITHDREW, UNASKED, OBJECTED, UNTOLD, RESTRICTED)
BASIS: dict[str, Any] = {
    "id": "naming-2026", "regime": "public_task", "instrument": "A direction (invented)",
    "instrument_kind": "direction", "programmes": [CARDIAC], "purposes": [NAMING], "valid_from": "2026-10-14",
    "notice_version": 2, "notice_days": 7, "dpia": "DPIA-9",
}  # fmt: skip
SWITCH = {"switch": NAMING, "programme": CARDIAC, "dpia": "DPIA-9", "warning_sha256": WARNING_SHA256}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rig(house: House, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    settings = house.settings(tmp_path / "data", policy_dir=policy_folder(tmp_path / "policy"))
    with house.stores.swept(), running(house, settings, clock) as started:
        yield started


def everybody_decides(rig: Rig) -> None:
    """Everybody but one is told of the naming by its own notice."""
    rig.register(*EVERYBODY)
    rig.decide(REFUSED, "refused", reason="privacy")
    for gmc in (SECOND, OBJECTED, UNTOLD, RESTRICTED):
        rig.decide(gmc, "refused")
    rig.decide(GIVEN, "given", if_match=0)
    rig.withdraw(WITHDREW)
    for gmc in EVERYBODY:
        if gmc != UNTOLD:
            found = rig.decide(gmc, "asked", purpose=NAMING, notice={"version": 2})
            assert found.status_code == 202, found.text
    for gmc, act, purpose in ((OBJECTED, "objection_raised", NAMING), (RESTRICTED, "restricted", OWN)):
        body = {"programme": CARDIAC, "purpose": purpose, "act": act, "channel": "letter"}
        assert rig.officer("POST", f"/v1/consultants/{gmc}/rights", json=body).status_code == 202


def asked(rig: Rig, **params: str) -> Any:
    return rig.service("/v1/refusals", "gateway", **params)


def names(rig: Rig) -> list[tuple[str, str | None]]:
    (listed,) = asked(rig).json()["programmes"]
    return [(one["name"], one.get("reason")) for one in listed["refusers"]]


def test_when_on_exactly_those_are_named_whom_its_own_law_allows(rig: Rig, clock: Clock) -> None:
    put(rig, **BASIS)
    everybody_decides(rig)
    put(rig, "/v1/switches", **SWITCH)
    assert names(rig) == []  # their own notice is still running
    clock.now += timedelta(days=7)
    assert names(rig) == [(f"Dr {REFUSED}", "privacy"), (f"Dr {SECOND}", None)]
    body = asked(rig, programme=CARDIAC).json()
    assert set(body["programmes"][0]["refusers"][0]) == {"name", "reason", "reason_label"}
    assert asked(rig, programme=THYROID).status_code == 404
    assert rig.named() == {GIVEN}
    keys = [one for one in rig.changes() if one.get("now") == "named"]
    assert len(keys) == 1, "nobody is announced as named because they refused"


def test_who_consents_or_objects_after_all_is_gone_from_the_next_answer(rig: Rig, clock: Clock) -> None:
    put(rig, **BASIS)
    everybody_decides(rig)
    put(rig, "/v1/switches", **SWITCH)
    clock.now += timedelta(days=7)
    seen = int(rig.officer("GET", f"/v1/consultants/{REFUSED}").headers["ETag"].strip('"'))
    assert rig.decide(REFUSED, "given", if_match=seen).status_code == 202
    assert names(rig) == [(f"Dr {SECOND}", None)]
    body = {"programme": CARDIAC, "purpose": OWN, "act": "objection_raised", "channel": "letter"}
    rig.officer("POST", f"/v1/consultants/{SECOND}/rights", json=body)
    assert names(rig) == []


def test_off_needs_one_person_and_is_at_once(rig: Rig, clock: Clock) -> None:
    put(rig, **BASIS)
    everybody_decides(rig)
    put(rig, "/v1/switches", **SWITCH)
    clock.now += timedelta(days=7)
    path = f"/v1/switches/{NAMING}/{CARDIAC}"
    for _ in range(2):
        assert ask(rig, "officer", "DELETE", path).json()["on"] is False
    assert asked(rig).status_code == 404
    again = propose(rig, "/v1/switches", **SWITCH)
    assert asked(rig).status_code == 404
    assert approve(rig, again).status_code == 200
    assert len(names(rig)) == 2


def test_off_is_as_if_it_had_never_been(rig: Rig, clock: Clock) -> None:
    """Twin answers: of a service that never had the switch, and of one that had it on and off again."""
    everybody_decides_not_naming(rig)
    before = (asked(rig).content, asked(rig, programme=CARDIAC).content)
    put(rig, **BASIS)
    put(rig, "/v1/switches", **SWITCH)
    assert asked(rig).status_code == 200
    ask(rig, "steward", "DELETE", f"/v1/switches/{NAMING}/{CARDIAC}")
    assert (asked(rig).content, asked(rig, programme=CARDIAC).content) == before


def everybody_decides_not_naming(rig: Rig) -> None:
    rig.register(*EVERYBODY)
    rig.decide(REFUSED, "refused", reason="privacy")


@pytest.mark.parametrize(
    ("changes", "status"), [({"warning_sha256": "0" * 64}, 422), ({"programme": "none"}, 422), ({"dpia": ""}, 422)]
)
def test_the_switch_needs_its_warning_read_and_its_assessment(rig: Rig, changes: dict[str, str], status: int) -> None:
    put(rig, **BASIS)
    assert ask(rig, "steward", "POST", "/v1/switches", json=SWITCH | changes).status_code == status


def test_the_switch_needs_a_basis_of_its_own_and_two_people(rig: Rig) -> None:
    found = ask(rig, "steward", "POST", "/v1/switches", json=SWITCH)
    assert (found.status_code, found.json()["code"]) == (409, "step_not_allowed")
    put(rig, **BASIS)
    state = ask(rig, "auditor", "GET", "/v1/switches").json()
    assert state["warning_sha256"] == WARNING_SHA256
    assert {one["on"] for one in state["switches"]} == {False}
    made = propose(rig, "/v1/switches", **SWITCH)
    assert approve(rig, made, "steward").json()["code"] == "same_person"
    assert approve(rig, made).status_code == 200
    on = [one for one in ask(rig, "auditor", "GET", "/v1/switches").json()["switches"] if one["on"]]
    assert [(one["programme"], one["dpia"]) for one in on] == [(CARDIAC, "DPIA-9")]
    assert ask(rig, "steward", "POST", "/v1/switches", json=SWITCH).json()["code"] == "step_not_allowed"


def test_where_its_basis_ends_the_switch_alone_names_nobody(rig: Rig, clock: Clock) -> None:
    put(rig, **BASIS)
    everybody_decides(rig)
    put(rig, "/v1/switches", **SWITCH)
    clock.now += timedelta(days=7)
    assert len(names(rig)) == 2
    put(rig, "/v1/legal-bases/naming-2026/end", last="2026-10-20", reason="Its instrument was replaced")
    assert names(rig) == []


def counts(rig: Rig, **params: str) -> dict[str, Any]:
    found = rig.officer("GET", "/v1/participation", params={"programme": CARDIAC} | params).json()["programmes"]
    return dict(found[0]["counts"])


def test_the_office_counts_exactly_at_any_date(rig: Rig, clock: Clock) -> None:
    rig.register(*EVERYBODY)
    rig.decide(GIVEN, "given", if_match=0)
    rig.decide(REFUSED, "refused", decided_on="2026-10-10")
    rig.decide(SECOND, "asked")
    clock.now += timedelta(days=5)
    rig.withdraw(GIVEN)
    zeros = dict.fromkeys(("pending", "given", "refused", "withdrawn", "erased", "objected", "named"), 0)
    now = {"asked": 3, "pending": 1, "refused": 1, "withdrawn": 1}
    assert counts(rig) == zeros | now
    assert counts(rig, at="2026-10-14") == zeros | {"asked": 3, "pending": 1, "refused": 1, "given": 1, "named": 1}
    assert counts(rig, at="2026-10-12", known="2026-10-14") == zeros | {"asked": 1, "refused": 1}
    assert counts(rig, at="2026-10-12", known="2026-10-13") == zeros | {"asked": 0}
    late = rig.officer("GET", "/v1/participation", params={"known": "2027-01-01"})
    assert (late.status_code, late.json()["errors"][0]["parameter"]) == (422, "known")


def test_a_gateway_is_told_the_safe_form_as_at_a_moment_for_ever(rig: Rig, clock: Clock) -> None:
    clock.now = datetime(2026, 10, 14, 9, tzinfo=UTC)
    people = [f"{9900000 + number}" for number in range(1, 42)]
    rig.register(*people)
    lines = ["gmc,programme,purpose,act,notice_version,decided_on,channel,evidence"]
    header = rig.load(
        "returns", [*lines, *(f"{gmc},{CARDIAC},{OWN},given,1,2026-10-01,letter," for gmc in people[:40])]
    )
    assert header["applied"] == 40
    at = "2026-10-14T09:00:00Z"
    first = rig.service("/v1/participation", "gateway", at=at)
    shares = {one["programme"]: one for one in first.json()["programmes"]}
    assert first.json()["form"] == "safe"
    assert shares[CARDIAC] | {"label": ""} == {
        "programme": CARDIAC, "label": "", "status": "published", "asked": 40, "at_least_percent": 75,
    }  # fmt: skip
    assert shares[THYROID]["status"] == "suppressed"
    assert set(shares[THYROID]) == {"programme", "label", "status"}
    clock.now += timedelta(days=1)
    for gmc in people[:30]:
        rig.withdraw(gmc)
    assert rig.service("/v1/participation", "gateway", at=at).content == first.content
    later = rig.service("/v1/participation", "gateway", programme=CARDIAC).json()["programmes"][0]
    assert (later["at_least_percent"], later["less_than_percent"]) == (0, 50)
