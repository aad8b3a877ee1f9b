"""Signing in and out of the console in a real browser, without scripts, on a wide and on a narrow screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from services.consent.__main__ import MIGRATIONS
from services.consent.app import create_app
from shared.kit.migrating import migrate
from tests.browser.conftest import context_of
from tests.browser.seen import Seen
from tests.browser.test_reading import is_heading_of, keep, sideways
from tests.unit.test_consent_rig import House, build_house, has_compared
from tests.unit.test_gateway_world import Listening


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build_house(tmp_path_factory.mktemp("consent-house"))


@pytest.fixture(scope="module")
def console(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a consent service, without TLS: on loopback the browser keeps a `__Host-` cookie all the same."""
    settings = house.settings(tmp_path_factory.mktemp("consent"))
    migrate(settings.database("consent"), MIGRATIONS)
    listening = Listening(create_app(settings))
    has_compared(listening.app)
    yield listening.url
    listening.stop()


@pytest.fixture(params=[1100, 320], ids=["wide", "320px"])
def context(request: pytest.FixtureRequest, browser: Browser, console: str) -> Iterator[BrowserContext]:
    made = context_of(browser, console, request.param)
    yield made
    made.close()


def test_signing_in_and_out(context: BrowserContext, house: House, console: str) -> None:
    page = context.new_page()
    seen = Seen.of(page)
    page.goto("/console")
    is_heading_of(page, "Sign in")
    keep(page, "console-sign-in")
    page.get_by_label("Account").fill("officer")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    keep(page, "console-sign-in-wrong")
    assert sideways(page) == 0
    page.get_by_label("Password").fill(house.passwords["officer"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{console}/console")
    is_heading_of(page, "What is due")
    assert sideways(page) == 0
    keep(page, "console-start")
    (cookie,) = context.cookies()
    assert (cookie["name"], cookie["path"], cookie["sameSite"]) == ("__Host-candour", "/", "Lax")
    assert cookie["httpOnly"]
    assert cookie["secure"]
    page.goto("/console/nothing")
    is_heading_of(page, "Page not found")
    page.get_by_role("button", name="Sign out", exact=True).click()
    is_heading_of(page, "You are signed out")
    page.go_back()
    page.goto("/console")
    is_heading_of(page, "Sign in")
    assert seen.complaints == []
    assert seen.elsewhere(console) == []


def test_the_keyboard_finds_the_skip_link_first_and_the_focus_is_seen(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/console/sign-in")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    order = []
    for _ in range(4):
        page.keyboard.press("Tab")
        order.append(page.locator(":focus").evaluate("one => one.id || one.textContent.trim()"))
        assert page.locator(":focus").evaluate("one => getComputedStyle(one).outlineStyle !== 'none'")
    assert order == ["Candour consent", "name", "password", "Sign in"]


def test_another_sites_form_signs_nobody_out(
    context: BrowserContext, house: House, console: str, tmp_path: Path
) -> None:
    page = context.new_page()
    page.goto("/me/sign-in")
    page.get_by_label("Account").fill("officer")
    page.get_by_label("Password").fill(house.passwords["officer"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    is_heading_of(page, "What is due")
    trap = tmp_path / "trap.html"
    trap.write_text(f'<form action="{console}/console/sign-out" method="post"><button>Win a prize</button></form>')
    other = context.new_page()
    other.goto(trap.as_uri())
    other.get_by_role("button").click()
    assert "signed out" not in other.locator("h1").inner_text().lower()
    page.reload()
    is_heading_of(page, "What is due")
