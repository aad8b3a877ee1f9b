"""A real gateway on a loopback port, and Debian's Chromium without JavaScript.

Both end with this package's tests: while playwright is open its event loop runs, and no other test could start one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from services.gateway.app import create_app
from services.gateway.peers import over_http
from tests.browser.audit_view import audit
from tests.browser.seen import Seen
from tests.unit.test_gateway_world import PATIENT, Listening, World, world

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--no-first-run"]  # fmt: skip


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("house"), audit()) as found:
        yield found


@pytest.fixture(scope="package")
def site(made: World) -> Iterator[str]:
    """The address of a gateway that shows the audit's view."""
    settings = made.settings()
    listening = Listening(create_app(settings, over_http(settings, deadlines=PATIENT)))
    yield listening.url
    listening.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed; see tools/install_chromium.sh")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield launched
        launched.close()


def context_of(browser: Browser, site: str, width: int) -> BrowserContext:
    return browser.new_context(base_url=site, viewport={"width": width, "height": 900}, java_script_enabled=False)


@pytest.fixture(params=[1100, 320], ids=["wide", "320px"])
def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Page]:
    """A page on a wide and on a narrow screen. At its end: no other host was asked, no cookie set, nothing refused by
    the content security policy."""
    context = context_of(browser, site, request.param)
    opened = context.new_page()
    seen = Seen.of(opened)
    yield opened
    assert seen.elsewhere(site) == []
    assert seen.complaints == []
    assert context.cookies() == []
    context.close()
