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

from services.gateway.site.charts.drawing import GREY, INK, TEXT

BLUE, ORANGE = "#005eb8", "#b8500a"
TITLE_CHARACTERS, NAME_CHARACTERS, NAME_LINES = 44, 30, 3

DASHES: Final = {"warning": [5, 4], "control": [1, 0]}
SIGNS: Final[dict[str, dict[str, Any]]] = {
    "not_rated": {"shape": "circle", "size": 40, "filled": False, "stroke": GREY, "strokeWidth": 1.5},
    "inside": {"shape": "circle", "size": 40, "filled": True, "color": BLUE, "opacity": 0.85},
    "beyond": {"shape": "diamond", "size": 110, "filled": True, "color": ORANGE, "stroke": "white", "opacity": 1},
}
LABELS: Final = {"control": ("99.8% control limit", -10), "warning": ("95% warning limit", 11)}
"""Text and offset in units, down the page: above the upper control limit, just under the upper warning limit."""
LABEL_SPAN: Final = 0.45
CHARACTER, NAME_GAP = 8.4, 14
"""Units that a bold letter takes on average, and the gap between a point and its name."""

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Frame:
    """Where the axes end, in data units, and what they say."""

    right: float
    top: float
    width: float
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
    """One label on each kind of upper limit, near the right end; points are drawn after it, so it covers none.

    A label is set by that height of its curve along the label's length which keeps it off the line.
    """
    layers: list[alt.Chart] = []
    for limit, (text, offset) in LABELS.items():
        heights = _heights(curve, limit, "upper", (frame.right * (1 - LABEL_SPAN), frame.right))
        if heights and max(heights) < frame.top:
            at = max(heights) if offset < 0 else min(heights)
            row = {"x": frame.right, "y": at, "text": text}
            layers += _text(row, frame, align="right", baseline="middle", dy=offset)
    return layers


def _heights(curve: list[Body], limit: str, side: str, ends: tuple[float, float]) -> list[float]:
    """The curve's heights at both ends of a stretch, by straight lines, and at its points between them."""
    found = sorted((float(at["x"]), float(at[limit][side])) for at in curve if side in at.get(limit, {}))
    if not found:
        return []
    across, up = [x for x, _ in found], [y for _, y in found]
    return [float(np.interp(x, across, up)) for x in (*ends, *(x for x in across if ends[0] < x < ends[1]))]


@dataclass(frozen=True)
class Name:
    """Where a name stands, in data units: beside its point, or in the corner with a line to it."""

    lines: list[str]
    x: float
    y: float
    align: str
    wide: float
    beside: bool

    @classmethod
    def of(cls, name: str, point: Body, others: list[Body], curve: list[Body], frame: Frame) -> "Name":
        lines = textwrap.wrap(name, NAME_CHARACTERS, max_lines=NAME_LINES, placeholder="…")
        wide = max(len(one) for one in lines) * CHARACTER * frame.right / frame.width
        high = len(lines) * TEXT * 1.2 * frame.top / frame.height
        gap = NAME_GAP * frame.right / frame.width
        busy = [(p["x"], p["y"]) for p in others if p is not point] + _on_lines(curve, frame)
        for align, left in (("left", point["x"] + gap), ("right", point["x"] - gap - wide)):
            box = (left, left + wide, point["y"] - high / 2, point["y"] + high / 2)
            inside = box[0] >= 0 and box[1] <= frame.right and box[2] >= 0 and box[3] <= frame.top
            if inside and not any(box[0] <= x <= box[1] and box[2] <= y <= box[3] for x, y in busy):
                return cls(lines, point["x"] + (gap if align == "left" else -gap), point["y"], align, wide, True)
        return cls(lines, frame.right, frame.top, "right", wide, False)


def _on_lines(curve: list[Body], frame: Frame) -> list[tuple[float, float]]:
    """Places on limits, on the target and on their labels, close enough together that no name fits between two."""
    places: list[tuple[float, float]] = []
    for x in np.linspace(0, frame.right, 80):
        places.append((float(x), 1.0))
        for limit in DASHES:
            for side in ("lower", "upper"):
                places += [(float(x), y) for y in _heights(curve, limit, side, (float(x), float(x)))[:1]]
    return places


def circle(point: Body, frame: Frame) -> alt.Chart:
    """The ring alone."""
    data = _chart([{"x": point["x"], "y": point["y"]}])
    drawn = data.mark_point(shape="circle", size=230, filled=False, stroke=INK, strokeWidth=2)
    placed: alt.Chart = drawn.encode(**frame.place())
    return placed


def ring(name: Name, point: Body, frame: Frame) -> list[alt.Chart]:
    """A ring round one point and its name: beside it where there is room, else in the corner above the limits, with a
    thin line between the two."""
    under = frame.top * (1 - (len(name.lines) * TEXT * 1.25 + 4) / frame.height)
    end = min(max(point["x"], frame.right - name.wide), frame.right * 0.95)
    layers = [circle(point, frame)]
    if not name.beside and point["y"] < under:
        data = _chart([{"x": point["x"], "y": point["y"], "x2": end, "y2": under}])
        line = data.mark_rule(color=INK, strokeWidth=1, strokeDash=[1, 2])
        layers.append(line.encode(x2="x2:Q", y2="y2:Q", **frame.place()))
    row = {"x": name.x, "y": name.y, "text": "\n".join(name.lines)}
    baseline = "middle" if name.beside else "top"
    style = {"align": name.align, "baseline": baseline, "lineBreak": "\n", "lineHeight": TEXT * 1.2}
    return [*layers, *_text(row, frame, fontWeight="bold", **style)]
