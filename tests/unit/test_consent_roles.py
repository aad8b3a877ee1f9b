"""Every route, every role, whose record: each cell of `route_table.py`, and that the cookie opens pages and nothing
else."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from services.consent.console.people import DESK
from shared.kit.people import DEMONSTRATION
from shared.kit.tokens import ServiceToken
from tests.browsers import Browser, hidden
from tests.people import change_person
from tests.unit.route_table import (
    ACCOUNTS,
    ANYBODY,
    DOORS,
    MINE,
    OTHERS,
    PAGES,
    ROUTES,
    SERVICES,
    Row,
    addresses,
    filled,
)
from tests.unit.test_consent_rig import House, Rig, build_house, rig

__all__ = ["rig"]

SECOND = "consultant-b"
GIVEN_UP = "of-the-second-consultant"


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: who may ask what is decided before any database is asked."""
    return "sqlite"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """With a second consultant, of another record."""
    house = build_house(tmp_path_factory.mktemp("house"))
    change_person(house.folder / "people.json", SECOND, roles=["consultant"], subject=OTHERS, password=GIVEN_UP)
    house.passwords[SECOND] = GIVEN_UP
    return house


@pytest.fixture
def staffed(rig: Rig) -> Rig:
    rig.register(MINE, OTHERS)
    return rig


def app_of(rig: Rig) -> FastAPI:
    app: FastAPI = rig.client.app  # type: ignore[assignment]
    return app


def auth_of(rig: Rig, caller: str) -> httpx.Auth:
    return rig.house.service(caller) if caller in SERVICES else rig.house.person(caller)


def browser_of(rig: Rig, account: str) -> Browser:
    """Signed in, where the account has pages at all."""
    browser = Browser(app_of(rig))
    browser.sign_in(account, rig.house.passwords[account])
    return browser


def expected(row: Row, caller: str, code: int, body: str) -> bool:
    if row.roles & {ANYBODY, caller}:
        return code in row.ok
    return code == 403 and "role_not_allowed" in body


@pytest.mark.parametrize("caller", [*ACCOUNTS, *SERVICES])
def test_every_route_is_open_to_its_roles_only(staffed: Rig, caller: str) -> None:
    wrong = {}
    for (method, path), row in ROUTES.items():
        for address in addresses(staffed, path):
            options = row.asked(staffed, caller)
            found = staffed.client.request(method, address, auth=auth_of(staffed, caller), **options)
            if not expected(row, caller, found.status_code, found.text):
                wrong[method, address] = (found.status_code, found.text)
    assert wrong == {}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_page_is_open_to_its_roles_only(staffed: Rig, account: str) -> None:
    """Who has no page cannot sign in at all, so finds the form."""
    pages = {role for row in PAGES.values() for role in row.roles}
    wrong = {}
    for (method, path), row in PAGES.items():
        for address in addresses(staffed, path):
            browser = browser_of(staffed, account)
            found = _ask_page(staffed, browser, account, address, row)
            right = found.status_code == 401 if account not in pages else False
            if not (right or expected(row, account, found.status_code, found.text)):
                wrong[method, address] = (found.status_code, found.text[-600:])
    assert wrong == {}


def _ask_page(rig: Rig, browser: Browser, account: str, address: str, row: Row) -> httpx.Response:
    if row.form is None:
        return browser.get(address, **row.asked(rig, account))
    return browser.post(address, _token(browser) | dict(row.form), **row.asked(rig, account))


def _token(browser: Browser) -> dict[str, str]:
    """The token that every page of somebody signed in has in its header; empty where nobody is."""
    for area in ("/console", "/me"):
        page = browser.get(area)
        if page.status_code != 401:
            return hidden(page.text, f"{area}/sign-out")
    return {}


