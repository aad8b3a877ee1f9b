"""Announced days and preview windows, by the policy that a real audit has and a clock that the test turns."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

INDICATOR = ["adult-cardiac-surgery-mortality-30d"]
START = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)  # a Monday


class Clock:
    """The present moment, as the test wants it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def at(self, day: str, hour: int = 9, minute: int = 0) -> None:
        self.now = datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("calendar"), Stores(None), clock, "release") as running:
        load_world(running, small_world())
        yield running


@pytest.fixture(autouse=True)
def monday(clock: Clock) -> None:
    clock.now = START


def put(rig: Rig, day: str, who: str = "publisher", **more: str) -> tuple[int, Any]:
    found = rig.ask(who, "PUT", "/v1/calendar", json={"day": day, "title": "Deaths after heart surgery", **more})
    return found.status_code, found.json()


def days(rig: Rig) -> dict[str, dict[str, Any]]:
    return {one["day"]: one for one in rig.done("analyst", "GET", "/v1/calendar")["days"]}


def refusal(rig: Rig, who: str, release: str, step: str) -> tuple[int, str]:
    found = rig.ask(who, "POST", f"/v1/releases/{release}/{step}")
    return found.status_code, found.json().get("code", "")


def submitted(rig: Rig, day: str, **more: Any) -> str:
    body = {"date": day, "indicators": INDICATOR, **more}
    release = str(rig.ask("analyst", "POST", "/v1/releases", json=body).json()["release"])
    rig.built(release)
    rig.step("analyst", release, "submission")
    return release


def test_who_may_read_and_who_may_announce(rig: Rig) -> None:
    for who in ("analyst", "reviewer", "publisher", "auditor", "consultant", "lead", "practice"):
        assert rig.ask(who, "GET", "/v1/calendar").status_code == 200
    for who in ("steward", "officer"):
        assert rig.ask(who, "GET", "/v1/calendar").status_code == 403
    for who in ("analyst", "reviewer", "auditor", "lead"):
        assert put(rig, "2026-07-31", who)[0] == 403
    assert rig.ask("publisher", "GET", "/v1/calendar").json()["notice_days"] == 28


def test_a_day_is_announced_four_weeks_before_and_no_later(rig: Rig, clock: Clock) -> None:
    status, refused = put(rig, "2026-06-28")
    assert (status, refused["code"]) == (422, "value_not_allowed")
    assert refused["errors"] == [{"pointer": "day", "found": "2026-06-28", "expected": "2026-06-29 or later"}]
    assert put(rig, "2026-06-29")[0] == 200
    clock.at("2026-06-01", 23, 30)  # in London the second of June has begun
    assert put(rig, "2026-06-29")[0] == 200, "the same again changes nothing"
    assert put(rig, "2026-06-29", title="Deaths after any heart surgery")[0] == 200, "nor does a better title"
    assert put(rig, "2026-06-30")[0] == 200
    assert put(rig, "2026-06-29")[0] == 200
    assert days(rig)["2026-06-29"]["announced"] == "2026-06-01T09:00:00Z"


def test_a_day_is_moved_with_a_reason_and_the_reason_is_read(rig: Rig) -> None:
    assert put(rig, "2026-08-03")[0] == 200
    for more in ({"instead_of": "2026-08-03"}, {"reason": "Why"}):
        assert put(rig, "2026-08-10", **more)[1]["code"] == "value_not_allowed"
    move = {"instead_of": "2026-08-03", "reason": "Two hospitals sent their data late"}
    assert put(rig, "2026-06-05", **move)[1]["code"] == "value_not_allowed", "notice is kept by a move, too"
    for _ in range(2):  # and once more after a lost answer
        assert put(rig, "2026-08-10", **move)[0] == 200
    found = days(rig)
    assert "2026-08-03" not in found
    assert (found["2026-08-10"]["moved_from"], found["2026-08-10"]["moved_because"]) == tuple(move.values())
    assert put(rig, "2026-08-17", instead_of="2026-08-04", reason="Why")[1]["errors"][0]["pointer"] == "instead_of"
    assert put(rig, "2026-08-10", instead_of="2026-08-10", reason="Why")[1]["code"] == "value_not_allowed"


