"""The page of a risk model: every figure is the API's, a table beside each picture, and words for what is not told."""

import asyncio
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from services.gateway.api.models import model_body
from services.gateway.site.charts import ratios_svg
from services.gateway.site.charts.ratios import ends
from services.gateway.site.pages.models import SMALL, coefficients, deciles, model, subgroups
from services.gateway.site.rendering import render
from services.gateway.site.wording import Tag, between_places, comparison, ordinal
from tests.unit.test_gateway_baked import FIXED, MIXED, card, first_view
from tests.unit.test_gateway_world import World, world
from tests.unit.test_site_charts import SVG, texts
from tests.unit.test_site_wording import row

BODY: dict[str, Any] = model_body("2026-09-30", card(MIXED))
INDICATOR = {"id": MIXED, "label": "Deaths after hip replacement", "synthetic": True}
LINES = [
    {"label": "age: under 60", "reference": True},
    {"label": "age: 60 to 79", "ratio": 2.0, "lower": 1.52, "upper": 2.63},
    {"label": "age: 80 and over", "ratio": 6.1, "lower": 4.0, "upper": 9.3},
]


def html() -> str:
    return render(model(BODY, INDICATOR, "/v1/releases/2026-09-30"), None)


def cells(page: str, name: str) -> list[list[str]]:
    """The text of a table's body, by the id of its heading."""
    table = page.split(f'aria-labelledby="{name}"', 2)[2].partition("</table>")[0]
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)[1:]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd].*?</t[hd]>", one, re.DOTALL)]
            for one in rows]  # fmt: skip


def test_every_coefficient_is_in_the_table_with_a_figure_or_a_word() -> None:
    assert cells(html(), "coefficients") == [
        ["intercept", "not given", "not given", "-4.100 (0.12)"],
        ["age", "under 60", "reference level", "not given"],
        ["age", "60 to 79", "2.00 (range 1.52 to 2.63)", "0.693 (0.14)"],
        ["age", "80 and over", SMALL, "not given"],
        ["sex", "female", "reference level", "not given"],
        ["sex", "male", "counted with female", "not given"],
        ["sex", "missing", "no cases", "not given"],
    ]
    assert coefficients(BODY).notes == f"1 {SMALL}."


def test_tenths_and_groups_are_in_their_tables() -> None:
    found = cells(html(), "deciles")
    assert found[0] == ["1, lowest risk", "below 0.80%", "not given", "not given", SMALL]
    assert found[1] == ["2", "above 0.80%", "about 1,800", "about 40", "0.80 (range 0.72 to 1.37)"]
    assert len(found) == 10
    assert cells(html(), "subgroups")[1] == ["age", "80 and over", "not given", "not given", SMALL]
    assert (deciles(BODY).notes, subgroups(BODY).notes) == (f"1 of 10 {SMALL}.", f"1 of 3 {SMALL}.")


def test_performance_on_own_data_and_on_what_was_left_out() -> None:
    assert cells(html(), "performance") == [
        ["On its own data", "0.750", "0.021", "1.00", "0.00", "7.1 on 8 degrees of freedom, p 0.525"],
        ["On hospitals left out of the fit", "0.740", "0.021", "0.97", "-0.01", "not estimated"],
    ]


def test_the_rule_the_merges_and_the_digests_are_told() -> None:
    page = html()
    for text in ("Numbers are made coarse.", "male was counted with female.", f"sha256:{'0' * 64}", "models/hip.toml"):
        assert text in page
    nothing = model_body("2026-09-30", card(MIXED).model_copy(update={"merged": []}))
    assert "No level had to be counted with another." in render(model(nothing, INDICATOR, ""), None)


def test_a_card_without_any_figure_is_still_a_page() -> None:
    bare = card(MIXED)
    hidden = [one.model_copy(update={"status": "suppressed", "ratio": None, "lower": None, "upper": None})
              for one in bare.deciles]  # fmt: skip
    update = {"deciles": hidden, "subgroups": [], "left_out": None, "on": "own_data"}
    page = render(model(model_body("2026-09-30", bare.model_copy(update=update)), INDICATOR, ""), None)
    assert page.count("<svg") == 1
    assert "the patients that the model was fitted on" in page


