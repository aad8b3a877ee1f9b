"""What a reader does without JavaScript: searches, follows links, reads tables, on a wide and on a narrow screen."""

import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.audit_view import CHOSEN, LABELS, LONGEST
from tests.unit.test_gateway_baked import FIXED, MIXED

SCREENSHOTS: Final = Path(__file__).parent / "screenshots"
EVERY_PAGE: Final = {
    "start": "/", "found": "/providers?q=ashby", "found-nothing": "/providers?q=nobody", "all-hospitals": "/providers",
    "provider": f"/providers/{CHOSEN}", "provider-indicator": f"/providers/{CHOSEN}?indicator={MIXED}",
    "indicators": "/indicators", "indicator": f"/indicators/{MIXED}", "model": f"/indicators/{MIXED}/model",
    "indicator-earlier": f"/indicators/{FIXED}?period=2020-04_2023-03", "consultant": "/consultants/9900101",
    "result": "/results/r-000000000003", "not-shown": "/not-shown/not_published", "data": "/data", "about": "/about",
    "proof": "/proof",
    "not-found": "/consultants/9999999", "wrongly-asked": "/about?colour=blue",
}  # fmt: skip


def keep(page: Page, name: str) -> None:
    """A screenshot for people to look at; the folder is not committed."""
    SCREENSHOTS.mkdir(exist_ok=True)
    width = page.viewport_size["width"] if page.viewport_size else 0
    page.screenshot(path=SCREENSHOTS / f"{name}-{width}.png", full_page=True)


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the screen; what scrolls in a region of its own does not count."""
    return int(page.locator("html").evaluate("page => page.scrollWidth - page.clientWidth"))


def is_heading_of(page: Page, name: str) -> None:
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("h1")).to_contain_text(name)


def test_from_the_start_page_to_a_hospital(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Search by hospital, place or consultant").fill("northern counties")
    page.get_by_role("button", name="Search").click()
    expect(page).to_have_url(re.compile(r"/providers\?q=northern\+counties$"))
    page.get_by_role("link", name=LONGEST).click()
    expect(page).to_have_url(re.compile(f"/providers/{CHOSEN}$"))
    is_heading_of(page, LONGEST)
    results = page.get_by_role("region", name=re.compile("^Results of this hospital"))
    expect(results.get_by_role("row")).to_have_count(3)
    expect(results).to_contain_text(re.compile(r"\d\.\d\d% \(range \d\.\d\d% to \d\.\d\d%\)"))


def test_choosing_an_indicator_shows_its_funnel_and_its_table(page: Page) -> None:
    page.goto(f"/providers/{CHOSEN}")
    page.get_by_label("Indicator", exact=True).select_option(MIXED)
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(rf"\?indicator={MIXED}#compared$"))
    expect(page.locator("figure figcaption")).to_contain_text(LABELS[MIXED])
    expect(page.locator("figure svg")).to_be_visible()
    expect(page.get_by_role("region", name=re.compile("the figures in the chart")).get_by_role("row")).to_have_count(41)


def test_from_an_indicator_through_its_table_to_a_hospital(page: Page) -> None:
    page.goto("/indicators")
    page.get_by_role("link", name=LABELS[MIXED]).click()
    is_heading_of(page, LABELS[MIXED])
    table = page.get_by_role("region", name=re.compile("the figures in the chart"))
    table.get_by_role("link", name="Brackley General Hospital").click()
    expect(page).to_have_url(re.compile("/providers/ZZ101$"))
    expect(page.get_by_role("main")).to_contain_text("Worse than expected")
    expect(page.get_by_role("main")).to_contain_text("A signal to look closer, not proof of poor care.")


def test_a_consultant_is_found_and_the_hospital_comes_first(page: Page) -> None:
    page.goto("/providers?q=Dr+B+Example")
    page.get_by_role("link", name="Dr B Example").click()
    is_heading_of(page, "Dr B Example")
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings[:2] == ["First, the results of the hospital", "Own results"]


def test_an_empty_cell_leads_to_its_explanation(page: Page) -> None:
    page.goto(f"/indicators/{FIXED}")
    row = page.get_by_role("row", name=re.compile("Not shown: small numbers"))
    row.get_by_role("link", name="Why there is no figure").click()
    is_heading_of(page, "Not shown: small numbers")


def test_tab_reaches_the_skip_link_first_and_every_table(page: Page) -> None:
    page.goto(f"/indicators/{MIXED}")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    assert _inside(skip, page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#maincontent$"))
    regions = page.get_by_role("region", name=re.compile("by name")).all()
    assert len(regions) == 2
    for region in regions:
        region.focus()
        expect(region).to_be_focused()


def _inside(one: Locator, page: Page) -> bool:
    box = one.bounding_box()
    return box is not None and box["x"] >= 0 and box["y"] >= 0 and box["width"] > 24 and box["height"] >= 24


@pytest.mark.parametrize("name", EVERY_PAGE)
def test_every_page_has_one_heading_a_message_and_no_sideways_scroll(page: Page, name: str) -> None:
    page.goto(EVERY_PAGE[name])
    assert page.locator("h1").count() == 1
    assert page.title().endswith(" - Candour")
    assert page.locator("html").get_attribute("lang") == "en-GB"
    assert sideways(page) == 0
    keep(page, name)


def test_the_look_for_sideways_scroll_bites(page: Page) -> None:
    page.goto("/about")
    page.locator("main").evaluate("main => { main.textContent = 'w'.repeat(900); main.style.overflowWrap = 'normal' }")
    assert sideways(page) > 0


def test_wide_tables_scroll_in_a_region_of_their_own(page: Page) -> None:
    page.goto(f"/indicators/{MIXED}")
    assert page.viewport_size is not None
    beyond = page.locator(".table-region").first.evaluate("region => region.scrollWidth - region.clientWidth")
    assert (beyond > 0) == (page.viewport_size["width"] == 320)


def test_every_verdict_of_the_proof_is_in_sight_and_no_digest_looks_like_an_error(page: Page) -> None:
    page.goto("/proof")
    assert page.viewport_size is not None
    verdicts = page.get_by_role("region", name="Compared with what others printed").locator("td:nth-child(2)")
    assert verdicts.count() > 10
    for verdict in verdicts.all():
        box = verdict.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= page.viewport_size["width"]
    colours = page.locator("code").evaluate_all("all => [...new Set(all.map(one => getComputedStyle(one).color))]")
    assert colours == ["rgb(33, 43, 50)"]


def test_titles_tell_the_pages_apart(page: Page) -> None:
    titles = []
    for address in EVERY_PAGE.values():
        page.goto(address)
        titles.append(page.title())
    repeated = {title for title in titles if titles.count(title) > 1}
    assert all(LONGEST in title for title in repeated), repeated  # one hospital, under two addresses


def test_print_shows_release_and_address_and_no_navigation(page: Page) -> None:
    page.goto(f"/providers/{CHOSEN}")
    page.emulate_media(media="print")
    expect(page.get_by_role("contentinfo")).to_contain_text(
        f"Release of 30 September 2026 (2026-09-30): /providers/{CHOSEN}"
    )
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
