"""The layers of a funnel, in chart units. At 320 px a unit is at least 0.8 px, so that text is at least 12 px.

Colour is never alone: inside the control limits a filled blue circle, beyond them an orange diamond, not rated a hollow
grey circle, the chosen provider a ring and its name. All of it prints in black and white.
"""

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
import numpy as np

TEXT: Final = 15
BLUE, ORANGE, GREY, INK = "#005eb8", "#b8500a", "#66737c", "#212b32"
TITLE_CHARACTERS, NAME_CHARACTERS, NAME_LINES = 44, 30, 3

DASHES: Final = {"warning": [5, 4], "control": [1, 0]}
SIGNS: Final[dict[str, dict[str, Any]]] = {
    "not_rated": {"shape": "circle", "size": 40, "filled": False, "stroke": GREY, "strokeWidth": 1.5},
    "inside": {"shape": "circle", "size": 40, "filled": True, "color": BLUE, "opacity": 0.85},
    "beyond": {"shape": "diamond", "size": 110, "filled": True, "color": ORANGE, "stroke": "white", "opacity": 1},
}
LABELS: Final = {"control": ("upper", "99.8% control limit", -9), "warning": ("lower", "95% warning limit", -11)}
LABEL_SPAN: Final = 0.45

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Frame:
    """Where the axes end, in data units, and what they say."""

    right: float
    top: float
    height: float
    x_title: str
    y_title: str

    def place(self) -> dict[str, alt.X | alt.Y]:
        """The two encodings that every layer shares."""
        title = textwrap.wrap(self.x_title, TITLE_CHARACTERS)
        across = alt.X("x:Q", title=title, scale=alt.Scale(domain=[0, self.right], nice=False))
        up = alt.Y("y:Q", title=self.y_title, scale=alt.Scale(domain=[0, self.top], nice=False))
        return {"x": across, "y": up}


def _chart(rows: Iterable[Body]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))


def limits(curve: list[Body], frame: Frame) -> list[alt.Chart]:
    """Four lines: warning limits dashed, control limits solid; a limit the API does not draw is not drawn."""
    lines: list[alt.Chart] = []
    for limit, dash in DASHES.items():
        for side in ("lower", "upper"):
            rows = [{"x": at["x"], "y": at[limit][side]} for at in curve if side in at.get(limit, {})]
            mark = _chart(rows).mark_line(color=INK, strokeWidth=1.3, strokeDash=dash, clip=True)
            lines.append(mark.encode(**frame.place()))
    return lines


def target(value: float, frame: Frame) -> alt.Chart:
    line: alt.Chart = _chart([{"y": value}]).mark_rule(color=INK, strokeWidth=1.6).encode(y=frame.place()["y"])
    return line


def marks(points: list[Body], frame: Frame) -> list[alt.Chart]:
    """One layer per sign, so that what is beyond the limits lies on top."""
    layers: list[alt.Chart] = []
    for kind, sign in SIGNS.items():
        rows = [{"x": p["x"], "y": p["y"]} for p in points if p["kind"] == kind]
        layers.append(_chart(rows).mark_point(**sign).encode(**frame.place()))
    return layers


def _text(row: Body, frame: Frame, **mark: Any) -> list[alt.Chart]:
    """Text with a white edge, so that it stays legible where it crosses a line."""
    edge = _chart([row]).mark_text(fontSize=TEXT, stroke="white", strokeWidth=4, strokeJoin="round", **mark)
    text = _chart([row]).mark_text(fontSize=TEXT, color=INK, **mark)
    return [layer.encode(text="text:N", **frame.place()) for layer in (edge, text)]


def labels(curve: list[Body], frame: Frame) -> list[alt.Chart]:
    """One label on each kind of limit, at the right: above the upper control limit, inside the lower warning limit.

    A label is set by the highest point of its curve along the label's length, so that it never lies across it.
    """
    layers: list[alt.Chart] = []
    for limit, (side, text, offset) in LABELS.items():
        heights = _heights(curve, limit, side, (frame.right * (1 - LABEL_SPAN), frame.right))
        if heights and max(heights) < frame.top:
            row = {"x": frame.right, "y": max(heights), "text": text}
            layers += _text(row, frame, align="right", baseline="middle", dy=offset)
    return layers


def _heights(curve: list[Body], limit: str, side: str, ends: tuple[float, float]) -> list[float]:
    """The curve's heights at both ends of a stretch, by straight lines, and at its points between them."""
    found = sorted((float(at["x"]), float(at[limit][side])) for at in curve if side in at.get(limit, {}))
    if not found:
        return []
    across, up = [x for x, _ in found], [y for _, y in found]
    return [float(np.interp(x, across, up)) for x in (*ends, *(x for x in across if ends[0] < x < ends[1]))]


def ring(point: Body, name: str, frame: Frame) -> list[alt.Chart]:
    """A ring round one point, its name in the corner above the limits, and a thin line between the two."""
    lines = textwrap.wrap(name, NAME_CHARACTERS, max_lines=NAME_LINES, placeholder="…")
    under = frame.top * (1 - (len(lines) * TEXT * 1.25 + 4) / frame.height)
    end = min(max(point["x"], frame.right * 0.55), frame.right * 0.95)
    data = _chart([{"x": point["x"], "y": point["y"], "x2": end, "y2": under}])
    circle = data.mark_point(shape="circle", size=230, filled=False, stroke=INK, strokeWidth=2)
    layers: list[alt.Chart] = [circle.encode(**frame.place())]
    if point["y"] < under:
        line = data.mark_rule(color=INK, strokeWidth=1, strokeDash=[1, 2])
        layers.append(line.encode(x2="x2:Q", y2="y2:Q", **frame.place()))
    row = {"x": frame.right, "y": frame.top, "text": "\n".join(lines)}
    corner = {"align": "right", "baseline": "top", "lineBreak": "\n", "lineHeight": TEXT * 1.2, "fontWeight": "bold"}
    return [*layers, *_text(row, frame, **corner)]
