"""Case mix and the pack for peer review as pages: charts with their numbers, and nothing that a policy would refuse."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import polars as pl
import pytest

from services.ratings.console import charts
from services.ratings.console.packs import months
from tests.stores import Stores
from tests.unit.console_rig import browser_of, text_of
from tests.unit.told_rig import Json, Told, told_in

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with told_in(tmp_path_factory.mktemp("ratings"), Stores(None)) as running:
        running.submitted()
        yield running


def subjects(told: Told, level: str) -> list[str]:
    return sorted(told.results().filter(pl.col("level") == level)["subject"].unique())


def pack_of(told: Told, account: str) -> list[Json]:
    found = told.rig.done(account, "GET", "/v1/me/pack")["releases"]
    return [one for release in found for one in release["results"]]


@pytest.mark.parametrize(("level", "account"), [("consultant", "consultant"), ("provider", "lead")])
def test_the_pack_is_a_page_with_every_number_of_the_json(told: Told, level: str, account: str) -> None:
    told.be(account, subjects(told, level)[1])
    results = pack_of(told, account)
    assert any("chart" in one for one in results)
    page = browser_of(told.rig, account).get("/me/pack")
    text = text_of(page)
    assert page.status_code == 200
    for one in results:
        assert one["better_says"] in text
        assert one["says"] in text
        for month in months(one["chart"]) if "chart" in one else ():
            cells = (month["month"], month["cases"], month["vlad"], month["rising"], month["falling"])
            assert "</td><td>".join(map(str, cells[1:])) in text
    drawn = [ElementTree.fromstring(one) for one in re.findall(r"<svg .*?</svg></svg>", page.text, re.DOTALL)]
    assert len(drawn) >= len(results)
    for picture in drawn:
        assert picture.get("aria-hidden") == "true"
        names = {name for element in picture.iter() for name in element.attrib}
        assert not names & {"style", "href", "onload", "id"}
        assert {element.tag.removeprefix(SVG) for element in picture.iter()} <= {"svg", "path", "circle", "text"}


def test_the_last_month_is_where_the_chart_ends(told: Told) -> None:
    told.be("consultant", subjects(told, "consultant")[0])
    (chart,) = (one["chart"] for one in pack_of(told, "consultant")[:1])
    table = months(chart)
    assert [one["month"] for one in table] == sorted({day[:7] for day in chart["dates"]})
    assert (table[-1]["cases"], table[-1]["vlad"]) == (len(chart["dates"]), chart["vlad"][-1])


def test_case_mix_is_a_page(told: Told) -> None:
    told.be("consultant", subjects(told, "consultant")[0])
    cases = told.rig.done("consultant", "GET", "/v1/me/cases")["releases"][0]["indicators"]
    page = browser_of(told.rig, "consultant").get("/me/cases")
    assert page.status_code == 200
    for one in cases:
        assert f"{one['cases']:,} cases" in page.text
    assert browser_of(told.rig, "analyst").get("/me/cases").status_code == 403
    assert browser_of(told.rig, "analyst").get("/me/pack").status_code == 403


def test_a_chart_draws_what_it_is_given_and_cuts_off_nothing_of_it() -> None:
    told = {"vlad": [0.2, -0.7, -0.5], "rising": [0.0, 1.2, 1.1], "falling": [0.1, 0.0, 0.0], "threshold": 1.0,
            "rising_signals": [2], "falling_signals": []}  # fmt: skip
    for drawn in (charts.vlad(told), charts.cusum(told)):
        whole = ElementTree.fromstring(drawn)
        inner = whole.find(f"{SVG}svg")
        assert inner is not None
        width, height = float(inner.attrib["width"]), float(inner.attrib["height"])
        numbers = [
            tuple(map(float, pair.split()))
            for path in inner.iter(f"{SVG}path") for pair in re.findall(r"[-\d.]+ [-\d.]+", path.attrib["d"])
        ]  # fmt: skip
        assert numbers
        assert all(-7 <= x <= width + 7 and 0 <= y <= height for x, y in numbers)
    assert str(charts.cusum(told)).count("Z") == 1  # one triangle: one signal
    assert charts.vlad(told) == charts.vlad(told)


def test_a_funnel_without_a_figure_of_ones_own_is_drawn_all_the_same() -> None:
    others = [{"expected": 4.0, "ratio": 1.2}, {"expected": 9.0, "ratio": 6.0}]
    drawn = ElementTree.fromstring(charts.funnel({"others": others}))
    assert len(list(drawn.iter(f"{SVG}circle"))) == 2
    assert "Yours" not in [one.text for one in drawn.iter(f"{SVG}text")]


@pytest.mark.parametrize(("low", "high"), [(0, 0.3), (0, 7), (-3.2, 1.1), (0, 1234), (-0.05, 0.05)])
def test_ticks_are_few_and_within(low: float, high: float) -> None:
    found = charts.ticks(low, high)
    assert 2 <= len(found) <= 7
    assert low <= found[0]
    assert found[-1] <= high + 1e-6
