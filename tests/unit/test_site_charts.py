"""The funnel: the specification's body in, SVG out; same bytes for same rows; nothing in it that the policy refuses."""

import copy
import random
import re
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

from services.gateway.site.charts import funnel as module
from services.gateway.site.charts import funnel_svg
from services.gateway.site.charts.drawing import INK, TEXT, stable
from services.gateway.site.pages.figures import absent_words, chart, limits_words
from services.gateway.site.pages.results import noun_of
from services.gateway.site.rendering import environment

SVG = "{http://www.w3.org/2000/svg}"
CURVE: list[dict[str, Any]] = [
    {"x": 20.0, "warning": {"lower": 0.56, "upper": 1.8}, "control": {"lower": 0.4, "upper": 2.53}},
    {"x": 80.0, "warning": {"lower": 0.64, "upper": 1.57}, "control": {"lower": 0.49, "upper": 2.03}},
]
POINTS = [
    {"result": "r-m9s346q3d25v", "provider": "ZZ1", "x": 61.2, "y": 0.92, "comparison": "rated", "position": "within"},
    {"result": "r-t4f5v37e3s3e", "provider": "ZZ2", "x": 74.9, "y": 2.11, "comparison": "rated",
     "position": "above_control"},
    {"result": "r-f5kznwj47tan", "provider": "ZZ3", "x": 2.1, "y": 1.4, "comparison": "not_rated"},
]  # fmt: skip
FUNNEL: dict[str, Any] = {
    "indicator": "cabg-death-30-days", "period": "2023-04_2026-03", "level": "provider", "target": 1.0,
    "axes": {"x": {"field": "expected", "label": "Deaths expected for these patients"},
             "y": {"field": "standardised_ratio", "label": "Observed divided by expected"}},
    "limits": {"method": "overdispersed", "verdict": "control", "between_provider_variance": 0.04, "curve": CURVE},
    "points": POINTS, "summary": {"within": 138, "above_control": 1, "not_rated": 1}, "absent": {"small_numbers": 3},
    "words": "145 of 147 hospitals are inside the control limits; one is above and one below.",
}  # fmt: skip


def points(svg: str) -> list[dict[str, str]]:
    """Attributes of the drawn points: symbol groups of the renderer."""
    found = []
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        if "role-mark" in group.get("class", "") and "mark-symbol" in group.get("class", ""):
            found += [dict(path.attrib) for path in group.iter(f"{SVG}path")]
    return found


def texts(svg: str) -> str:
    return " ".join("".join(element.itertext()) for element in ET.fromstring(svg).iter(f"{SVG}text"))


def test_one_sign_per_point_each_with_its_own_look() -> None:
    drawn = points(funnel_svg(FUNNEL))
    grey, blue, orange = drawn
    assert len(drawn) == 3
    assert (grey.get("fill"), grey["stroke"]) in {("none", "#66737c"), ("transparent", "#66737c"), (None, "#66737c")}
    assert (blue["fill"], orange["fill"]) == ("#005eb8", "#b8500a")
    assert blue["d"] != orange["d"]  # shape, not colour alone


def test_place_follows_expected_and_ratio() -> None:
    def places(body: dict[str, Any]) -> list[tuple[float, float]]:
        found = [re.findall(r"[-\d.]+", one["transform"]) for one in points(funnel_svg(body))]
        return [(float(x), float(y)) for x, y in found]

    before = places(FUNNEL)
    moved = copy.deepcopy(FUNNEL)
    moved["points"][0] |= {"x": 40.0, "y": 1.2}
    after = places(moved)
    assert after[0] == before[0]
    assert after[2] == before[2]
    assert after[1][0] < before[1][0]  # fewer expected: further left
    assert after[1][1] < before[1][1]  # a higher ratio: further up the page


def test_axes_begin_at_nought_and_hold_every_point() -> None:
    body = copy.deepcopy(FUNNEL)
    body["points"][1]["y"] = 9.0
    for one in points(funnel_svg(body)):
        x, y = (float(part) for part in re.findall(r"[-\d.]+", one["transform"]))
        assert 0 <= x <= module.PLOT_WIDTH
        assert 0 <= y <= module.PLOT_HEIGHT


def test_limits_are_labelled_warning_dashed_control_solid() -> None:
    svg = funnel_svg(FUNNEL)
    assert "99.8% control limit" in texts(svg)
    assert "95% warning limit" in texts(svg)
    lines = [path for path in ET.fromstring(svg).iter(f"{SVG}path") if path.get("stroke-width") == "1.3"]
    assert [bool(path.get("stroke-dasharray", "").startswith("5")) for path in lines] == [True, True, False, False]


