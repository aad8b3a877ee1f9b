"""On a disk that is really full somebody signs in and withdraws by a page, and sessions use up nothing of the room."""

from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Response

from services.consent import console
from services.consent.console import Visitor, signed_in
from services.consent.routes.parts import OfficeDep
from services.consent.workflow import decisions
from services.consent.workflow.decisions import SELF, Actor
from services.consent.workflow.sessions import Sessions
from shared.contracts.consent import WithdrawalRequest
from shared.kit.people import SUBJECTS
from tests.browsers import Browser, hidden
from tests.unit.test_consent_rig import CARDIAC, OWN, House, eventually
from tests.unit.test_consent_room import WHERE, Small, house

__all__ = ["house"]
MINE = SUBJECTS["consultant"]
planted = APIRouter()


@planted.post("/me/planted-withdrawal")
def withdraw(visitor: Annotated[Visitor, Depends(signed_in("consultant"))], office: OfficeDep) -> Response:
    asked = WithdrawalRequest(programme=CARDIAC, purpose=OWN, channel="self-service")
    decisions.withdraw(office, visitor.subject, asked, None, Actor(SELF, visitor.caller.assurance))
    visitor.say("Withdrawn.")
    return visitor.go("/me")


@pytest.fixture(params=WHERE)
def small(request: pytest.FixtureRequest, house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    monkeypatch.setattr(console, "ROUTERS", [*console.ROUTERS, planted])
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
    assert browser.post("/me/planted-withdrawal", hidden(page.text, "/me/sign-out")).status_code == 303
    assert "Withdrawn." in browser.get("/me").text
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