def test_a_release_waits_for_its_window_and_its_day(rig: Rig, clock: Clock) -> None:
    put(rig, "2026-07-01")
    clock.at("2026-06-01", 22, 59)
    release = submitted(rig, "2026-07-01")
    found = rig.done("analyst", "GET", f"/v1/releases/{release}")
    # Twenty working days after Monday 1 June 2026; England has no bank holiday between.
    assert (found["window_until"], found["submitted"]) == ("2026-06-29", "2026-06-01T22:59:00Z")
    rig.answer_all(release)
    clock.at("2026-06-29", 22, 59)  # a minute before midnight in London
    assert refusal(rig, "reviewer", release, "approval") == (409, "window_open")
    assert next(one for one in rig.gate(release)["checks"] if one["check"] == "preview")["state"] == "waiting"
    clock.at("2026-06-29", 23, 0)
    rig.sign(release, "reviewer")
    rig.step("reviewer", release, "approval")
    rig.sign(release, "publisher")
    clock.at("2026-06-30", 22, 59)
    assert refusal(rig, "publisher", release, "publication") == (409, "before_its_day")
    assert rig.gateway("/v1/views").json() == {"views": []}
    clock.at("2026-06-30", 23, 0)  # the first of July in London
    assert rig.step("publisher", release, "publication")["published"] == "2026-06-30T23:00:00Z"
    assert days(rig)["2026-07-01"]["releases"] == [release]
    assert put(rig, "2026-09-01", instead_of="2026-07-01", reason="Why")[1]["errors"][0]["pointer"] == "instead_of"
    corrected(rig, clock, release)
    dated_back(rig, clock, release)


def dated_back(rig: Rig, clock: Clock, came: str) -> None:
    """Notice cannot be saved by a date on which a release has come already."""
    clock.at("2026-09-01")
    another = submitted(rig, came)
    assert another == f"{came}.2"
    clock.at("2026-10-01")
    rig.answer_all(another)
    rig.sign(another, "reviewer")
    rig.step("reviewer", another, "approval")
    rig.sign(another, "publisher")
    assert refusal(rig, "publisher", another, "publication") == (409, "not_announced")
    assert another not in {one["release"] for one in rig.gateway("/v1/views").json()["views"]}


def corrected(rig: Rig, clock: Clock, wrong: str) -> None:
    """A correction comes without four weeks of notice, on a day that is announced for it and for nothing else."""
    clock.at("2026-07-06")
    status, refused = put(rig, "2026-08-03", correction_of="2020-01-01")
    assert (status, refused["code"]) == (404, "not_found")
    assert put(rig, "2026-08-04", correction_of=wrong)[0] == 200
    assert put(rig, "2026-08-04")[1]["code"] == "value_not_allowed", "it cannot become any day, at such notice"
    other = submitted(rig, "2026-08-04")
    assert refusal(rig, "publisher", other, "publication") == (409, "step_not_allowed")
    note = {"supersedes": wrong, "text": "Deaths at one hospital were counted twice."}
    unknown = {"date": "2026-08-04", "correction": {**note, "supersedes": "2020-01-01"}}
    refused = rig.ask("analyst", "POST", "/v1/releases", json=unknown).json()
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("value_not_allowed", "correction/supersedes")
    mending = submitted(rig, "2026-08-04", correction=note)
    clock.at("2026-08-05")
    rig.answer_all(mending)
    rig.answer_all(other)
    checks = {one["check"]: one["state"] for one in rig.gate(other)["checks"]}
    assert {name for name, state in checks.items() if state != "passed"} == {"announced"}
    rig.sign(mending, "reviewer")
    rig.step("reviewer", mending, "approval")
    rig.sign(mending, "publisher")
    published = rig.step("publisher", mending, "publication")
    assert (published["supersedes"], published["correction"]) == (wrong, note)
    manifests = [json.loads(rig.file(release, "manifest.json")) for release in (mending, wrong)]
    assert [one.get("correction") for one in manifests] == [note, None]


def test_without_an_announced_day_nothing_is_published(rig: Rig, clock: Clock) -> None:
    day = date(2026, 10, 1)
    release = submitted(rig, str(day))
    clock.at("2026-10-02")
    rig.answer_all(release)
    states = {one["check"]: one["state"] for one in rig.gate(release)["checks"]}
    assert {name for name, state in states.items() if state != "passed"} == {"announced"}
    assert refusal(rig, "reviewer", release, "approval") == (409, "gate_not_answered")
    clock.at("2026-08-03")
    assert put(rig, str(day))[0] == 200
    clock.at("2026-10-02")
    rig.sign(release, "reviewer")
    rig.step("reviewer", release, "approval")
    rig.sign(release, "publisher")
    clock.at("2026-08-03")
    assert put(rig, str(day + timedelta(days=7)), instead_of=str(day), reason="Late data")[0] == 200
    clock.at("2026-10-02")
    assert refusal(rig, "publisher", release, "publication") == (409, "not_announced")


def test_a_window_beyond_the_known_bank_holidays_is_refused_and_not_guessed(rig: Rig, clock: Clock) -> None:
    release = str(rig.build("2026-10-05", INDICATOR)["release"])
    clock.at("2027-12-20")
    refused = rig.ask("analyst", "POST", f"/v1/releases/{release}/submission")
    assert refused.status_code == 409, refused.text
    assert rig.done("analyst", "GET", f"/v1/releases/{release}")["submission"] == 0
