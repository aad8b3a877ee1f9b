"""Charts of the pack for peer review: the pack's numbers in, SVG text out, and nothing worked out a second time.

Lines and points with presentation attributes alone: no style, no script, no link, so they may stand inline under the
policy of the pages. Same numbers, same bytes. Every chart is hidden from assistive technology; the table after it has
the numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Any, Final

from markupsafe import Markup, escape

WIDTH, HEIGHT = 360, 290
LEFT, TOP, RIGHT, BOTTOM = 64, 14, 22, 48
TEXT: Final = 15  # units: 12 pixels where the chart is as wide as a narrow screen
INK, GREY, BLUE, ORANGE = "#212b32", "#66737c", "#005eb8", "#a84b00"
HIGHEST_RATIO: Final = 4.0
TICKS: Final = 5

Numbers = Sequence[float]
Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    colour: str
    width: float = 1.5
    dashes: str = ""


@dataclass(frozen=True)
class Plot:
    """The ends of both axes and what they say; maps numbers to units of the picture, inside the plot."""

    x: Point
    y: Point
    x_title: str
    y_title: str
    parts: list[Markup] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        return WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(self, point: Point) -> Point:
        (x0, x1), (y0, y1), (width, height) = self.x, self.y, self.size
        return (point[0] - x0) / (x1 - x0) * width, height - (point[1] - y0) / (y1 - y0) * height

    def line(self, points: Iterable[Point], stroke: Stroke) -> None:
        pairs = [self.at(one) for one in points]
        if len(pairs) < 2:
            return
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in pairs)
        dashes = Markup(' stroke-dasharray="{}"').format(stroke.dashes) if stroke.dashes else ""
        self.parts.append(
            Markup('<path d="{}" fill="none" stroke="{}" stroke-width="{}"{}/>').format(
                path, stroke.colour, stroke.width, dashes
            )
        )

    def circle(self, point: Point, radius: float, fill: str, stroke: str) -> None:
        x, y = self.at(point)
        self.parts.append(
            Markup('<circle cx="{}" cy="{}" r="{}" fill="{}" stroke="{}" stroke-width="1.5"/>').format(
                f"{x:.1f}", f"{y:.1f}", radius, fill, stroke
            )
        )

    def triangle(self, point: Point, up: bool) -> None:
        x, y = self.at(point)
        tip = -9 if up else 9
        corners = f"M{x:.1f} {y + tip / 2:.1f}L{x + 6:.1f} {y - tip / 2:.1f}L{x - 6:.1f} {y - tip / 2:.1f}Z"
        self.parts.append(Markup('<path d="{}" fill="{}"/>').format(corners, ORANGE))

    def words(self, point: Point, text: str, up: float = 6, end: bool = True) -> None:
        """Beside a place in the plot, kept inside it."""
        x, y = self.at(point)
        y = min(max(y - up, TEXT), self.size[1] - 4)
        anchor = "end" if end else "middle"
        self.parts.append(_text(x, y, text, anchor))

    def svg(self) -> Markup:
        """Whatever lies outside the plot is cut off: an inner svg is a window."""
        width, height = self.size
        inside = Markup("").join(self.parts)
        return Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {} {}" aria-hidden="true" '
            'focusable="false" font-family="Arial, sans-serif" font-size="{}">{}<svg x="{}" y="{}" width="{}" '
            'height="{}">{}</svg></svg>'
        ).format(WIDTH, HEIGHT, TEXT, self._axes(), LEFT, TOP, width, height, inside)

    def _axes(self) -> Markup:
        width, height = self.size
        parts = [Markup('<path d="M{0} {1}V{2}H{3}" fill="none" stroke="{4}"/>').format(
            LEFT, TOP, TOP + height, LEFT + width, GREY)]  # fmt: skip
        for tick in ticks(*self.x):
            x, _ = self.at((tick, self.y[0]))
            parts.append(_text(LEFT + x, TOP + height + 18, _number(tick), "middle"))
        for tick in ticks(*self.y):
            _, y = self.at((self.x[0], tick))
            parts.append(Markup('<path d="M{} {}H{}" stroke="#e8edee"/>').format(LEFT, f"{TOP + y:.1f}", LEFT + width))
            parts.append(_text(LEFT - 6, TOP + y + 5, _number(tick), "end"))
        parts.append(_text(LEFT + width / 2, HEIGHT - 8, self.x_title, "middle"))
        middle = TOP + height / 2
        parts.append(Markup('<text transform="translate(14 {}) rotate(-90)" text-anchor="middle" fill="{}">{}</text>')
                     .format(f"{middle:.0f}", INK, self.y_title))  # fmt: skip
        return Markup("").join(parts)


def funnel(told: Mapping[str, Any]) -> Markup:
    """Observed over expected beside the number expected; limits as the pack has them, both labelled on the curve."""
    own, others, curves = told.get("own"), told["others"], told.get("curve")
    points = [*others, own] if own else others
    curve = curves["curve"] if curves else []
    right = max([one["expected"] for one in points] or [one["x"] for one in curve] or [1.0]) * 1.08
    top = max([2.0, *(one["ratio"] * 1.1 for one in points)])
    plot = Plot((0, right), (0, min(top, max(HIGHEST_RATIO, *(one["ratio"] * 1.1 for one in points), 0.0))),
                "Expected number", "Observed ÷ expected")  # fmt: skip
    plot.line([(0, 1), (right, 1)], Stroke(INK))
    for name, label, up, stroke in (
        ("warning", "95%", -16, Stroke(GREY, 1.5, "5 4")), ("control", "99.8%", 6, Stroke(GREY, 1.5)),
    ):  # fmt: skip
        for side in ("lower", "upper"):
            drawn = [(one["x"], one[f"{name}_{side}"]) for one in curve if one.get(f"{name}_{side}") is not None]
            drawn = [one for one in drawn if one[0] <= right]
            plot.line(drawn, stroke)
            if drawn and side == "upper":
                plot.words(drawn[-1], label, up)
    for one in others:
        plot.circle((one["expected"], one["ratio"]), 4, "white", GREY)
    if own:
        here = (own["expected"], own["ratio"])
        plot.circle(here, 6, BLUE, INK)
        plot.words(here, "Yours", 12, end=own["expected"] > right / 4)
    return plot.svg()


def vlad(told: Mapping[str, Any]) -> Markup:
    """Deaths expected less deaths observed so far, case by case: a line that falls has lost more than expected."""
    values: Numbers = told["vlad"]
    plot = Plot((0, max(1, len(values))), _room([0.0, *values]), "Case, in order of date", "Expected − observed")
    plot.line([(0, 0), (len(values), 0)], Stroke(INK))
    plot.line([(0, 0), *enumerate(values, 1)], Stroke(BLUE, 2))
    return plot.svg()


def cusum(told: Mapping[str, Any]) -> Markup:
    """Evidence of a rise above the line of nought, of a fall below it; a triangle where either has given a signal."""
    rising, falling, limit = told["rising"], [-one for one in told["falling"]], told["threshold"]
    plot = Plot((0, max(1, len(rising))), _room([0.0, limit, -limit, *rising, *falling], 0.16),
                "Case, in order of date", "Evidence")  # fmt: skip
    plot.line([(0, 0), (len(rising), 0)], Stroke(INK))
    for end, label in ((limit, "Signal of a rise"), (-limit, "Signal of a fall")):
        plot.line([(0, end), (len(rising), end)], Stroke(GREY, 1.5, "5 4"))
        plot.words((len(rising), end), label, 6 if end > 0 else -16)
    for values, colour in ((rising, ORANGE), (falling, BLUE)):
        plot.line([(0, 0), *enumerate(values, 1)], Stroke(colour, 2))
    for signals, end in ((told["rising_signals"], limit), (told["falling_signals"], -limit)):
        for case in signals:
            plot.triangle((case, end), up=end > 0)
    return plot.svg()


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from one end to the other."""
    rough = (high - low) / TICKS
    size = 10.0 ** floor(log10(rough))
    step = next(size * one for one in (1, 2, 5, 10) if size * one >= rough)
    return [number * step for number in range(ceil(low / step), floor(high / step + 1e-9) + 1)]


def _room(values: Numbers, share: float = 0.08) -> Point:
    """From the lowest to the highest of these, and a little more: for labels beside the ends, too."""
    low, high = min(values), max(values)
    spare = max((high - low) * share, 0.1)
    return low - spare, high + spare


def _number(value: float) -> str:
    return f"{value:,.10g}".replace("-", "−")


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}" fill="{}">{}</text>').format(
        f"{x:.1f}", f"{y:.1f}", anchor, INK, escape(text)
    )