def test_without_control_limits_none_is_drawn() -> None:
    body = copy.deepcopy(FUNNEL)
    body["limits"]["verdict"] = "warning"
    for at in body["limits"]["curve"]:
        del at["control"]
    body["points"][0]["position"] = "above_warning"
    svg = funnel_svg(body)
    assert "control limit" not in texts(svg)
    assert [one.get("fill") for one in points(svg)].count("#b8500a") == 2


def test_signs_and_key_go_by_the_limits_that_give_a_verdict() -> None:
    """New York speaks at its warning limits: "beyond" = outside warning limits, though control limits are drawn."""
    body = copy.deepcopy(FUNNEL)
    body["points"][0]["position"] = "above_warning"
    assert [one.get("fill") for one in points(funnel_svg(body))].count("#b8500a") == 1
    body["limits"]["verdict"] = "warning"
    assert [one.get("fill") for one in points(funnel_svg(body))].count("#b8500a") == 2
    shown = chart(body, {"label": "L", "numerator": "Deaths"}, {"start": "2023-04-01", "end": "2026-03-31"})
    assert shown is not None
    assert shown.verdict == "warning"
    key = environment().get_template("parts.jinja").module.funnel(shown)  # type: ignore[attr-defined]  # a macro
    assert "Inside the warning limits" in key
    assert "Beyond the warning limits" in key


def placed(svg: str, words: str) -> tuple[float, float]:
    """Where a text begins or ends, in units of the plot."""
    for element in ET.fromstring(svg).iter(f"{SVG}text"):
        if "".join(element.itertext()).startswith(words):
            x, y = re.findall(r"[-\d.]+", element.get("transform", ""))[:2]
            return float(x), float(y)
    raise AssertionError(f"{words} is not on the chart")


def heights(limit: str, side: str) -> list[float]:
    """How far down the plot a limit of FUNNEL lies, at 45 to 100 % of its width."""
    frame = module._frame({"points": POINTS, "curve": CURVE, "axes": FUNNEL["axes"]})
    xs = [frame.right * share / 100 for share in range(55, 101)]
    across, up = [at["x"] for at in CURVE], [at[limit][side] for at in CURVE]
    return [module.PLOT_HEIGHT * (1 - float(np.interp(x, across, up)) / frame.top) for x in xs]


def test_labels_stand_at_the_right_end_of_the_upper_limits() -> None:
    """ "95% warning limit" just under the upper dashed curve, "99.8% control limit" above the upper solid one."""
    svg = funnel_svg(FUNNEL)
    for words, limit, side in (("95% warning limit", "warning", 1), ("99.8% control limit", "control", -1)):
        x, y = placed(svg, words)
        assert x == module.PLOT_WIDTH
        away = [side * (y - TEXT / 3 - line) for line in heights(limit, "upper")]
        assert 4 < min(away) < 14, words


def test_points_lie_on_top_of_labels_and_names() -> None:
    svg = funnel_svg(FUNNEL, ("ZZ1", "Example University Hospitals NHS Trust"))
    first_sign = min(svg.index(f'fill="{colour}"') for colour in ("#005eb8", "#b8500a"))
    for words in ("95% warning limit", "99.8% control limit", "Example University"):
        assert svg.rindex(words) < first_sign


def test_the_title_of_the_axis_fits_its_axis() -> None:
    body = copy.deepcopy(FUNNEL)
    body["axes"]["x"]["label"] = "Expected number, for these patients"
    svg = funnel_svg(body)
    assert texts(svg).count("Expected number, for these patients") == 1  # on one line
    assert len("Expected number, for these patients") * TEXT * 0.6 <= module.PLOT_WIDTH
    assert module.MARGIN["bottom"] >= 3 * TEXT  # figures, title, and the space between


def test_a_name_stands_beside_its_ring_where_there_is_room_else_in_the_corner_with_a_line() -> None:
    def leader(svg: str) -> bool:
        return any(one.get("stroke-dasharray") == "1,2" for one in ET.fromstring(svg).iter(f"{SVG}line"))

    body = copy.deepcopy(FUNNEL)
    body["points"][0] |= {"x": 15.0, "y": 2.9, "position": "above_control"}
    near = funnel_svg(body, ("ZZ1", "Sample"))
    ring_at = next(one for one in points(near) if one.get("stroke") == INK)
    x, y = (float(part) for part in re.findall(r"[-\d.]+", ring_at["transform"]))
    name = placed(near, "Sample")
    assert not leader(near)
    assert 0 < name[0] - x < 20
    assert abs(name[1] - y) < TEXT
    crowded = funnel_svg(FUNNEL, ("ZZ1", "Example University Hospitals NHS Trust"))
    assert leader(crowded)
    assert placed(crowded, "Example")[0] == module.PLOT_WIDTH


def test_the_caption_says_what_is_counted() -> None:
    shown = chart(FUNNEL, {"label": "L", "numerator": "Deaths"}, {"start": "2023-04-01", "end": "2026-03-31"})
    assert shown is not None
    assert shown.caption == "L, by hospital, 1 April 2023 to 31 March 2026. Counted: Deaths."


