"""Every page of ratings, every role: a row each, and each of its cells tested. A page that is missing here fails."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pytest
from fastapi.routing import iter_route_contexts

from services.ratings.console.people import AUDIT, DESK, SUBJECTS
from tests.browsers import Browser
from tests.stores import Stores
from tests.unit.console_rig import browser_of, token
from tests.unit.test_ratings_rig import Rig, rig_in

ACCOUNTS: Final = (*sorted(AUDIT), *sorted(SUBJECTS))
STRANGERS: Final = ("officer",)  # of the consent service: nothing here is theirs
RELEASE, CASE, RESULT = "2026-09-30", "k-000000000000", "r-000000000000"
FILL: Final = {"release": RELEASE, "check": "dpia", "number": "1", "case": CASE, "result": RESULT}
ONE: Final = "/console/releases/{release}"


@dataclass(frozen=True)
class Row:
    """`who` may; they are answered with one of `ok`. `form`: a valid one, without its token."""

    who: str
    ok: tuple[int, ...] = (200,)
    form: Mapping[str, str] | None = None

    @property
    def roles(self) -> set[str]:
        return set(self.who.split())


EVERYBODY: Final = " ".join(ACCOUNTS)
MEASURED: Final = " ".join(sorted(SUBJECTS))
STEP: Final = {"step": "take_up", "note": "n", "seen": "1", "key": "k"}
SAID: Final = {"text": "Words", "seen": "0", "key": "k"}
PAGES: Final[dict[tuple[str, str], Row]] = {
    ("GET", "/console"): Row(" ".join(sorted(AUDIT))),
    ("GET", ONE): Row("analyst reviewer publisher auditor", ok=(404,)),
    ("GET", f"{ONE}/withheld"): Row("analyst reviewer publisher", ok=(404,)),
    ("GET", f"{ONE}/differences"): Row("analyst reviewer publisher", ok=(404,)),
    ("POST", f"{ONE}/checks/{{check}}"): Row("reviewer publisher", ok=(404,), form={"passed": "yes", "note": "n"}),
    ("POST", f"{ONE}/signature"): Row(
        "reviewer publisher", ok=(403, 404), form={"role": "reviewer", "gate": f"sha256:{'0' * 64}"}
    ),
    ("POST", f"{ONE}/submission"): Row("analyst", ok=(404,), form={}),
    ("POST", f"{ONE}/return"): Row("reviewer", ok=(404,), form={"reason": "r"}),
    ("POST", f"{ONE}/approval"): Row("reviewer", ok=(404,), form={}),
    ("POST", f"{ONE}/publication"): Row("publisher", ok=(404,), form={}),
    ("POST", f"{ONE}/takedown"): Row("publisher", ok=(404,), form={"reason": "r"}),
    ("GET", "/console/calendar"): Row("analyst reviewer publisher auditor"),
    ("POST", "/console/calendar"): Row("publisher", ok=(303,), form={"day": "2031-01-01", "title": "A release"}),
    ("GET", "/console/answers"): Row("analyst reviewer steward"),
    ("POST", "/console/answers/texts/{number}"): Row("reviewer", ok=(404,), form={"outcome": "accepted"}),
    ("POST", "/console/answers/queries/{number}"): Row(
        "steward", ok=(404,), form={"answer": "a", "data_changed": "no"}
    ),
    ("GET", "/console/cases"): Row("analyst reviewer auditor"),
    ("GET", "/console/cases/{case}"): Row("analyst reviewer auditor", ok=(404,)),
    ("POST", "/console/cases/{case}"): Row("analyst", ok=(404,), form=STEP),
    ("GET", "/me"): Row(MEASURED),
    ("GET", "/me/reply/{result}"): Row(MEASURED, ok=(404,)),
    ("POST", "/me/reply/{result}/look"): Row(MEASURED, ok=(404,), form={"text": "Words", "seen": "0"}),
    ("POST", "/me/reply/{result}"): Row(MEASURED, ok=(404,), form=SAID),
    ("GET", "/me/commentary"): Row(MEASURED),
    ("POST", "/me/commentary/look"): Row(MEASURED, ok=(404,), form={"release": RELEASE, "text": "Words", "seen": "0"}),
    ("POST", "/me/commentary"): Row(MEASURED, ok=(404,), form=SAID | {"release": RELEASE}),
    ("POST", "/me/comments"): Row(MEASURED, ok=(404,), form={"release": RELEASE, "text": "Words", "key": "k"}),
    ("GET", "/me/queries"): Row(MEASURED),
    ("POST", "/me/queries"): Row(
        MEASURED, ok=(404,), form={"result": RESULT, "records": "r", "about": "a", "key": "k"}
    ),
    ("POST", "/me/queries/{number}/flag"): Row(MEASURED, ok=(404,), form={}),
    ("POST", "/me/texts/{number}/withdrawal"): Row(MEASURED, ok=(404,), form={}),
    ("GET", "/me/cases"): Row(MEASURED),
    ("GET", "/me/pack"): Row(MEASURED),
    ("GET", "/me/signals"): Row(MEASURED),
    ("GET", "/me/signals/{case}"): Row(MEASURED, ok=(404,)),
    ("POST", "/me/signals/{case}"): Row(MEASURED, ok=(404,), form=STEP),
    ("POST", "/console/sign-out"): Row(EVERYBODY, ok=(303,), form={}),
    ("POST", "/me/sign-out"): Row(EVERYBODY, ok=(303,), form={}),
}
DOORS: Final = {
    *((method, f"{area}/sign-in") for method in ("GET", "POST") for area in ("/console", "/me")),
    *(("GET", f"{area}/signed-out") for area in ("/console", "/me")),
    ("GET", "/console/static/{name}"),
}
CHANGING: Final = {pair: row for pair, row in PAGES.items() if row.form is not None}


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("ratings"), Stores(None)) as running:
        yield running


def area_of(account: str) -> str:
    return "/me" if account in SUBJECTS else "/console"


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_page_is_open_to_its_roles_only(rig: Rig, account: str) -> None:
    browser, wrong = browser_of(rig, account), {}
    for (method, path), row in PAGES.items():
        address = path.format_map(FILL)
        if path.endswith("sign-out"):
            browser = browser_of(rig, account)
        if row.form is None:
            found = browser.get(address)
        else:
            found = browser.post(address, token(browser, area_of(account)) | dict(row.form))
        allowed = found.status_code in row.ok if account in row.roles else found.status_code == 403
        if path.endswith("sign-out"):
            browser = browser_of(rig, account)
        if not allowed or found.headers["Cache-Control"] != "no-store":
            wrong[method, address] = (found.status_code, found.text[-300:])
    assert wrong == {}


def test_who_is_not_signed_in_finds_the_door(rig: Rig) -> None:
    nobody = Browser(rig.ratings.app)  # type: ignore[arg-type]  # a FastAPI application
    for (method, path), row in PAGES.items():
        address = path.format_map(FILL)
        found = nobody.get(address) if method == "GET" else nobody.post(address, dict(row.form or {}))
        assert found.status_code == 401, (method, path)
    for stranger in STRANGERS:
        assert nobody.sign_in(stranger, rig.passwords[stranger]).status_code != 303


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_no_form_is_taken_without_its_token_or_from_elsewhere(rig: Rig, method: str, path: str) -> None:
    row = CHANGING[method, path]
    account = next(one for one in ACCOUNTS if one in row.roles)
    browser, address = browser_of(rig, account), path.format_map(FILL)
    form = dict(row.form or {})
    whole = token(browser, area_of(account)) | form
    elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert browser.post(address, form).status_code == 403
    assert browser.post(address, form | {"csrf": "0" * 43}).status_code == 403
    assert browser.post(address, whole, headers=elsewhere).status_code == 403


def test_the_table_is_complete(rig: Rig) -> None:
    declared = {
        (method, str(route.path))
        for route in iter_route_contexts(rig.ratings.app.routes)  # type: ignore[attr-defined]  # a FastAPI application
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert {pair for pair in declared if DESK.area_of(pair[1])} == set(PAGES) | DOORS


def test_links_lead_only_where_their_role_may_go(rig: Rig) -> None:
    for account in ACCOUNTS:
        browser = browser_of(rig, account)
        links = [href for href, _, roles in DESK.navigation if account in roles]
        assert links
        assert {browser.get(href).status_code for href in links} == {200}, account
