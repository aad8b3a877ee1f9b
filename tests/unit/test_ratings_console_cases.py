"""Outlier cases in the console, and what those whose result it is see of them."""

from collections.abc import Iterator
from datetime import date

import pytest

from tests.stores import Stores
from tests.unit.case_rig import HOSPITAL, INDICATOR, Desk, be, desk_in
from tests.unit.console_rig import browser_of, sent, text_of, token

CASES, SIGNALS = "/console/cases", "/me/signals"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_in(tmp_path_factory.mktemp("cases"), Stores(None), date(2026, 6, 1)) as running:
        running.deliver(60)
        release = running.build("2026-09-30")
        running.submit(release)
        be(running.rig, "lead", HOSPITAL)
        yield running


def test_a_case_is_taken_step_by_step_to_whoever_must_answer(desk: Desk) -> None:
    case = desk.alarm()
    here, there = f"{CASES}/{case}", f"{SIGNALS}/{case}"
    analyst, lead = browser_of(desk.rig, "analyst"), browser_of(desk.rig, "lead")
    assert case in analyst.get(CASES).text
    assert case in analyst.get(f"{CASES}?state=signal").text
    assert case not in analyst.get(f"{CASES}?state=published").text
    assert (case in lead.get(SIGNALS).text, lead.get(there).status_code) == (False, 404)
    for step in ("take_up", "case_to_answer", "tell"):
        page = sent(analyst, here, here, step=step, note=f"As the minutes say: {step} & more")
        assert f"As the minutes say: {step} & more" in text_of(page)
    assert "Awaiting a response" in page.text
    assert case in lead.get(SIGNALS).text
    out_of_turn = analyst.send(analyst.get(here), here, step="respond", note="They telephoned.")
    assert (out_of_turn.status_code, 'href="#override"' in out_of_turn.text) == (422, True)
    told = lead.get(there)
    assert "As the minutes say: take_up" not in told.text  # before they might know of it
    page = sent(lead, there, there, step="respond", note="Three were sent to us dying.")
    assert "In review" in page.text
    assert "Three were sent to us dying." in analyst.get(here).text


def test_the_form_says_what_it_lacks_and_refuses_what_was_not_seen(desk: Desk) -> None:
    case = desk.alarm()
    here = f"{CASES}/{case}"
    analyst = browser_of(desk.rig, "analyst")
    page = analyst.get(here)
    steps = desk.read(case)
    fields = {"step": steps["next_steps"][0] if steps["next_steps"] else "explain", "note": "Nothing"}
    for given, wrong in (
        ({"note": "x"}, "step"),
        ({"step": "take_up"}, "note"),
        (fields | {"note": "n" * 4001}, "note"),
    ):
        refused = analyst.send(page, here, **given)
        assert (refused.status_code, f'href="#{wrong}"' in refused.text) == (422, True), given
    stale = analyst.post(here, token(analyst) | fields | {"seen": "0", "key": "k"})
    assert (stale.status_code, "Read it again" in stale.text) == (412, True)
    assert desk.read(case)["sequence"] == steps["sequence"]
    assert analyst.post(here, token(analyst) | fields | {"seen": "x", "key": "k"}).status_code == 422
    for who in ("reviewer", "auditor"):
        page = browser_of(desk.rig, who).get(here)
        assert (page.status_code, "There is no step for you" in page.text) == (200, True)
        browser = browser_of(desk.rig, who)
        assert browser.post(here, token(browser) | fields | {"seen": "1", "key": "k"}).status_code == 403
    for who in ("publisher", "steward"):
        assert browser_of(desk.rig, who).get(CASES).status_code == 403
    assert analyst.get(f"{CASES}/k-000000000000").status_code == 404
    assert analyst.get(f"{CASES}?state=nowhere").status_code == 404


def test_nobody_sees_a_signal_about_somebody_else(desk: Desk) -> None:
    case = desk.alarm()
    be(desk.rig, "lead", "ZZ001")
    lead = browser_of(desk.rig, "lead")
    assert case not in lead.get(SIGNALS).text
    assert lead.get(f"{SIGNALS}/{case}").status_code == 404
    fields = {"step": "respond", "note": "n", "seen": "1", "key": "k"}
    assert lead.post(f"{SIGNALS}/{case}", token(lead, "/me") | fields).status_code == 404
    be(desk.rig, "lead", HOSPITAL)


def test_other_data_are_told_with_positions_first(desk: Desk) -> None:
    """The last of these tests: the release of the others is published, and their hospital's data are set right."""
    desk.clock.to(date(2026, 9, 30))
    desk.publish("2026-09-30")
    desk.deliver(0)
    second = desk.build("2026-10-31", (INDICATOR, "adult-cardiac-surgery-mortality-30d"))
    reviewer = browser_of(desk.rig, "reviewer")
    page = reviewer.get(f"/console/releases/{second}/differences")
    found = desk.rig.done("reviewer", "GET", f"/v1/releases/{second}/differences")
    assert page.status_code == 200
    assert f"Other position among the limits: {found['bands_changed']}" in page.text
    assert found["bands_changed"] > 0
    moved, others = page.text.split("Other figures, same position")
    for number, one in enumerate(found["changed"]):
        assert one["subject"] in (moved if number < found["bands_changed"] else others)
    assert len(found["new"]) > 0
    assert all(one["subject"] in others.split(">New<")[1] for one in found["new"])
    assert "Other data" in page.text