def test_what_is_no_hospital_is_not_called_one() -> None:
    when = {"start": "2023-04-01", "end": "2026-03-31"}
    for kinds, who in ((["trust", "hospital"], "organisation"), (["gp-practice"], "practice"), ([], "hospital")):
        assert noun_of([{"subject": {"kind": kind}} for kind in kinds]) == who
        shown = chart(FUNNEL, {"label": "L", "numerator": "Deaths"}, when, who=who)
        assert shown is not None
        assert shown.caption.startswith(f"L, by {who}, ")
        assert shown.table == f"L: the figures in the chart, by name of {who}"
        assert f"between {who}s" in shown.limits


def test_who_took_anothers_place_has_a_ring_on_each_point_of_the_period() -> None:
    """The name stands at their own figure; the order of the points changes nothing."""
    body = copy.deepcopy(FUNNEL)
    other = body["points"][1] | {"result": "r-before", "provider": "ZZ1", "reported_as": "ZZ0", "x": 15.0, "y": 2.9}
    body["points"].append(other)
    drawn = funnel_svg(body, ("ZZ1", "Sample"))
    rings = [one["transform"] for one in points(drawn) if one.get("stroke") == INK]
    signs = [one["transform"] for one in points(drawn) if one.get("stroke") != INK]
    assert len(rings) == len(set(rings)) == 2
    assert set(rings) <= set(signs)
    body["points"] = body["points"][::-1]
    turned = funnel_svg(body, ("ZZ1", "Sample"))
    assert turned == drawn


def test_the_chosen_provider_has_a_ring_and_its_name() -> None:
    svg = funnel_svg(FUNNEL, ("ZZ1", "Example University Hospitals NHS Trust"))
    assert len(points(svg)) == len(FUNNEL["points"]) + 1
    assert "Example University Hospitals" in texts(svg)
    assert funnel_svg(FUNNEL, ("ZZ9", "Nobody")) == funnel_svg(FUNNEL)


def test_same_rows_same_bytes_in_any_order_and_after_other_charts() -> None:
    first = funnel_svg(FUNNEL)
    module._rendered.cache_clear()
    other = copy.deepcopy(FUNNEL)
    other["points"][0]["y"] = 1.3
    assert funnel_svg(other) != first  # the renderer has numbered other clip paths by now
    shuffled = copy.deepcopy(FUNNEL)
    random.Random(1).shuffle(shuffled["points"])
    assert funnel_svg(shuffled) == first


@pytest.mark.parametrize("chosen", [None, ("ZZ2", 'Names " style="x" <b onclick="y"> & others')])
def test_nothing_that_the_policy_refuses(chosen: tuple[str, str] | None) -> None:
    svg = funnel_svg(FUNNEL, chosen)
    allowed = {f"{SVG}{name}" for name in ("svg", "g", "path", "line", "text", "tspan", "rect", "defs", "clipPath")}
    for element in ET.fromstring(svg).iter():
        assert element.tag in allowed
        assert not {
            name
            for name in element.attrib
            if name == "style" or "href" in name or name.startswith(("on", "aria-label"))
        }
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox=')
    assert 'aria-hidden="true"' in svg.split(">")[0]


def test_markup_that_the_policy_would_refuse_is_an_error() -> None:
    with pytest.raises(ValueError, match="may not hold"):
        stable('<svg width="1"><g style="color:red"></g></svg>', "x", (1, 1))


def test_text_is_at_least_12_px_on_the_narrowest_screen() -> None:
    sizes = [float(found) for found in re.findall(r'font-size="([\d.]+)px"', funnel_svg(FUNNEL, ("ZZ1", "A name")))]
    assert sizes
    assert min(sizes) * 320 / module.WIDTH >= 12


def test_an_unknown_position_is_refused() -> None:
    body = copy.deepcopy(FUNNEL)
    body["points"][0]["position"] = "somewhere"
    with pytest.raises(KeyError):
        funnel_svg(body)


def test_no_points_no_chart() -> None:
    empty = FUNNEL | {"points": []}
    assert chart(empty, {"label": "L"}, {"start": "2023-04-01", "end": "2026-03-31"}) is None


def test_every_chart_says_what_its_limits_allow_for() -> None:
    assert "between-provider variance 0.04" in limits_words(FUNNEL["limits"], "hospital")
    assert limits_words({"method": "exact_poisson"}, "hospital") == (
        "The limits allow for chance alone, not for ordinary differences between hospitals."
    )


def test_what_has_no_point_is_told_in_words() -> None:
    assert absent_words(FUNNEL["absent"]) == "3 not shown: small numbers."
    assert absent_words({}) == ""
