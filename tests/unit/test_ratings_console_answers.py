"""The audit's pages beside the gate: announced days, and what those who are measured have sent."""

from collections.abc import Iterator

import polars as pl
import pytest

from tests.stores import Stores
from tests.unit.console_rig import browser_of, sent, text_of, token
from tests.unit.told_rig import Told, told_in

CALENDAR, ANSWERS = "/console/calendar", "/console/answers"
TEXT = "These were the patients\nwhom nobody else took & <b>they knew it</b>."


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with told_in(tmp_path_factory.mktemp("ratings"), Stores(None)) as running:
        running.submitted()
        yield running


@pytest.fixture(scope="module")
def mine(told: Told) -> str:
    """A result of whoever the account `consultant` is from now on."""
    people = sorted(told.results().filter(pl.col("level") == "consultant")["subject"].unique())
    return str(told.own("consultant", people[0])[0]["result"]["id"])


def test_days_are_announced_and_moved_by_the_publisher(told: Told) -> None:
    publisher = browser_of(told.rig, "publisher")
    page = sent(publisher, CALENDAR, CALENDAR, day="2026-11-30", title="Cardiac surgery & more")
    assert "30 November 2026" in page.text
    moved = sent(publisher, CALENDAR, CALENDAR, day="2026-12-15", title="Cardiac surgery & more",
                 instead_of="2026-11-30", reason="A hospital sent its data late.")  # fmt: skip
    assert "From 30 November 2026: A hospital sent its data late." in moved.text
    for who in ("analyst", "reviewer", "auditor"):
        page = browser_of(told.rig, who).get(CALENDAR)
        assert ("15 December 2026" in page.text, "Announce a day" in page.text) == (True, False)
    assert browser_of(told.rig, "steward").get(CALENDAR).status_code == 403
    reviewer = browser_of(told.rig, "reviewer")
    assert reviewer.post(CALENDAR, token(reviewer) | {"day": "2026-12-20", "title": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"day": "tomorrow", "title": "x"}, "day"),
        ({"day": "2026-06-02", "title": "x"}, "day"),  # not four weeks ahead
        ({"day": "2026-12-20"}, "title"),
        ({"day": "2026-12-20", "title": "x", "instead_of": "2026-12-19", "reason": "y"}, "instead_of"),
        ({"day": "2026-12-20", "title": "x", "instead_of": "2026-09-30"}, "reason"),
        ({"day": "2026-12-20", "title": "x", "correction_of": "2031-01-01"}, "correction_of"),
    ],
)
def test_a_day_that_cannot_be_announced_is_said_beside_its_field(
    told: Told, fields: dict[str, str], wrong: str
) -> None:  # fmt: skip
    publisher = browser_of(told.rig, "publisher")
    page = publisher.post(CALENDAR, token(publisher) | fields)
    assert (page.status_code, f'href="#{wrong}"' in page.text, f'id="{wrong}"' in page.text) == (422, True, True)
    assert "20 December 2026" not in page.text


def test_a_text_waits_for_a_reviewer_who_accepts_or_refuses_it(told: Told, mine: str) -> None:
    number = told.say("consultant", mine, TEXT).json()["sent"]["number"]
    action = f"{ANSWERS}/texts/{number}"
    reviewer = browser_of(told.rig, "reviewer")
    page = reviewer.get(ANSWERS)
    assert TEXT in text_of(page)
    assert "<b>they" not in page.text
    for fields, wrong in (
        ({}, "outcome"), ({"outcome": "refused"}, "ground"), ({"outcome": "refused", "ground": "law"}, "reason"),
        ({"outcome": "accepted", "reason": "Nice."}, "reason"),
    ):  # fmt: skip
        refused = reviewer.send(page, action, **fields)
        assert (refused.status_code, f'href="#{wrong}-{number}"' in refused.text) == (422, True), fields
    page = sent(reviewer, ANSWERS, action, outcome="refused", ground="confidentiality", reason="It names a patient.")
    assert "Refused for confidentiality: It names a patient." in page.text
    again = reviewer.post(action, token(reviewer) | {"outcome": "accepted"})
    assert (again.status_code, "This text is refused." in again.text) == (409, True)
    assert reviewer.post(f"{ANSWERS}/texts/99999", token(reviewer) | {"outcome": "accepted"}).status_code == 404


def test_a_query_waits_for_the_steward(told: Told, mine: str) -> None:
    asked = {"result": mine, "records": "Case 7", "about": "It was another unit's.", "disputed": True}
    made = told.rig.ask("consultant", "POST", "/v1/queries", json=asked, headers={"Idempotency-Key": "one"})
    action = f"{ANSWERS}/queries/{made.json()['number']}"
    steward = browser_of(told.rig, "steward")
    page = steward.get(ANSWERS)
    assert "It was another unit's." in text_of(page)
    assert "Replies and commentaries" not in page.text
    for fields, wrong in (({"data_changed": "no"}, "answer"), ({"answer": "It was yours."}, "data_changed")):
        refused = steward.send(page, action, **fields)
        assert (refused.status_code, f'href="#{wrong}-' in refused.text) == (422, True)
    page = sent(steward, ANSWERS, action, answer="It was yours.", data_changed="no")
    assert "No query waits." in page.text
    assert "It was yours." in page.text
    again = steward.post(action, token(steward) | {"answer": "No.", "data_changed": "no"})
    assert again.status_code == 409


def test_comments_are_for_those_who_make_the_release(told: Told, mine: str) -> None:
    body = {"release": "2026-09-30", "text": "The coding changed in May.", "result": mine}
    told.rig.ask("consultant", "POST", "/v1/me/comments", json=body, headers={"Idempotency-Key": "two"})
    for who, reads in (("analyst", True), ("reviewer", True), ("steward", False)):
        assert ("The coding changed in May." in browser_of(told.rig, who).get(ANSWERS).text) is reads
    assert browser_of(told.rig, "publisher").get(ANSWERS).status_code == 403