def symbols(svg: str) -> list[dict[str, str]]:
    found = []
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        if "mark-symbol" in group.get("class", "") and "role-mark" in group.get("class", ""):
            found += [dict(path.attrib) for path in group.iter(f"{SVG}path")]
    return found


def test_a_filled_sign_for_each_ratio_and_a_hollow_one_for_a_reference() -> None:
    svg = ratios_svg(LINES, "Odds ratio")
    filled, hollow = (
        [one for one in symbols(svg) if (one.get("fill") == "#005eb8") is wanted] for wanted in (True, False)
    )
    assert (len(filled), len(hollow)) == (2, 1)
    said = texts(svg)
    for line in LINES:
        assert str(line["label"]) in said
    assert "Odds ratio" in said


def test_the_same_lines_give_the_same_picture_and_the_policy_allows_it() -> None:
    svg = ratios_svg(LINES, "Odds ratio")
    assert svg == ratios_svg([dict(reversed(line.items())) for line in LINES], "Odds ratio")
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox=')
    assert 'aria-hidden="true"' in svg.split(">")[0]
    assert not re.search(r"<style|<script|\sstyle=|href=", svg)
    sizes = [float(found) for found in re.findall(r'font-size="([\d.]+)px"', svg)]
    assert min(sizes) * 320 / float(svg.split("viewBox=")[1].split()[2]) >= 12


@pytest.mark.parametrize("upper", [1.3, 9.3, 480.0])
def test_the_axis_holds_every_range_and_always_says_one(upper: float) -> None:
    lines = [{"label": "a", "ratio": 1.1, "lower": 0.9, "upper": upper}]
    first, last = ends(lines)
    assert first < 0.5
    assert last > max(2.0, upper)
    assert "1" in texts(ratios_svg(lines, "Ratio")).split()


def test_pages_link_to_the_model_and_say_where_there_is_none(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            pages = {name: await gateway.client.get(f"/indicators/{name}") for name in (MIXED, FIXED)}
            assert f'href="/indicators/{MIXED}/model"' in pages[MIXED].text
            assert "/model" not in pages[FIXED].text
            missing = await gateway.client.get(f"/indicators/{FIXED}/model")
            assert missing.status_code == 404
            assert "its expected numbers come with its publisher" in missing.text.replace("&#39;", "'")
            made.consent_at.stop()
            assert (await gateway.client.get(f"/indicators/{MIXED}/model")).status_code == 200
            made.consent_at.start()

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_result_says_how_many_methods_agree_and_never_one_place(tmp_path: Path) -> None:
    baked = first_view()
    flagged = next(one for one in baked.rows if one["id"] == f"r-{5:012x}")
    flagged.update(robustness_paths=8, robustness_agreeing=6, robustness_share=0.75, band="depends_on_method",
                   robustness_differing="log_all_additive", rank_lower=9, rank_upper=22, ranked_of=147,
                   summary="Depends on method: beyond the limits by one method, but not by others")  # fmt: skip

    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            page = (await gateway.client.get("/results/r-000000000005")).text
            assert "6 of 8 that are as defensible" in page
            assert "Limits on the logarithmic scale, spread between hospitals from all of them, added to chance" in page
            assert "Somewhere between 9th and 22nd of 147, the lowest first" in page
            assert "Depends on method</strong>" in page
            other = (await gateway.client.get("/results/r-000000000004")).text
            assert "Somewhere between" not in other
            assert "as defensible" not in other

    with world(tmp_path, baked) as made:
        asyncio.run(scenario(made))


def test_a_position_that_depends_on_the_method_has_a_label_of_its_own() -> None:
    said = (
        "Depends on method: beyond the limits by the method of this indicator, but not by others that are as defensible"
    )
    note = "Beyond the limits by the method of this indicator, but not by others that are as defensible."
    found = comparison(row(said, position="above_control", band="depends_on_method"))
    assert found == Tag("Depends on method", "grey", note)
    assert comparison(row(position="above_control", band="depends_on_method")).note == note


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"),
                         (113, "113th"), (1002, "1,002nd")]
)  # fmt: skip
def test_ordinals(number: int, said: str) -> None:
    assert ordinal(number) == said
    assert between_places({"lower": number, "upper": number + 1, "of": 2000}).startswith(
        f"Somewhere between {said} and "
    )