def test_the_tables_are_complete(rig: Rig) -> None:
    declared = {
        (method, str(route.path))
        for route in iter_route_contexts(app_of(rig).routes)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert {pair for pair in declared if DESK.area_of(pair[1]) is None} == set(ROUTES)
    assert {pair for pair in declared if DESK.area_of(pair[1])} == set(PAGES) | DOORS


def test_every_row_says_what_it_must() -> None:
    assert {*ACCOUNTS} == {role for roles in DEMONSTRATION.values() for role in roles}, "a role that nobody asks with"
    known = {*ACCOUNTS, *SERVICES, ANYBODY}
    assert [pair for pair, row in (ROUTES | PAGES).items() if not row.roles or row.roles - known] == []
    assert [pair for pair, row in PAGES.items() if (pair[0] != "GET") is not (row.form is not None)] == []
    mine = {
        pair for pair in ROUTES | PAGES if pair[1].startswith(("/v1/me", "/me")) and not pair[1].endswith("sign-out")
    }
    assert {pair for pair, row in (ROUTES | PAGES).items() if row.own} == mine
    assert [path for _, path in mine if "{gmc}" in path] == []  # whose record it is stands in the account


CLOSED = [pair for pair, row in ROUTES.items() if ANYBODY not in row.roles]


def test_nobody_unknown_comes_in(staffed: Rig) -> None:
    before, wrong = staffed.revision(), {}
    forged = ServiceToken("ratings", "consent", b"x" * 64)
    elsewhere = ServiceToken("ratings", "ingest", (staffed.house.folder / "ratings-consent.key").read_bytes())
    for number, (method, path) in enumerate(CLOSED):
        passwords = [httpx.BasicAuth(f"nobody-{number}", staffed.house.passwords["officer"])]
        passwords += [httpx.BasicAuth("officer", "wrong"), httpx.BasicAuth("", "")] if number < 5 else []
        strangers: list[httpx.Auth | None] = [None, forged, elsewhere, *passwords]
        for auth in strangers:
            options = ROUTES[method, path].asked(staffed, "nobody")
            found = staffed.client.request(method, filled(staffed, path), auth=auth, **options)
            if (found.status_code, found.json()["code"]) != (401, "not_signed_in"):
                wrong[method, path, str(auth)] = (found.status_code, found.text)
    assert wrong == {}
    assert staffed.revision() == before


def test_a_cookie_opens_no_route_of_the_api(staffed: Rig) -> None:
    wrong = {}
    for account in ("officer", "steward", "auditor", "consultant"):
        browser = browser_of(staffed, account)
        assert browser.cookie is not None
        for method, path in CLOSED:
            options = ROUTES[method, path].asked(staffed, "nobody")
            headers = {"Origin": browser.origin, "Sec-Fetch-Site": "same-origin"} | dict(options.get("headers", {}))
            found = browser.client.request(method, filled(staffed, path), **dict(options) | {"headers": headers})
            if (found.status_code, found.json()["code"]) != (401, "not_signed_in"):
                wrong[method, path, account] = (found.status_code, found.text)
    assert wrong == {}


def test_a_password_or_a_token_in_a_header_opens_no_page(staffed: Rig) -> None:
    wrong = {}
    for method, path in PAGES:
        for caller in (*ACCOUNTS, *SERVICES):
            found = Browser(app_of(staffed)).client.request(
                method, filled(staffed, path), auth=auth_of(staffed, caller)
            )
            # no window of the browser's own, that would ask for a password which no page takes
            asks = "www-authenticate" in found.headers
            if found.status_code != 401 or asks or 'name="password"' not in found.text:
                wrong[method, path, caller] = (found.status_code, found.text)
    assert wrong == {}


def test_no_other_site_can_send_the_form_of_a_page(staffed: Rig) -> None:
    before, wrong = staffed.revision(), {}
    for (method, path), row in PAGES.items():
        if row.form is None:
            continue
        account = sorted(row.roles)[0]
        browser = browser_of(staffed, account)
        right = _token(browser)
        for number, change in enumerate(FOREIGN):
            given = right | {"csrf": change["token"]} if "token" in change else right
            fields = {name: value for name, value in (dict(row.form) | given).items() if value is not None}
            found = browser.post(
                filled(staffed, path), fields, {name: value for name, value in change.items() if name != "token"}
            )
            if found.status_code != 403 or "form_not_ours" not in found.text:
                wrong[method, path, number] = (found.status_code, found.text)
        assert _token(browser) == right  # nothing happened, and nobody was signed out
    assert wrong == {}
    assert staffed.revision() == before


FOREIGN: list[dict[str, Any]] = [
    {"token": None},
    {"token": ""},
    {"token": "x" * 43},
    {"token": "\u00e9"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "SAME-ORIGIN"},
    {"Sec-Fetch-Site": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "http://consent.example"},
    {"Origin": "https://consent.example:444"},
    {"Origin": "https://consent.example.evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": None},
]


def test_another_browsers_token_is_worth_nothing(staffed: Rig) -> None:
    first, second = browser_of(staffed, "officer"), browser_of(staffed, "officer")
    found = first.post("/console/sign-out", _token(second))
    assert found.status_code == 403
    assert first.post("/console/sign-out", _token(first)).status_code == 303


def test_what_is_ones_own_is_nobody_elses(staffed: Rig) -> None:
    """Two consultants ask all that is their own. What the second sees of their record is the same before and after, and
    the first never reads the second's number or name."""

    def record(gmc: str) -> Any:
        return staffed.officer("GET", f"/v1/consultants/{gmc}").json()

    before = record(OTHERS)
    browser = browser_of(staffed, "consultant")
    asked = [(pair, row) for pair, row in (ROUTES | PAGES).items() if row.own]
    assert asked
    for (method, path), row in asked:
        if DESK.area_of(path):
            found = _ask_page(staffed, browser, "consultant", filled(staffed, path), row)
        else:
            options = row.asked(staffed, "consultant")
            found = staffed.client.request(
                method, filled(staffed, path), auth=staffed.house.person("consultant"), **options
            )
        assert found.status_code in row.ok
        assert OTHERS not in found.text
    assert record(OTHERS) == before


def test_a_consultant_of_no_record_finds_none(staffed: Rig) -> None:
    """An account without a number, or with one that is not on the register: 404 for all that would be its own."""
    people: Path = staffed.house.folder / "people.json"
    for subject in (None, "9999999"):
        change_person(people, "lost", roles=["consultant"], subject=subject, password="lost")
        for (method, path), row in ROUTES.items():
            if row.own:
                options = row.asked(staffed, "consultant")
                found = staffed.client.request(
                    method, filled(staffed, path), auth=httpx.BasicAuth("lost", "lost"), **options
                )
                assert (found.status_code, found.json()["code"]) == (404, "not_found"), (method, path)
        browser = Browser(app_of(staffed))
        assert browser.sign_in("lost", "lost", "/me/sign-in").status_code == 303
        for (method, path), row in PAGES.items():
            if row.own:
                assert _ask_page(staffed, browser, "lost", filled(staffed, path), row).status_code == 404, (
                    method,
                    path,
                )
