"""A provider's page with everything that is published about it, read without JavaScript, wide, narrow and printed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from services.gateway.app import create_app
from services.gateway.peers import over_http
from tests.browser.conftest import context_of
from tests.browser.seen import Seen
from tests.browser.test_reading import keep, sideways
from tests.unit.test_gateway_providers_world import BEFORE, ISLE, NEWER, PCT, RATING, WAITS, plain_view
from tests.unit.test_gateway_world import PATIENT, Listening, world

EVERY_PAGE = {
    "merged": f"/providers/{NEWER}", "ended": f"/providers/{BEFORE}", "practice": "/providers/A81001",
    "closed": "/providers/RXX", "found-closed": "/providers?q=isle+wight", "rating": f"/indicators/{RATING}",
    "waits": f"/indicators/{WAITS}", "word": "/results/r-000000000014", "share": "/results/r-000000000017",
    "no-figure": "/results/r-000000000018", "all-indicators": "/indicators",
}  # fmt: skip


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a gateway that shows a merged trust, words, shares and absences."""
    with world(tmp_path_factory.mktemp("merged"), plain_view()) as made:
        settings = made.settings()
        listening = Listening(create_app(settings, over_http(settings, deadlines=PATIENT)))
        yield listening.url
        listening.stop()


@pytest.fixture(params=[1100, 320], ids=["wide", "320px"])
def reader(request: pytest.FixtureRequest, browser: Browser, merged: str) -> Iterator[Page]:
    context = context_of(browser, merged, request.param)
    opened = context.new_page()
    seen = Seen.of(opened)
    yield opened
    assert (seen.elsewhere(merged), seen.complaints, context.cookies()) == ([], [], [])
    context.close()


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_every_page_fits_the_screen(reader: Page, name: str) -> None:
    reader.goto(EVERY_PAGE[name])
    assert reader.locator("h1").count() == 1
    assert sideways(reader) == 0
    keep(reader, f"provider-{name}")


def test_what_others_published_is_read_without_scrolling_sideways(reader: Page) -> None:
    reader.goto(f"/providers/{NEWER}")
    for region in reader.get_by_role("region", name=re.compile("^Published by")).all():
        assert region.evaluate("region => region.scrollWidth - region.clientWidth") == 0
    expect(reader.get_by_role("region", name="Published by Care Quality Commission")).to_contain_text(
        "Requires improvement"
    )


def test_a_word_of_others_is_not_painted(reader: Page) -> None:
    """Every word looks alike: a link of the same colour on the same ground."""
    reader.goto(f"/indicators/{RATING}")
    cells = reader.locator("td.figure")
    assert cells.count() > 1
    grounds = "all => [...new Set(all.map(one => getComputedStyle(one).backgroundColor))]"
    inks = "all => [...new Set(all.map(one => getComputedStyle(one).color))]"
    assert len(cells.evaluate_all(grounds)) == 1
    assert len(cells.locator("a").evaluate_all(inks)) == 1


def test_earlier_periods_open_without_a_script(reader: Page) -> None:
    reader.goto(f"/providers/{NEWER}")
    details = reader.locator("details", has_text="Earlier periods, published by NHS England")
    expect(details.get_by_text("95.2%")).to_be_hidden()
    details.locator("summary").click()
    expect(details.get_by_text("95.2%")).to_be_visible()
    expect(details).to_contain_text(f"Published about {PCT}, which became {ISLE} on 1 April 2012.")


def test_from_the_search_through_the_one_that_ended_to_its_successor(reader: Page) -> None:
    reader.goto("/")
    reader.get_by_label("Search by hospital, place or consultant").fill("5QT")
    reader.get_by_role("button", name="Search").click()
    expect(reader.get_by_role("main")).to_contain_text("took its place on 1 April 2012")
    reader.get_by_role("link", name=PCT, exact=True).click()
    expect(reader.get_by_role("main")).to_contain_text("This organisation is no more")
    reader.get_by_role("main").get_by_role("link", name=ISLE, exact=True).first.click()
    expect(reader.locator("h1")).to_have_text(ISLE)


def test_on_paper_everything_that_is_open_is_there(reader: Page) -> None:
    reader.goto(f"/providers/{NEWER}")
    reader.emulate_media(media="print")
    expect(reader.get_by_role("contentinfo")).to_contain_text(f"/providers/{NEWER}")
    expect(reader.get_by_text("71.4%")).to_be_visible()
    reader.set_viewport_size({"width": 794, "height": 1123})  # A4, whatever screen it is printed from
    assert sideways(reader) == 0
