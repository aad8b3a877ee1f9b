"""Signing in, and what every page has in common. Who may see which page is in test_consent_roles.py."""

import io
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from starlette.testclient import TestClient

from services.consent import console
from services.consent.console import Visitor, signed_in
from services.consent.console.people import DESK
from shared.kit.auth import PUBLIC, Identity, RouteWithoutRoles, allow
from shared.kit.console.assets import SHARED
from shared.kit.console.gate import refuse_unguarded_pages
from shared.kit.console.going import after_sign_in, own_path
from shared.kit.people import REFUSED
from shared.kit.tries import AT_ONCE
from tests.browsers import HOST, SESSION, Browser, hidden
from tests.unit.test_consent_rig import Clock, House, Rig, build_house, running

planted = APIRouter()


@planted.get("/console/switch")
def switch_form(visitor: Annotated[Visitor, Depends(signed_in("steward", fresh=True))]) -> Response:
    return visitor.page("start.jinja", "A switch")


@planted.post("/console/switch")
def switch(visitor: Annotated[Visitor, Depends(signed_in("steward", fresh=True))]) -> Response:
    given = visitor.take("kind", optional=("note",), many=("tick",))
    visitor.say(f"{given} {list(visitor.form.all('tick'))}")
    return visitor.go("/console")


@planted.post("/console/file")
def file(visitor: Annotated[Visitor, Depends(signed_in("officer", upload=2**20))]) -> Response:
    given = visitor.take("kind", files=("file",))
    visitor.say(f"{given['kind']} of {len(visitor.form.files['file'])} bytes")
    return visitor.go("/console")


@planted.get("/console/broken")
def broken(visitor: Annotated[Visitor, Depends(signed_in("officer"))]) -> Response:
    raise RuntimeError("a secret of the machine")


