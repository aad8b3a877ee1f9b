"""The report of a file in a browser: it reads the same on a wide and on a narrow screen, and nothing in it runs."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from services.ingest.profiling.page import page_of, refusal_page
from services.ingest.report import Order, obey
from services.ingest.source import load_sources
from shared.contracts.ingest import Refusal
from shared.contracts.profiles import Report
from tests.browser.seen import Seen
from tests.spec.ingest_service import ny_file, ny_row

HOSTILE: Final = "<script>document.title='run'</script><img src=https://example.org/x onerror=alert(1)>"
TURNED: Final = "\u202egpj.exe"
CONTRASTS: Final = """() => {
  const channel = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (rgb) => { const [r, g, b] = rgb.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (c !== 'rgba(0, 0, 0, 0)') return c; } return 'rgb(255, 255, 255)'; };
  return [...document.querySelectorAll('main *')].filter((e) => e.textContent.trim() && !e.closest('svg')).map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05); });
}"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of two small files of one source, the later with something to look at."""
    out = tmp_path_factory.mktemp("report")
    before, now = out / "before.csv", out / "now.csv"
    before.write_bytes(ny_file(*(ny_row(facility=str(1000 + at), year="2012") for at in range(30))))
    rows = [ny_row(facility=str(1001 + at), year="2013", name=HOSTILE, deaths=str(at % 7)) for at in range(30)]
    now.write_bytes(ny_file(*rows, ny_row(facility="1", cases="many", year="2013")))
    check = {"path": now, "name": f"{HOSTILE}{TURNED}", "source": "ny-cardiac", "against_path": before}
    obey(Order.model_validate({"check": check}), out)
    return out


@pytest.fixture(params=[1100, 320], ids=["wide", "320px"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """Scripts are on: a report that could run one would. At its end: nothing was asked for but the file itself."""
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    opened = context.new_page()
    seen = Seen.of(opened)
    yield opened
    assert [url for url in seen.requests if not url.startswith("file://")] == []
    assert seen.complaints == []
    context.close()


def read(page: Page, file: Path) -> None:
    page.goto(file.as_uri())


def test_what_a_stranger_wrote_is_text_and_nothing_else(page: Page, made: Path) -> None:
    read(page, made / "report.html")
    assert page.locator("script, img, iframe, link, object").count() == 0
    assert page.title().startswith("<script>")
    assert page.locator("th", has_text="<script>document").count() == 1
    assert TURNED[0] not in page.content()


def test_it_says_first_what_is_surprising(page: Page, made: Path) -> None:
    read(page, made / "report.html")
    assert "surprises and 1 line set aside" in page.locator("h1").inner_text()
    said = page.locator(".surprises h3").all_inner_texts()
    assert "1 provider is gone: 1000." in said
    report = Report.model_validate_json((made / "report.json").read_bytes())
    assert said == [one.found for one in report.surprises]


def test_nothing_is_wider_than_the_screen_and_what_scrolls_can_be_reached_by_keys(page: Page, made: Path) -> None:
    read(page, made / "report.html")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for region in page.locator(".wide").all():
        assert region.get_attribute("tabindex") == "0"
        assert region.get_attribute("aria-label")


def test_headings_and_tables_can_be_followed_without_seeing_them(page: Page, made: Path) -> None:
    read(page, made / "report.html")
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(one => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert page.locator("table").count() == page.locator("table:has(thead th[scope=col])").count()
    assert page.locator("tbody tr").count() == page.locator("tbody tr:has(th[scope=row])").count()
    assert all(one.get_attribute("aria-label") for one in page.locator("svg").all())
    assert page.get_attribute("html", "lang") == "en-GB"


def test_text_has_contrast(page: Page, made: Path) -> None:
    read(page, made / "report.html")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 100
    assert min(found) >= 4.5


def test_on_paper_no_table_is_cut(page: Page, made: Path) -> None:
    read(page, made / "report.html")
    page.emulate_media(media="print")
    styles = page.eval_on_selector_all(".wide", "all => all.map(one => getComputedStyle(one).overflowX)")
    assert set(styles) == {"visible"}


def test_a_refused_file_has_a_page_too(page: Page, tmp_path: Path) -> None:
    told = {
        "code": "wrong-header",
        "detail": "Line 1 is not the header.",
        "found": HOSTILE,
        "expected": "a,b",
        "line": 1,
    }
    file = tmp_path / "refused.html"
    file.write_text(refusal_page(HOSTILE, "a" * 64, Refusal.model_validate(told)), encoding="utf-8")
    read(page, file)
    assert page.locator("script, img").count() == 0
    assert HOSTILE in page.locator("main").inner_text()


def test_the_page_is_what_its_report_says_and_the_same_again(made: Path) -> None:
    told = json.loads((made / "report.json").read_bytes())
    report = Report.model_validate(told)
    assert page_of(report, load_sources()["ny-cardiac"].label) == (made / "report.html").read_text(encoding="utf-8")
