"""A ratings service on a socket with something on every page: a release under review, one published before it, texts,
queries and an outlier case."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page

from services.ratings.console.people import SUBJECTS
from tests.stores import Stores
from tests.unit.case_rig import HOSPITAL, SURGEON, Desk, Running, be, desk_in
from tests.unit.test_gateway_world import Listening

FIRST, SECOND = "2026-06-30", "2026-07-31"
TEXT: Final = "These were the patients\nwhom nobody else took. " + "W" * 120
BUILD_DAY: Final = date(2026, 7, 31)


@dataclass(frozen=True)
class Made:
    """The service's address, who is who, and what the pages' addresses have in them."""

    url: str
    desk: Desk
    case: str
    result: str

    def sign_in(self, context: BrowserContext, who: str) -> Page:
        page = context.new_page()
        page.goto("/me/sign-in" if who in SUBJECTS else "/console/sign-in")
        page.get_by_label("Account").fill(who)
        page.get_by_label("Password").fill(self.desk.rig.passwords[who])
        page.get_by_role("button", name="Sign in", exact=True).click()
        return page


@contextmanager
def ratings_in(folder: Path) -> Iterator[Made]:
    with desk_in(folder, Stores(None), BUILD_DAY) as desk:
        desk.deliver(60)
        be(desk.rig, "lead", HOSPITAL)
        be(desk.rig, "consultant", SURGEON)
        first = desk.build(FIRST)
        desk.submit(first)
        desk.publish(first)
        second = desk.build(SECOND)
        desk.submit(second)
        result = _said(desk, second)
        case = desk.alarm()
        for step in ("take_up", "case_to_answer", "tell"):
            desk.taken("analyst", case, step)
        listening = Listening(Running(desk.rig.ratings.app))  # type: ignore[arg-type]  # an ASGI application
        try:
            yield Made(listening.url, desk, case, result)
        finally:
            listening.stop()


def _said(desk: Desk, release: str) -> str:
    """A reply, a commentary, a comment and a query of the consultant and of the hospital; the consultant's result."""
    ids = []
    for who in ("lead", "consultant"):
        found = desk.rig.done(who, "GET", "/v1/me/results")["releases"]
        own: dict[str, Any] = next(one for one in found if one["release"] == release)["results"][0]
        ids.append(str(own["result"]["id"]))
        desk.rig.done(who, "PUT", f"/v1/me/replies/{ids[-1]}", json={"text": TEXT})
        desk.rig.done(who, "PUT", "/v1/me/commentary", json={"release": release, "text": TEXT})
        for path, body in (
            ("/v1/me/comments", {"release": release, "text": TEXT}),
            ("/v1/queries", {"result": ids[-1], "records": "Case 7", "about": TEXT, "disputed": True}),
        ):
            sent = desk.rig.ask(who, "POST", path, json=body, headers={"Idempotency-Key": f"{who}{path}"})
            assert sent.status_code == 201, sent.text
    return ids[-1]
