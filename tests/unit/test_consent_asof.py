"""What could be published on a day of the past, as known then and as known since."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.test_consent_rig import CARDIAC, OWN, THYROID, Clock, House, Rig, house, running

__all__ = ["house"]

ANNE, BEN, CARA = "9900001", "9900003", "9900005"


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2013, 6, 28, 9, tzinfo=UTC))


@pytest.fixture
def summer(house: House, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    """June and July 2013: Anne agreed, and refused by a letter of 30 June that came on 3 July; Ben agreed for care of
    2012 only; nobody ever heard of Cara."""
    with house.stores.swept(), running(house, house.settings(tmp_path), clock) as rig:
        rig.register(ANNE, BEN, CARA)
        assert rig.decide(ANNE, "given", if_match=0).status_code == 202
        only = {"scope": {"first": "2012-01-01", "last": "2012-12-31"}}
        assert rig.decide(BEN, "given", if_match=0, **only).status_code == 202
        clock.now = datetime(2013, 7, 3, 23, 59, 59, 999999, tzinfo=UTC)
        assert rig.decide(ANNE, "refused", decided_on="2013-06-30").status_code == 202
        clock.now = datetime(2013, 7, 5, tzinfo=UTC)
        yield rig


def ask(rig: Rig, valid: str, known: str, who: str = "auditor", **params: Any) -> httpx.Response:
    asked = {"valid": valid, "known": known} | params
    found: httpx.Response = rig.client.get("/v1/as-of", params=asked, auth=rig.house.person(who))
    return found


def verdicts(rig: Rig, valid: str, known: str, **params: Any) -> dict[str, str]:
    found = ask(rig, valid, known, **params)
    assert found.status_code == 200, found.text
    body = found.json()
    assert body["named"] + body["withheld"] == len(body["answers"])
    return {one["gmc"]: one["reason"] for one in body["answers"]}


def test_a_letter_on_its_way_separates_two_answers(summer: Rig) -> None:
    assert verdicts(summer, "2013-07-01", "2013-07-01")[ANNE] == "consent"
    assert verdicts(summer, "2013-07-01", "2013-07-02")[ANNE] == "consent"
    assert verdicts(summer, "2013-07-01", "2013-07-03")[ANNE] == "refused"  # to the last microsecond of that day
    assert verdicts(summer, "2013-06-29", "2013-07-05")[ANNE] == "consent"  # the day before it was signed
    assert verdicts(summer, "2013-06-27", "2013-07-05") == {}  # nothing counted yet, and no law was in force


def test_a_day_that_is_asked_about_must_be_known_and_the_care_too(summer: Rig) -> None:
    assert verdicts(summer, "2013-07-05", "2013-07-05")[BEN] == "outside_scope"
    year = {"period_first": "2012-01-01", "period_last": "2012-12-31"}
    assert verdicts(summer, "2013-07-05", "2013-07-05", **year) == {ANNE: "refused", BEN: "consent"}
    refused = ask(summer, "2013-07-05", "2013-07-06")
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "known")
    assert (
        ask(summer, "2013-07-05", "2013-07-05", period_first="2013-01-02", period_last="2013-01-01").status_code == 422
    )
    assert ask(summer, "yesterday", "2013-07-05").status_code == 422


def test_the_same_question_has_the_same_bytes_whatever_happens_later(summer: Rig, clock: Clock) -> None:
    asked = ("2013-07-01", "2013-07-03")
    before = ask(summer, *asked).content
    clock.now = datetime(2014, 1, 1, tzinfo=UTC)
    summer.register(CARA, programme=THYROID)
    summer.withdraw(BEN)
    assert summer.decide(CARA, "asked").status_code == 202
    assert ask(summer, *asked).content == before
    assert ask(summer, *asked, who="officer").content == before
    head = ask(summer, *asked).json()
    assert (head["revision"], head["otherwise"]) == (3, "withheld")
    assert ask(summer, "2013-07-01", "2013-06-01").json()["revision"] == 0


def test_who_was_erased_since_keeps_their_place_without_the_number(summer: Rig, clock: Clock) -> None:
    before = ask(summer, "2013-07-01", "2013-07-01").json()["answers"]
    clock.now = datetime(2013, 8, 1, tzinfo=UTC)
    erased = summer.officer("POST", f"/v1/consultants/{ANNE}/erasure", json={"channel": "letter"})
    assert erased.status_code == 200
    after = ask(summer, "2013-07-01", "2013-07-01").json()["answers"]
    assert after == [
        {name: value for name, value in one.items() if one.get("gmc") != ANNE or name != "gmc"} for one in before
    ]
    assert verdicts(summer, "2013-08-01", "2013-08-01", gmc=BEN) == {BEN: "outside_scope"}


def test_a_question_may_be_narrowed(summer: Rig) -> None:
    assert list(verdicts(summer, "2013-07-01", "2013-07-01", gmc=ANNE)) == [ANNE]
    assert verdicts(summer, "2013-07-01", "2013-07-01", gmc=CARA) == {}
    assert verdicts(summer, "2013-07-01", "2013-07-01", programme=THYROID) == {}
    assert set(verdicts(summer, "2013-07-01", "2013-07-01", programme=CARDIAC, purpose=OWN)) == {ANNE, BEN}
    assert ask(summer, "2013-07-01", "2013-07-01", gmc="9999999").status_code == 404
    assert ask(summer, "2013-07-01", "2013-07-01", surname="x").status_code == 422


def test_today_as_known_today_is_what_may_be_named(summer: Rig) -> None:
    """And so after each of a run of decisions."""
    steps = [("given", ANNE), ("restricted", ANNE), ("refused", BEN), ("given", CARA), ("objection_raised", CARA)]
    for act, gmc in steps:
        if act in {"given", "refused"}:
            seen = int(summer.officer("GET", f"/v1/consultants/{gmc}").headers["ETag"].strip('"'))
            assert summer.decide(gmc, act, if_match=seen).status_code == 202
        else:
            body = {"programme": CARDIAC, "purpose": OWN, "act": act, "channel": "letter"}
            assert summer.officer("POST", f"/v1/consultants/{gmc}/rights", json=body).status_code == 202
        answers = ask(summer, "2013-07-05", "2013-07-05").json()["answers"]
        assert {one["gmc"] for one in answers if one["verdict"] == "named"} == summer.named()
