"""Ratios with their ranges, one line each, beside the line at 1.0: a model's coefficients and its calibration.

Like the funnel it is hidden from assistive technology and stands before a table with the same numbers. A filled blue
circle is a ratio, the bar its range; a hollow grey one is a reference level, which has none.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import altair as alt
import orjson

from services.gateway.site.charts.drawing import GREY, INK, configured, svg_of
from services.gateway.site.charts.layers import BLUE

PLOT_WIDTH: Final = 212
ROW_HEIGHT: Final = 26
MARGIN: Final = {"left": 174, "top": 8, "right": 14, "bottom": 54}
LABEL_LIMIT: Final = 166
CACHED: Final = 64
LEAST, MOST = 0.5, 2.0  # the axis holds these at the least
TICKS: Final = ((6.0, (0.35, 0.5, 0.7, 1, 1.4, 2, 2.8)), (50.0, (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)))
"""Up to which span of the axis there is room for which figures; beyond the last, for powers of ten. 1 is in all."""

Line = Mapping[str, Any]


def ratios_svg(lines: Sequence[Line], title: str) -> str:
    """`lines`: `label`, and where there is one `ratio` with `lower` and `upper` (above 0); `reference` marks a line
    that is 1 by definition. The axis is logarithmic: half and double are equally far from 1."""
    canonical = orjson.dumps({"lines": [dict(line) for line in lines], "title": title}, option=orjson.OPT_SORT_KEYS)
    return _rendered(hashlib.sha256(canonical).hexdigest(), canonical)


@lru_cache(maxsize=CACHED)
def _rendered(digest: str, canonical: bytes) -> str:
    drawn = orjson.loads(canonical)
    height = ROW_HEIGHT * max(1, len(drawn["lines"]))
    spec = configured(_chart(drawn["lines"], drawn["title"]), PLOT_WIDTH, height, MARGIN)
    size = PLOT_WIDTH + MARGIN["left"] + MARGIN["right"], height + MARGIN["top"] + MARGIN["bottom"]
    return svg_of(spec, f"ratios-{digest[:8]}", size)


def _chart(lines: Sequence[Line], title: str) -> Any:
    order = [line["label"] for line in lines]
    down = alt.Y(
        "label:N", title=None, sort=order, scale=alt.Scale(domain=order, paddingInner=0.2),
        axis=alt.Axis(labelLimit=LABEL_LIMIT, domain=False, ticks=False, grid=False, labelOverlap=False),
    )  # fmt: skip
    told = _data([line for line in lines if "ratio" in line])
    fixed = _data([{"label": line["label"], "ratio": 1.0} for line in lines if line.get("reference")])
    target = _data([{"ratio": 1.0}]).mark_rule(color=INK, strokeWidth=1.6)
    bars = told.mark_rule(color=BLUE, strokeWidth=2.5)
    points = told.mark_point(shape="circle", filled=True, color=BLUE, opacity=1, size=70)
    hollow = fixed.mark_point(shape="circle", filled=False, stroke=GREY, strokeWidth=1.5, size=60)
    return alt.layer(
        target.encode(x=_across("ratio", title, lines)),
        bars.encode(x=_across("lower", title, lines), x2="upper:Q", y=down),
        points.encode(x=_across("ratio", title, lines), y=down),
        hollow.encode(x=_across("ratio", title, lines), y=down),
    )


def _across(field: str, title: str, lines: Sequence[Line]) -> alt.X:
    first, last = ends(lines)
    found = next((ticks for span, ticks in TICKS if last / first <= span), tuple(10.0**power for power in range(-3, 4)))
    ticks = [tick for tick in found if first <= tick <= last]
    return alt.X(
        f"{field}:Q", title=title, scale=alt.Scale(type="log", domain=[first, last], nice=False),
        axis=alt.Axis(values=ticks, format="~g", labelOverlap=False),
    )  # fmt: skip


def ends(lines: Sequence[Line]) -> tuple[float, float]:
    """Where the axis begins and ends: round every range, and round half and double."""
    lower = min([LEAST, *(float(line["lower"]) for line in lines if float(line.get("lower", 0)) > 0)])
    upper = max([MOST, *(float(line["upper"]) for line in lines if "upper" in line)])
    return 10 ** (math.log10(lower) - 0.03), 10 ** (math.log10(upper) + 0.03)


def _data(rows: Sequence[Line]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))
