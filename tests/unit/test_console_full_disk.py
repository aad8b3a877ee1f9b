"""On a disk that is really full somebody signs in and withdraws by a page, and sessions use up nothing of the room."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from services.consent.workflow.sessions import Sessions
from shared.kit.people import SUBJECTS
from tests.browsers import Browser, choice
from tests.unit.test_consent_rig import House, eventually
from tests.unit.test_consent_room import WHERE, Small, house

__all__ = ["house"]
MINE = SUBJECTS["consultant"]


@pytest.fixture(params=WHERE)
def small(request: pytest.FixtureRequest, house: House) -> Iterator[Small]:
    with WHERE[request.param](house, request) as made:
        yield made


def test_signing_in_and_withdrawing_by_a_page_work_on_a_full_disk(small: Small) -> None:
    rig = small.rig
    assert rig.decide(MINE, "given", if_match=0).status_code == 202
    app: FastAPI = rig.client.app  # type: ignore[assignment]
    sessions: Sessions = app.state.sessions
    before = Browser(app)
    assert before.sign_in("officer", rig.house.passwords["officer"]).status_code == 303
    eventually(lambda: len(sessions.owed), lambda owed: not owed)
    small.fill()
    browser = Browser(app)
    assert browser.sign_in("consultant", rig.house.passwords["consultant"], "/me/sign-in").status_code == 303
    assert rig.named() == {MINE}
    page = browser.get("/me")
    assert browser.post("/me/choice", choice(page.text, "withdrawn")).status_code == 303
    assert "Withdrawn" in browser.get("/me").text
    assert rig.named() == set()
    small.look_again()
    eventually(lambda: small.room.short, bool)
    for _ in range(3):  # what is held back is for withdrawals
        assert Browser(app).sign_in("officer", rig.house.passwords["officer"]).status_code == 303
    assert sessions.owed
    assert not sessions.write()
    assert browser.send(browser.get("/me"), "/me/sign-out").status_code == 303
    assert (browser.get("/me").status_code, before.get("/console").status_code) == (401, 200)
    small.disk.make_room()
    small.look_again()
    eventually(lambda: len(sessions.owed), lambda owed: not owed)
    assert len(sessions.table.load()) == len(sessions.known) == 4
