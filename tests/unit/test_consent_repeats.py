"""A decision whose answer was lost is sent again under its key: it is one event, and never lands after what hid."""

from typing import Any

import httpx
import pytest

from tests.unit.route_table import MINE
from tests.unit.test_consent_rig import CARDIAC, OWN, Rig, house, rig

__all__ = ["house", "rig"]

BODY: dict[str, Any] = {"programme": CARDIAC, "purpose": OWN, "notice": {"version": 1}}


@pytest.fixture
def desk(rig: Rig) -> Rig:
    rig.register(MINE)
    return rig


def send(rig: Rig, act: str, seen: int, key: str | None = "k", **changes: Any) -> httpx.Response:
    headers = {"If-Match": f'"{seen}"'} | ({"Idempotency-Key": key} if key else {})
    body = BODY | {"act": act, "channel": "letter"} | changes
    return rig.officer("POST", f"/v1/consultants/{MINE}/decisions", json=body, headers=headers)


@pytest.mark.parametrize("act", ["asked", "given", "refused"])
def test_the_same_again_under_its_key_is_one_event_with_one_answer(desk: Rig, act: str) -> None:
    first, again = send(desk, act, 0), send(desk, act, 0)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["decision"] == again.json()["decision"]
    assert desk.revision() == 1


def test_a_grant_under_its_key_does_not_land_after_a_withdrawal(desk: Rig) -> None:
    assert send(desk, "given", 0).status_code == 202
    desk.withdraw(MINE)
    assert send(desk, "given", 0).json()["code"] == "revision_changed"
    assert (desk.revision(), desk.named()) == (2, set())


def test_a_key_answers_for_the_same_words_only(desk: Rig) -> None:
    assert send(desk, "given", 0).status_code == 202
    assert send(desk, "given", 0, scope={"last": "2020-12-31"}).json()["code"] == "revision_changed"
    assert send(desk, "given", 0, key="another").json()["code"] == "revision_changed"
    assert desk.revision() == 1


def test_a_refusal_under_its_key_hides_again_who_agreed_in_between(desk: Rig) -> None:
    first = send(desk, "refused", 0).json()
    assert send(desk, "given", 1, key="g").status_code == 202
    assert desk.named() == {MINE}
    again = send(desk, "refused", 0)
    assert (again.status_code, again.json()["revision"], desk.named()) == (202, 3, set())
    assert again.json()["decision"] != first["decision"]
    assert send(desk, "refused", 0).json()["revision"] == 3


def test_a_refusal_ends_a_sign_off_also_under_an_old_key(desk: Rig) -> None:
    desk.withdraw(MINE)
    assert send(desk, "refused", 0).json()["revision"] == 2
    assert send(desk, "refused", 0).json()["revision"] == 2
    body = {"programme": CARDIAC, "purpose": OWN, "act": "signed_off", "channel": "letter"}
    signed = desk.officer("POST", f"/v1/consultants/{MINE}/rights", json=body, headers={"If-Match": '"2"'})
    assert signed.status_code == 202
    assert send(desk, "refused", 0).json()["revision"] == 4


def test_the_person_repeats_their_own_decision(desk: Rig) -> None:
    headers = {"If-Match": '"0"', "Idempotency-Key": "k"}
    answers = [
        desk.client.post(
            "/v1/me/decisions", json=BODY | {"act": "given"}, headers=headers, auth=desk.house.person("consultant")
        )
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json()["decision"] == answers[1].json()["decision"]
    assert (desk.revision(), desk.named()) == (1, {MINE})


def test_what_comes_without_a_key_is_harmless(desk: Rig) -> None:
    assert send(desk, "given", 0, key=None).status_code == 202
    assert send(desk, "given", 0, key=None).status_code == 412
    assert [desk.withdraw(MINE).status_code, desk.withdraw(MINE).status_code] == [202, 202]
    assert desk.named() == set()
