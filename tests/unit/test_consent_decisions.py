"""Decisions and withdrawals over HTTP: what is refused, what is never refused, and what the neighbours hear."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from tests.unit.test_consent_rig import CARDIAC, OWN, THYROID, House, Rig, house, rig, running

__all__ = ["house", "rig"]

ANNE, BEN, CARA = "9900001", "9900002", "9900003"


@pytest.fixture
def desk(rig: Rig) -> Rig:
    """A service that knows three consultants of one programme."""
    rig.register(ANNE, BEN, CARA)
    return rig


def test_a_decision_is_recorded_and_shown(desk: Rig) -> None:
    found = desk.decide(ANNE, "given", if_match=0)
    assert found.status_code == 202
    decision = found.json()
    assert (decision["act"], decision["revision"], decision["recorded"]) == ("given", 1, "2026-10-14T09:12:40Z")
    record = desk.officer("GET", f"/v1/consultants/{ANNE}")
    assert record.headers["ETag"] == '"1"'
    assert record.headers["Cache-Control"] == "no-store"
    assert record.json()["name"] == f"Dr {ANNE}"
    assert desk.state(ANNE) == {
        "programme": CARDIAC, "purpose": OWN, "decision": "given", "notice_version": 1, "revision": 1,
        "outcome": "named", "reason": "consent",
    }  # fmt: skip
    (entry,) = record.json()["history"]
    assert (entry["act"], entry["actor"], entry["channel"], entry["notice_version"]) == (
        "given",
        "officer",
        "letter",
        1,
    )


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({}, 428, "if_match_needed"),
        ({"If-Match": '"0"'}, 412, "revision_changed"),
        ({"If-Match": '"3"'}, 412, "revision_changed"),
        ({"If-Match": "*"}, 422, "value_not_allowed"),
        ({"If-Match": 'W/"2"'}, 422, "value_not_allowed"),
        ({"If-Match": '"2", "3"'}, 422, "value_not_allowed"),
        ({"If-Match": '"2"'}, 202, None),
    ],
)
def test_a_grant_must_have_seen_the_latest_record(
    desk: Rig, sent: dict[str, str], status: int, code: str | None
) -> None:
    assert desk.decide(ANNE, "given", if_match=0).status_code == 202
    assert desk.withdraw(ANNE).status_code == 202
    body = {"programme": CARDIAC, "purpose": OWN, "act": "given", "channel": "letter", "notice": {"version": 1}}
    found = desk.officer("POST", f"/v1/consultants/{ANNE}/decisions", json=body, headers=sent)
    assert (found.status_code, found.json().get("code")) == (status, code)
    assert desk.revision() == (3 if status == 202 else 2)


def test_a_lost_and_repeated_grant_cannot_land_after_a_withdrawal(desk: Rig) -> None:
    seen = int(desk.officer("GET", f"/v1/consultants/{ANNE}").headers["ETag"].strip('"'))
    assert desk.decide(ANNE, "given", if_match=seen).status_code == 202
    desk.withdraw(ANNE)
    assert desk.decide(ANNE, "given", if_match=seen).status_code == 412
    assert desk.named() == set()


def test_another_consultants_decision_does_not_make_a_record_stale(desk: Rig) -> None:
    assert desk.decide(BEN, "refused").status_code == 202
    assert desk.decide(ANNE, "given", if_match=0).status_code == 202


def test_asking_needs_no_tag_but_respects_one_and_refusing_is_never_stale(desk: Rig) -> None:
    assert desk.decide(ANNE, "asked").status_code == 202
    assert desk.decide(ANNE, "asked", if_match=0).status_code == 412
    assert desk.decide(ANNE, "refused", if_match=0).status_code == 202
    assert desk.decide(ANNE, "refused").status_code == 202
    assert desk.state(ANNE)["reason"] == "refused"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"notice": None}, "notice"),
        ({"notice": {"version": 2}}, "notice/version"),
        ({"notice": {"version": 0}}, "notice/version"),
        ({"programme": THYROID}, "programme"),
        ({"programme": "no-such-outcomes"}, "programme"),
        ({"purpose": "rating"}, "purpose"),
        ({"purpose": "fame"}, "purpose"),
        ({"act": "withdrawn"}, "act"),
        ({"act": "erased"}, "act"),
        ({"score": 1}, "score"),
    ],
)
def test_what_is_not_known_is_refused(desk: Rig, changes: dict[str, object], pointer: str) -> None:
    body = {
        "programme": CARDIAC,
        "purpose": OWN,
        "act": "given",
        "channel": "letter",
        "notice": {"version": 1},
    } | changes
    found = desk.officer("POST", f"/v1/consultants/{ANNE}/decisions", json=body, headers={"If-Match": '"0"'})
    assert (found.status_code, found.json()["code"]) == (422, "value_not_allowed")
    assert found.json()["errors"][0]["pointer"] == pointer
    assert desk.revision() == 0


@pytest.mark.parametrize("purpose", ["all", ["own_figures", "rating"], "ALL"])
def test_bundled_decisions_are_refused(desk: Rig, purpose: object) -> None:
    for found in (desk.decide(ANNE, "given", 0, purpose=purpose), desk.withdraw(ANNE, purpose=purpose)):
        assert (found.status_code, found.json()["code"]) == (409, "bundled_decision")


def test_a_body_that_is_no_json_is_refused(desk: Rig) -> None:
    for headers in ({"Content-Type": "application/json"}, {"Content-Type": "text/plain"}):
        found = desk.officer("POST", f"/v1/consultants/{ANNE}/withdrawal", content=b"{", headers=headers)
        assert found.status_code == 422


def test_an_unknown_consultant_is_not_found(desk: Rig) -> None:
    for found in (
        desk.decide("9999999", "given", 0),
        desk.withdraw("9999999"),
        desk.officer("GET", "/v1/consultants/9999999"),
    ):
        assert (found.status_code, found.json()["code"]) == (404, "not_found")
    assert desk.officer("GET", "/v1/consultants/99").status_code == 422


def test_a_withdrawal_is_never_too_late(desk: Rig) -> None:
    desk.decide(ANNE, "given", if_match=0)
    headers = {"If-Match": '"0"'}
    body = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
    found = desk.officer("POST", f"/v1/consultants/{ANNE}/withdrawal", json=body, headers=headers)
    assert (found.status_code, found.json()["act"], found.json()["revision"]) == (202, "withdrawn", 2)
    assert (desk.state(ANNE)["outcome"], desk.state(ANNE)["reason"]) == ("withheld", "withdrawn")


def test_a_withdrawal_needs_no_consent_before_it(desk: Rig) -> None:
    assert desk.withdraw(ANNE).json()["revision"] == 1
    assert desk.withdraw(BEN, programme=THYROID).status_code == 202
    assert desk.state(ANNE)["decision"] == "withdrawn"
    assert desk.withdraw(ANNE, programme="no-such-outcomes").status_code == 422


def test_a_second_withdrawal_is_recorded_and_changes_nothing(desk: Rig) -> None:
    desk.decide(ANNE, "given", if_match=0)
    desk.withdraw(ANNE)
    assert [desk.withdraw(ANNE).json()["revision"], desk.withdraw(ANNE, key="k").json()["revision"]] == [3, 4]
    assert [one.get("now") for one in desk.changes()] == ["named", "withheld", None, None]


@pytest.mark.parametrize("key", [None, "another"])
def test_a_grant_that_saw_the_first_withdrawal_cannot_land_after_the_second(desk: Rig, key: str | None) -> None:
    seen = desk.withdraw(ANNE, key="one").json()["revision"]
    assert desk.withdraw(ANNE, key="one").json()["revision"] == seen  # the same message, sent again
    desk.withdraw(ANNE, key=key)
    assert desk.decide(ANNE, "given", if_match=seen).status_code == 412
    assert desk.named() == set()


def test_the_same_key_gives_the_same_decision_whatever_came_between(desk: Rig) -> None:
    """Unless a grant came between: then the old receipt would say "withdrawn" of somebody who is named. Whether the
    message is an old one repeated or a new wish under an old key cannot be known, and every doubt falls on the hidden
    side: it is recorded anew, and from then on the key answers with that."""
    desk.decide(ANNE, "given", if_match=0)
    first = desk.withdraw(ANNE, key="once").json()
    desk.decide(BEN, "refused")
    assert desk.withdraw(ANNE, key="once").json() == first
    desk.decide(ANNE, "given", if_match=2)
    assert desk.named() == {ANNE}
    again = desk.withdraw(ANNE, key="once").json()
    assert (again["act"], again["revision"]) == ("withdrawn", 5)
    assert desk.named() == set()
    assert desk.withdraw(ANNE, key="once").json() == again
    assert desk.revision() == 5


def test_a_key_that_met_a_standing_withdrawal_is_remembered(desk: Rig) -> None:
    desk.withdraw(ANNE)
    late = desk.withdraw(ANNE, key="late").json()
    assert desk.withdraw(ANNE, key="late").json() == late
    desk.decide(ANNE, "given", if_match=late["revision"])
    assert desk.withdraw(ANNE, key="late").json()["revision"] == late["revision"] + 2
    assert desk.named() == set()


def test_a_key_belongs_to_one_consultant(desk: Rig) -> None:
    assert desk.withdraw(ANNE, key="same").json()["revision"] == 1
    assert desk.withdraw(BEN, key="same").json()["revision"] == 2


def test_changes_are_gapless_and_say_what_each_event_did(desk: Rig) -> None:
    desk.decide(ANNE, "asked")
    desk.decide(ANNE, "given", if_match=1)
    desk.decide(BEN, "refused")
    desk.decide(ANNE, "given", if_match=2)
    desk.withdraw(ANNE)
    desk.withdraw(BEN)
    desk.decide(ANNE, "given", if_match=5)
    desk.decide(ANNE, "refused")
    found = desk.changes()
    assert [one["revision"] for one in found] == list(range(1, 9))
    assert [one.get("now") for one in found] == [None, "named", None, None, "withheld", None, "named", "withheld"]
    assert [("key" in one) for one in found] == [("now" in one) for one in found]
    assert len({one["key"] for one in found if "key" in one}) == 1


def test_the_key_is_the_keyed_hash_of_programme_purpose_and_alias(desk: Rig) -> None:
    desk.decide(ANNE, "given", if_match=0)
    secret = (desk.house.folder / "consent-subjects.key").read_bytes().strip()
    alias = "p-" + hmac.new(secret, f"person|{ANNE}".encode(), hashlib.sha256).hexdigest()[:32]
    expected = hmac.new(secret, f"{CARDIAC}|{OWN}|{alias}".encode(), hashlib.sha256).hexdigest()[:32]
    assert desk.changes()[0]["key"] == expected
    (part,) = desk.service("/v1/permissions", programme=CARDIAC).json()["programmes"]
    assert part["named"] == [{"subject": ANNE, "key": expected, "basis": "consent"}]


@pytest.mark.parametrize(
    "params",
    [
        {"after": 1, "upto": 0},
        {"after": 0, "upto": 2},
        {"after": -1, "upto": 0},
        {"after": 0},
        {"after": 0, "upto": int("9" * 30)},
        {"after": int("9" * 30), "upto": int("9" * 30)},
    ],
)
def test_changes_outside_the_ledger_are_refused(desk: Rig, params: dict[str, Any]) -> None:
    desk.withdraw(ANNE)
    found = desk.service("/v1/changes", **params)
    assert (found.status_code, found.json()["code"]) == (422, "value_not_allowed")


def test_queries_are_strict(desk: Rig) -> None:
    auth = desk.house.service("ratings")
    assert desk.service("/v1/changes", after=0, upto=0, until=1).json()["code"] == "unknown_parameter"
    repeated = desk.client.get("/v1/changes?after=0&upto=0&after=0", auth=auth)
    assert repeated.json()["code"] == "repeated_parameter"
    assert desk.service("/v1/permissions", programme="no-such-outcomes").status_code == 422


def test_every_revision_has_one_hash_wherever_it_is_told(desk: Rig) -> None:
    heads = [desk.service("/v1/head").json()]
    for gmc in (ANNE, BEN, ANNE):
        desk.decide(gmc, "asked")
        heads.append(desk.service("/v1/head").json())
    assert len({head["ledger_head"] for head in heads}) == 4
    for head in heads:
        for upto in {head["revision"], 3}:
            found = desk.service("/v1/changes", after=head["revision"], upto=upto).json()
            assert found["after_head"] == head["ledger_head"]
    assert desk.service("/v1/permissions").json()["ledger_head"] == heads[-1]["ledger_head"]


def test_permissions_name_the_revision_they_were_read_at(desk: Rig) -> None:
    empty = desk.service("/v1/permissions").json()
    assert (empty["revision"], len(empty["programmes"])) == (0, 10)
    desk.decide(ANNE, "given", if_match=0)
    found = desk.service("/v1/permissions").json()
    assert (found["revision"], found["store_id"]) == (1, desk.service("/v1/head").json()["store_id"])
    assert found["ledger_head"] != empty["ledger_head"]
    assert [part["programme"] for part in found["programmes"] if part["named"]] == [CARDIAC]
    assert all(part["otherwise"] == "withheld" for part in found["programmes"])


def test_what_was_recorded_survives_a_restart(house: House, tmp_path: Path) -> None:
    settings = house.settings(tmp_path)
    with running(house, settings) as before:
        before.register(ANNE)
        before.decide(ANNE, "given", if_match=0)
        decision = before.withdraw(ANNE, key="k").json()
        permissions = before.service("/v1/permissions").json()
    with running(house, settings) as after:
        assert after.withdraw(ANNE, key="k").json() == decision
        assert after.service("/v1/permissions").json() == permissions


def test_the_list_is_paged_and_filtered(desk: Rig) -> None:
    desk.decide(BEN, "refused")
    desk.decide(CARA, "asked")
    assert [one["gmc"] for one in desk.officer("GET", "/v1/consultants?state=asked").json()["data"]] == [CARA]
    assert [one["gmc"] for one in desk.officer("GET", "/v1/consultants?state=not_sought").json()["data"]] == [ANNE]
    first = desk.officer("GET", "/v1/consultants?limit=2").json()
    assert [one["gmc"] for one in first["data"]] == [ANNE, BEN]
    second = desk.officer("GET", first["links"]["next"]).json()
    assert ([one["gmc"] for one in second["data"]], second["links"]) == ([CARA], {})
    assert desk.officer("GET", f"/v1/consultants?programme={THYROID}").json()["data"] == []
    assert desk.officer("GET", "/v1/consultants?cursor=abc").json()["code"] == "cursor_not_valid"


def test_a_page_may_end_with_a_practice(desk: Rig) -> None:
    header = "gmc,name,programme,kind,partners"
    desk.load("register", [header, f"A81001,Dr Alone,{CARDIAC},practice,1", f"B82,Dr Single,{CARDIAC},practice,1"])
    address, found = "/v1/consultants?limit=1", []
    while address:
        page = desk.officer("GET", address)
        assert page.status_code == 200, page.text
        found += [one["gmc"] for one in page.json()["data"]]
        address = page.json()["links"].get("next", "")
    assert sorted(found) == [ANNE, BEN, CARA, "A81001", "B82"]


@pytest.mark.parametrize("after", ["A81001\n", "9900001\n", "a81001", "99000011", "A8", "A810011", ""])
def test_a_cursor_that_ends_in_nobody_is_refused(desk: Rig, after: str) -> None:
    cursor = base64.urlsafe_b64encode(f"after:{after}".encode()).decode()
    found = desk.officer("GET", "/v1/consultants", params={"cursor": cursor})
    assert (found.status_code, found.json()["code"]) == (400, "cursor_not_valid")


@pytest.mark.parametrize("state", ["given", "refused", "withdrawn", "erased", "happy"])
def test_what_is_due_is_listed_and_never_who_refused_or_withdrew(desk: Rig, state: str) -> None:
    found = desk.officer("GET", f"/v1/consultants?state={state}")
    assert (found.status_code, found.json()["code"]) == (422, "value_not_allowed")
