"""The funnel: a public funnel body in, SVG text out; limits are the API's, nothing is derived a second time.

x is the expected number of events, y the observed number over it; the line at 1.0 is "as expected". Warning limits
(95%) are dashed, control limits (99.8%) solid, both labelled on the curve. The same body gives the same bytes: points
are put in order, and clip paths, which the renderer numbers through its whole life, are numbered afresh.

The chart holds no links: it is hidden from assistive technology and the table that follows it has them all. Nothing in
it is a style element or attribute, so it may stand inline under `style-src 'self'`.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import altair as alt
import orjson

from services.gateway.site.charts.drawing import configured, svg_of
from services.gateway.site.charts.layers import Frame, Name, circle, labels, limits, marks, ring, target

PLOT_WIDTH, PLOT_HEIGHT = 336, 262
MARGIN: Final = {"left": 52, "top": 10, "right": 12, "bottom": 50}
WIDTH, HEIGHT = PLOT_WIDTH + 64, PLOT_HEIGHT + 60
HIGHEST_LIMIT: Final = 4.0
CACHED_CHARTS: Final = 128

POSITIONS: Final = {"within": "", "above_warning": "warning", "below_warning": "warning", "above_control": "control",
                    "below_control": "control"}  # fmt: skip
"""position -> the outermost limit that it is beyond."""

Body = Mapping[str, Any]


def funnel_svg(funnel: Body, chosen: tuple[str, str] | None = None) -> str:
    """The chart of `funnel` (api.md section 9), with ring and name on `chosen` = (provider, name) if it has a point.
    Where it has several of one period, because it took another's place, each has a ring and its own has the name.

    Raises KeyError where a point says something this chart has no sign for: a word unknown here is never drawn as
    another.
    """
    limit = funnel["limits"]["verdict"]
    points = sorted(({"kind": _kind(point, limit), **point} for point in funnel["points"]), key=_order)
    drawn = {
        "axes": funnel["axes"], "target": funnel["target"], "curve": funnel["limits"]["curve"], "points": points,
        "chosen": chosen if chosen and any(p["provider"] == chosen[0] for p in points) else None,
    }  # fmt: skip
    canonical = orjson.dumps(drawn, option=orjson.OPT_SORT_KEYS)
    return _rendered(hashlib.sha256(canonical).hexdigest(), canonical)


def _order(point: Body) -> tuple[str, str]:
    """By provider; their own figure before those of whose place they took."""
    return str(point["provider"]), str(point.get("reported_as", ""))


def _kind(point: Body, limit: str) -> str:
    if point["comparison"] == "not_rated":
        return "not_rated"
    beyond = POSITIONS[point["position"]]
    return "beyond" if beyond in {limit, "control"} else "inside"


@lru_cache(maxsize=CACHED_CHARTS)
def _rendered(digest: str, canonical: bytes) -> str:
    """Cached by exactly what is drawn: whoever asks for it has been allowed every point in it."""
    return svg_of(_spec(orjson.loads(canonical)), f"funnel-{digest[:8]}", (WIDTH, HEIGHT))


def _frame(drawn: Body) -> Frame:
    """Both axes begin at nought. Limits of tiny expected numbers may run off the top; a point never does."""
    points, curve = drawn["points"], drawn["curve"]
    right = max([p["x"] for p in points] or [c["x"] for c in curve] or [1.0]) * 1.06
    first = min([p["x"] for p in points], default=0.0)
    upper = [c.get("control", c["warning"])["upper"] for c in curve if c["x"] >= first]
    top = max([2.0, *[p["y"] * 1.1 for p in points], min(HIGHEST_LIMIT, max(upper, default=0.0) * 1.05)])
    x, y = drawn["axes"]["x"]["label"], drawn["axes"]["y"]["label"]
    return Frame(right, top, PLOT_WIDTH, PLOT_HEIGHT, x_title=x, y_title=y)


def _spec(drawn: Body) -> dict[str, Any]:
    frame = _frame(drawn)
    layers = [*limits(drawn["curve"], frame), target(drawn["target"], frame), *labels(drawn["curve"], frame)]
    if drawn["chosen"]:
        provider, text = drawn["chosen"]
        named, *before = [p for p in drawn["points"] if p["provider"] == provider]
        layers += ring(Name.of(text, named, drawn["points"], drawn["curve"], frame), named, frame)
        layers += [circle(p, frame) for p in before]
    layers += marks(drawn["points"], frame)
    return configured(alt.layer(*layers), PLOT_WIDTH, PLOT_HEIGHT, MARGIN)
