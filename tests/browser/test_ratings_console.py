"""Every page of ratings in a real browser: on a wide and on a narrow screen, with scripts and without, by keyboard, and
with forms that are wrong."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.console_world import faults, walked
from tests.browser.ratings_world import SECOND, Made, ratings_in
from tests.browser.seen import Seen
from tests.browser.test_reading import keep
from tests.unit.case_rig import HOSPITAL, SURGEON

WIDTHS: Final = (1100, 320)
TOLD: Final = (HOSPITAL, SURGEON, "k-", "r-")


def pages(made: Made) -> dict[str, dict[str, str]]:
    """Account → name of the page → address."""
    release = f"/console/releases/{SECOND}"
    return {
        "reviewer": {
            "releases": "/console", "release": release, "withheld": f"{release}/withheld",
            "differences": f"{release}/differences", "answers": "/console/answers", "error": "/console/nothing",
        },
        "publisher": {"calendar": "/console/calendar"},
        "analyst": {"cases": "/console/cases", "case": f"/console/cases/{made.case}"},
        "steward": {"queries": "/console/answers"},
        "lead": {"signals": "/me/signals", "signal": f"/me/signals/{made.case}"},
        "consultant": {
            "mine": "/me", "reply": f"/me/reply/{made.result}", "texts": "/me/commentary", "asking": "/me/queries",
            "mix": "/me/cases", "pack": "/me/pack",
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with ratings_in(tmp_path_factory.mktemp("ratings")) as found:
        yield found


def context_of(browser: Browser, made: Made, width: int, script: bool) -> BrowserContext:
    size = {"width": width, "height": 900}
    return browser.new_context(base_url=made.url, viewport=size, java_script_enabled=script)  # type: ignore[arg-type]


def heading(page: Page, name: str) -> None:
    expect(page.locator("h1")).to_have_text(name)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_says_the_same_with_and_without_scripts_and_nothing_is_wrong_with_it(
    browser: Browser, made: Made, width: int
) -> None:
    for who, addresses in pages(made).items():
        texts: list[dict[str, str]] = []
        for script in (True, False):
            context = context_of(browser, made, width, script)
            page = made.sign_in(context, who)
            seen, told = Seen.of(page), {}
            for name, address in addresses.items():
                page.goto(address)
                told[name] = page.locator("body").inner_text()
                if not script:
                    assert faults(page) == {}, (name, width)
                    keep(page, f"ratings-{name}")
                    assert not any(word in page.title() for word in TOLD), page.title()
            texts.append(told)
            assert (seen.elsewhere(made.url), seen.complaints) == ([], [])
            assert {one["name"] for one in context.cookies()} <= {"__Host-candour"}
            context.close()
        assert texts[0] == texts[1]


def test_the_keyboard_reaches_everything_in_the_order_of_reading_and_is_always_seen(
    browser: Browser, made: Made
) -> None:
    for who, addresses in pages(made).items():
        context = context_of(browser, made, 320, script=False)
        page = made.sign_in(context, who)
        for name, address in addresses.items():
            page.goto(address)
            stops, missed = walked(page)
            assert "Skip to main content" in stops[0], name
            assert [one for one in stops if not one.startswith("<")] == [], name
            assert missed == [], name
        context.close()


def test_forms_that_are_wrong_say_so_beside_the_field(browser: Browser, made: Made) -> None:
    for who, name, address, button in (
        ("reviewer", "release", f"/console/releases/{SECOND}", "Answer"),
        ("reviewer", "release-return", f"/console/releases/{SECOND}", "Return"),
        ("publisher", "calendar", "/console/calendar", "Announce"),
        ("reviewer", "answers", "/console/answers", "Record the outcome"),
        ("steward", "queries", "/console/answers", "Send the answer"),
        ("lead", "signal", f"/me/signals/{made.case}", "Record the step"),
        ("consultant", "asking", "/me/queries", "Send the query"),
    ):
        context = context_of(browser, made, 320, script=False)
        page = made.sign_in(context, who)
        page.goto(address)
        page.get_by_role("button", name=button, exact=True).first.click()
        assert page.title().startswith("Error: "), name
        expect(page.get_by_role("alert")).to_contain_text("There is a problem")
        assert faults(page) == {}, name
        keep(page, f"ratings-{name}-wrong")
        context.close()


def test_a_reply_is_looked_at_and_sent_without_scripts(browser: Browser, made: Made) -> None:
    context = context_of(browser, made, 320, script=False)
    page = made.sign_in(context, "consultant")
    page.goto(f"/me/reply/{made.result}")
    page.get_by_label("Your reply").fill("A second thought.")
    page.get_by_role("button", name="Look at it as the public will").click()
    heading(page, "Your reply, before you send it")
    expect(page.get_by_role("main")).to_contain_text("A second thought.")
    assert faults(page) == {}
    keep(page, "ratings-look")
    page.get_by_role("button", name="Write it again").click()
    expect(page.get_by_label("Your reply")).to_have_value("A second thought.")
    page.get_by_role("button", name="Look at it as the public will").click()
    page.get_by_role("button", name="Send it").click()
    heading(page, "My results")
    expect(page.get_by_role("main")).to_contain_text("Your reply is sent.")
    context.close()