@pytest.fixture(scope="module")
def engine() -> str:
    return "sqlite"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build_house(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def rig(house: House, clock: Clock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """With pages that only these tests have, on the real frame."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "ROUTERS", [*console.ROUTERS, planted])
        with running(house, house.settings(tmp_path_factory.mktemp("data")), clock) as rig:
            yield rig


@pytest.fixture
def browser(rig: Rig) -> Browser:
    identity = rig.client.app.state.identity  # type: ignore[attr-defined]  # a FastAPI application
    identity.tries.used.clear()  # tests do not wait for one another, and remember nothing of one another
    identity.people.remembered.clear()
    return Browser(rig.client.app)  # type: ignore[arg-type]


def admitted(browser: Browser, rig: Rig, account: str = "officer") -> Browser:
    assert browser.sign_in(account, rig.house.passwords[account]).status_code == 303
    return browser


@pytest.mark.parametrize(
    ("account", "at", "home"),
    [("officer", "/console/sign-in", "/console"), ("steward-2", "/console/sign-in", "/console"),
     ("auditor", "/me/sign-in", "/console"), ("consultant", "/me/sign-in", "/me"),
     ("consultant", "/console/sign-in", "/me")],
)  # fmt: skip
def test_everybody_lands_on_their_own_first_page(browser: Browser, rig: Rig, account: str, at: str, home: str) -> None:
    found = browser.sign_in(account, rig.house.passwords[account], at)
    assert (found.status_code, found.headers["location"]) == (303, home)
    assert "Set-Cookie" in found.headers
    (cookie,) = [one for one in found.headers.get_list("set-cookie") if one.startswith(f"{SESSION}=")]
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"httponly", "secure", "path=/", "samesite=lax"}
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", cookie.split(";")[0].partition("=")[2])


@pytest.mark.parametrize("account", ["analyst", "reviewer", "publisher"])
def test_an_account_without_pages_gets_no_session(browser: Browser, rig: Rig, account: str) -> None:
    found = browser.sign_in(account, rig.house.passwords[account])
    assert (found.status_code, browser.cookie) == (403, None)
    assert "This account has no pages here." in found.text


def test_a_wrong_password_and_a_name_nobody_has_are_told_alike(browser: Browser, rig: Rig) -> None:
    pages = []
    for name in ("officer", "nobody"):
        found = browser.sign_in(name, "wrong")
        assert (found.status_code, browser.cookie, "www-authenticate" in found.headers) == (401, None, False)
        assert REFUSED in found.text
        pages.append(found.text.replace(f'value="{name}"', ""))
    assert pages[0] == pages[1]
    assert admitted(browser, rig).get("/console").status_code == 200


def test_many_wrong_tries_are_slowed_down_and_nothing_is_locked(
    browser: Browser, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As fast as anybody can: no time passes, in which a try would be given back."""
    identity: Identity = rig.client.app.state.identity  # type: ignore[attr-defined]  # a Starlette application
    monkeypatch.setattr(identity.tries, "now", lambda: 0.0)
    told = [browser.sign_in("consultant", f"wrong {number}").status_code for number in range(AT_ONCE + 2)]
    assert told == [401] * AT_ONCE + [429] * 2
    refused = browser.sign_in("consultant", rig.house.passwords["consultant"], "/me/sign-in")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert "Nothing is locked" in refused.text
    elsewhere = Browser(rig.client.app)  # type: ignore[arg-type]
    elsewhere.client = TestClient(rig.client.app, f"https://{HOST}", follow_redirects=False, client=("192.0.2.7", 5000))
    assert elsewhere.sign_in("consultant", rig.house.passwords["consultant"], "/me/sign-in").status_code == 303
    basic = rig.client.get("/v1/gateways", auth=("consultant", "wrong"))
    assert (basic.status_code, basic.json()["code"]) == (429, "too_many_tries")
    # Right a moment ago, so not guessed now.
    assert browser.sign_in("consultant", rig.house.passwords["consultant"], "/me/sign-in").status_code == 303


def test_nobody_is_signed_in_by_another_site(browser: Browser, rig: Rig) -> None:
    """Login CSRF: the form's token belongs to a cookie that only this browser has."""
    other = Browser(rig.client.app)  # type: ignore[arg-type]
    fields = {"name": "officer", "password": rig.house.passwords["officer"]}
    theirs = hidden(other.get("/console/sign-in").text, "/console/sign-in")
    mine = hidden(browser.get("/console/sign-in").text, "/console/sign-in")
    for token in (theirs["csrf"], "", "x" * 64):
        assert browser.post("/console/sign-in", fields | {"csrf": token}).status_code == 403
    assert browser.post("/console/sign-in", fields).status_code == 403
    for said in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert browser.post("/console/sign-in", fields | mine, said).status_code == 403
    assert browser.cookie is None
    assert browser.post("/console/sign-in", fields | mine).status_code == 303


def test_what_a_browser_does_not_say_is_left_to_the_token(browser: Browser, rig: Rig) -> None:
    admitted(browser, rig, "steward")
    token = hidden(browser.get("/console").text, "/console/sign-out")
    silent: list[dict[str, Any]] = [
        {"Origin": None},
        {"Sec-Fetch-Site": None},
        {"Origin": None, "Sec-Fetch-Site": None},
        {"Sec-Fetch-Site": "none"},
    ]
    for said in silent:
        assert browser.post("/console/switch", token | {"kind": "a"}, said).status_code == 303
        assert browser.post("/console/switch", {"kind": "a"}, said).status_code == 403


HOSTILE = [
    "/console?a=b&", "/console?a", "/console?a=//evil.example", "/console/sign-out?a=b", "/console?a=b?c=d",
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\\/evil.example", "https:",
    "https://evil.example", "https:/console", "https:console", "http://consent.example/console",
    "javascript:alert(1)", "data:text/html,x", "//consent.example/console", "/console//evil.example",
    "/console/..//evil.example", "/console/../v1/consultants", "/console/./x", "/%2Fevil.example",
    "/%5Cevil.example", "/console%2F..%2F..", "/console/%0d%0aLocation:%20https://evil.example",
    "/console\r\nLocation: https://evil.example", "/console\n", "\n/console", "/console\x00", "/console\t",
    " /console", "/console ", "/console?next=//evil.example", "/console#x", "/console@evil.example",
    "/console.evil.example", "/consolex", "/v1/consultants", "/", "", "console", "/me/../console",
    "/console/" + "a" * 500, "/\u2215evil.example", "/console/\u202e", "/\uff0f/evil.example",
    "/console/sign-out", "/console/sign-in", "/me/sign-out", "/console/static/x", "/me", "@evil.example",
    ".evil.example", "/console/;@evil",
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_browser_is_sent_nowhere_else(browser: Browser, rig: Rig, hostile: str) -> None:
    """Open redirect: what the form brings back leads to a page of ours, or to the start; what nobody could have typed
    is refused with the form."""
    found = browser.sign_in("officer", rig.house.passwords["officer"], going=hostile)
    if found.status_code == 422:
        assert browser.cookie is None
    else:
        assert (found.status_code, found.headers["location"]) == (303, "/console")
    assert after_sign_in(DESK, hostile, frozenset({"officer"})) == "/console"


@pytest.mark.parametrize(
    "own", ["/console/imports", "/console/people/p-0123abcd?programme=a-b&purpose=own_figures", "/console/a.b/c_d~e"]
)
def test_a_page_of_ours_is_come_back_to(browser: Browser, rig: Rig, own: str) -> None:
    assert own_path(DESK, own) == own
    assert browser.sign_in("officer", rig.house.passwords["officer"], going=own).headers["location"] == own


def test_the_page_that_was_asked_for_comes_after_signing_in(browser: Browser, rig: Rig) -> None:
    form = browser.get("/console/switch")
    assert form.status_code == 401
    found = browser.send(form, "/console/sign-in", name="steward", password=rig.house.passwords["steward"])
    assert (found.status_code, found.headers["location"]) == (303, "/console/switch")
    assert browser.get("/console/switch").status_code == 200
    for asked, kept in (("?kind=a", "/console/switch?kind=a"), ("?kind=%2F%2Fevil", None)):
        fields = hidden(Browser(rig.client.app).get(f"/console/switch{asked}").text, "/console/sign-in")  # type: ignore[arg-type]
        assert fields.get("next") == kept


def test_a_switch_wants_a_password_of_the_last_ten_minutes(browser: Browser, rig: Rig, clock: Clock) -> None:
    admitted(browser, rig, "steward")
    page = browser.get("/console/switch")
    clock.now += timedelta(minutes=10)
    token = hidden(page.text, "/console/sign-out")
    headers = {"Referer": f"https://{HOST}/console/switch"}
    again = browser.post("/console/switch", token | {"kind": "a"}, headers)
    assert (again.status_code, "Give your password again" in again.text) == (401, True)
    assert "Nothing was changed" in again.text
    assert 'value="steward"' in again.text
    assert browser.get("/console").status_code == 200  # everything else goes on
    before = browser.cookie
    found = browser.send(again, "/console/sign-in", name="steward", password=rig.house.passwords["steward"])
    assert found.headers["location"] == "/console/switch"
    assert browser.cookie != before
    page = browser.get("/console/switch")
    found = browser.post("/console/switch", hidden(page.text, "/console/sign-out") | {"kind": "a"})
    assert found.status_code == 303


def test_a_form_is_taken_strictly_and_what_it_did_is_said_once(browser: Browser, rig: Rig) -> None:
    admitted(browser, rig, "steward")
    token = hidden(browser.get("/console").text, "/console/sign-out")
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "Fill this in."),
        ({"kind": " "}, "Fill this in."),
        ({"kind": "a", "more": "b"}, "This page has no such field."),
        ({"kind": ["a", "b"]}, "Give this once."),
        ({"kind": "a\u202eb"}, "cannot be seen"),
        ({"kind": "a\x00"}, "cannot be seen"),
        ({"kind": "a", "note": "b" * 70_000}, "larger than this page takes"),
    ]
    for fields, hint in refused:
        found = browser.post("/console/switch", token | fields)
        assert (found.status_code, hint in found.text) == (413 if "larger" in hint else 422, True), fields
    assert browser.post("/console/switch", token | {"kind": " a ", "note": "", "tick": ["1", "2"]}).status_code == 303
    assert "{&#39;kind&#39;: &#39;a&#39;} [&#39;1&#39;, &#39;2&#39;]" in browser.get("/console").text
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        found = browser.client.post("/console/switch", content=b"{}", headers={"Content-Type": kind})
        assert found.status_code == 415


def test_a_file_comes_by_a_form_that_takes_one(browser: Browser, rig: Rig) -> None:
    admitted(browser, rig)
    token = hidden(browser.get("/console").text, "/console/sign-out")
    content = b"gmc,name\r\n--x\r\n\x00\xff" * 1000
    files = {"file": ("Dr Somebody's return.csv", io.BytesIO(content), "text/csv")}
    assert browser.post("/console/file", token | {"kind": "returns"}, files=files).status_code == 303
    assert f"returns of {len(content)} bytes" in browser.get("/console").text
    for given, code, hint in (
        ({"file": ("x", b"a" * (2**20 + 1), "text/csv")}, 413, "1 MB"),
        ({"file": ("x", b"", "text/csv")}, 422, "Choose a file."),
        ({"other": ("x", b"a", "text/csv")}, 422, "takes no such file"),
    ):
        found = browser.post("/console/file", token | {"kind": "returns"}, files=given)
        assert (found.status_code, hint in found.text) == (code, True), hint
    found = browser.post("/console/file", {"kind": "returns"}, files=files)
    assert (found.status_code, "form_not_ours" in found.text) == (403, True)


CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def test_every_page_has_its_headers_errors_included(browser: Browser, rig: Rig) -> None:
    admitted(browser, rig)
    asked = (
        "/console",
        "/console/sign-in",
        "/console/signed-out",
        "/console/none",
        "/me",
        "/console/broken",
        "/me/none",
    )
    answers = [browser.get(path) for path in asked]
    answers += [
        browser.post("/console", {}),
        browser.post("/console/sign-out", {"csrf": "x"}),
        browser.get("/console/switch"),
    ]
    answers.append(browser.client.request("DELETE", "/console"))
    assert [one.status_code for one in answers] == [200, 200, 200, 404, 403, 500, 404, 405, 403, 403, 405]
    for answer in answers:
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers.get_list("content-security-policy") == [CSP]
        assert answer.headers.get_list("referrer-policy") == ["same-origin"]
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert answer.text.count("<h1") == answer.text.count("<title>") == 1
        assert 'lang="en-GB"' in answer.text
        assert not re.search(r"<script(?! src=\"/console/static/)|<style|\sstyle=|\son[a-z]+=|https?://", answer.text)
        assert "a secret of the machine" not in answer.text
    assert {one.headers["allow"] for one in answers if one.status_code == 405} == {"GET"}


def test_who_is_signed_in_finds_the_way_back_from_an_address_that_is_none(browser: Browser, rig: Rig) -> None:
    assert "Sign out" not in browser.get("/console/none").text
    admitted(browser, rig)
    page = browser.get("/console/none")
    assert browser.send(page, "/console/sign-out").status_code == 303


def test_elsewhere_errors_stay_what_they_are(browser: Browser) -> None:
    for path in ("/nothing", "/v1/nothing", "/consoles", "/meeting", "/v1/consultants"):
        found = browser.get(path)
        assert found.headers["content-type"] == "application/problem+json"
        assert found.headers["referrer-policy"] == "no-referrer"
        assert "content-security-policy" not in found.headers


def test_head_is_get_without_a_body(browser: Browser, rig: Rig) -> None:
    admitted(browser, rig)
    found = browser.client.head("/console")
    assert (found.status_code, found.content) == (200, b"")


def test_own_files_may_be_kept_for_ever_and_no_others_are_there(browser: Browser) -> None:
    page = browser.get("/console/sign-in").text
    names = re.findall(r'"(/console/static/[^"]+)"', page)
    assert len(names) >= 3
    for name in names:
        found = browser.get(name)
        assert (found.status_code, found.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    for name in ("console.css", "..%2f__init__.py", "%2e%2e/gate.py", "nothing"):
        assert browser.get(f"/console/static/{name}").status_code == 404


def test_nothing_that_names_anybody_is_logged(
    browser: Browser, rig: Rig, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    capsys.readouterr()
    admitted(browser, rig, "consultant")
    browser.sign_in("consultant", "a-wrong-password")
    browser.get("/me/none")
    browser.send(browser.get("/me"), "/me/sign-out")
    told = capsys.readouterr()
    text = told.out + told.err + "\n".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    kept = [rig.house.passwords["consultant"], "a-wrong-password", "consultant", "9900002", str(browser.cookie)]
    assert [one for one in kept if one in text] == []


@pytest.mark.parametrize(
    ("method", "path", "dependency"),
    [("POST", "/console/open", allow(PUBLIC)), ("POST", "/me/basic", allow("officer")),
     ("DELETE", "/console/x", allow("officer")), ("GET", "/v1/cookie", signed_in("officer")),
     ("POST", "/v1/cookie", signed_in("officer"))],
)  # fmt: skip
def test_a_service_whose_cookie_opens_the_wrong_doors_does_not_start(method: str, path: str, dependency: Any) -> None:
    app = FastAPI(openapi_url=None)
    app.state.desk = DESK
    app.add_api_route("/console/good", lambda: None, methods=["POST"], dependencies=[Depends(signed_in("officer"))])
    assert refuse_unguarded_pages(app) is app
    app.add_api_route(path, lambda: None, methods=[method], dependencies=[Depends(dependency)])
    with pytest.raises(RouteWithoutRoles):
        refuse_unguarded_pages(app)


def test_no_template_has_a_form_without_its_token() -> None:
    both = (Path(console.__file__).parent, SHARED.parent)
    for template in sorted(one for place in both for one in (place / "templates").rglob("*.jinja")):
        for attributes, inside in re.findall(r"<form\b([^>]*)>(.*?)</form>", template.read_text(), re.DOTALL):
            if 'method="post"' in attributes:
                assert "csrf_field" in inside or template.name == "sign_in.jinja", template.name
