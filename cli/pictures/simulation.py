"""The pictures of a simulation report. Everything drawn is a line of the report; nothing is computed a second time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import altair as alt

from cli.pictures.style import BLUE, GREEN, GREY, INK, ORANGE, Row, label, rows, saved, titled

Report = Mapping[str, Any]
ROWS: Final = {
    "none": "none: no spread allowed for",
    "truncated_deciles": "truncated deciles",
    "winsorised_10": "winsorised, uncorrected",
    "winsorised_10_consistent": "winsorised, corrected",
    "all": "all rows",
}
FAMILIES: Final = {"tails of the count": "count_tails_{}", "log scale, additive": "log_{}_additive"}
SHAPES: Final = {"tails of the count": (BLUE, "circle"), "log scale, additive": (ORANGE, "diamond")}
TESTS: Final = {
    "count_tails_none": ("tails of the count", BLUE),
    "target_exact_poisson": ("target, exact Poisson", ORANGE),
    "log_none": ("log scale", GREY),
    "square_root_none": ("square root", GREEN),
}
LEVEL_NAMES: Final[dict[str, Row]] = {
    "target_exact_poisson": {"x": 2.05, "y": 0.00014}, "log_none": {"x": 7.5, "y": 0.045},
    "square_root_none": {"x": 1.02, "y": 0.0045}, "count_tails_none": {"x": 14, "y": 0.0006},
}  # fmt: skip
FIND_NAMES: Final[dict[str, Row]] = {
    "target_exact_poisson": {"x": 7.0, "y": 0.38}, "log_none": {"x": 5.2, "y": 0.16},
    "count_tails_none": {"x": 1.05, "y": 0.3},
}  # fmt: skip
"""Where the names of the lines stand: beside them, and on none."""
LEAST_DRAWN: Final = 0.0004  # a share of none has no place on a log scale: it is drawn at the left end


def draw(report: Report, folder: Path) -> list[Path]:
    """Every picture as an SVG file in `folder`, made if need be; files of the same name are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    return [saved(picture(report), folder / f"{name}.svg") for name, picture in PICTURES.items()]


def lines_of(report: Report, part: str, **wanted: str) -> list[Row]:
    return [
        line for line in report["lines"]
        if line["part"] == part and all(line[name] == value for name, value in wanted.items())
    ]  # fmt: skip


def false_alarms(report: Report) -> Any:
    """Dispersion rules: share outside 99.8% where nobody differs and where true ratios spread."""
    worlds = {"null": "Nobody differs", "additive_log_normal_0.2": "True ratios spread by 0.2"}
    drawn = _by_family(report, worlds, "outside_99_8")
    panels = [_panel(drawn, title, 0.002, number == 0) for number, title in enumerate(worlds.values())]
    chart = alt.hconcat(*panels, spacing=36)
    title = "Trimming without a correction lets false alarms through, whatever the limits"
    subtitle = "Providers outside 99.8% limits, 150 providers, about 65 expected events; bars: 3 errors; dashed: 0.2%"
    return titled(chart, title, subtitle)


def _by_family(report: Report, worlds: Mapping[str, str], figure: str) -> list[Row]:
    drawn = []
    for family, pattern in FAMILIES.items():
        for rule, words in ROWS.items():
            name = "log_none" if (rule, family) == ("none", "log scale, additive") else pattern.format(rule)
            for world, panel in worlds.items():
                for line in lines_of(report, "dispersion", rule=name, world=world, figure=figure):
                    reach = 3 * line["error"]
                    low, high = max(line["measured"] - reach, LEAST_DRAWN), line["measured"] + reach
                    measured = max(line["measured"], LEAST_DRAWN)
                    drawn.append({"rows": words, "family": family, "panel": panel, "measured": measured, "low": low,
                                  "high": high})  # fmt: skip
    return drawn


def _panel(drawn: list[Row], title: str, nominal: float, first: bool) -> Any:
    own = [row for row in drawn if row["panel"] == title]
    y = alt.Y(
        "rows:N",
        sort=list(ROWS.values()),
        title=None,
        axis=alt.Axis(labels=first, ticks=False, domain=False, grid=True),
    )
    offset = alt.YOffset("family:N", sort=list(FAMILIES), scale=alt.Scale(paddingInner=0.6, paddingOuter=0.8))
    scale = alt.Scale(type="log", domain=[0.0004, 0.13], nice=False)
    axis = alt.Axis(format="~%", values=[0.0005, 0.002, 0.01, 0.05])
    x = alt.X("measured:Q", scale=scale, axis=axis, title="share outside")
    layers: list[Any] = [alt.Chart(rows([{"x": nominal}])).mark_rule(color=INK, strokeDash=[5, 4]).encode(x="x:Q")]
    for family, (color, shape) in SHAPES.items():
        base = alt.Chart(rows([row for row in own if row["family"] == family])).encode(y=y, yOffset=offset)
        layers.append(base.mark_rule(color=color, strokeWidth=2, clip=True).encode(x=alt.X("low:Q"), x2="high:Q"))
        mark = base.mark_point(color=color, shape=shape, filled=True, size=110, opacity=1)
        layers.append(mark.encode(x=x))
    if not first:
        layers += _family_names(own, y, offset)
    return alt.layer(*layers).properties(width=300, height=330, title=alt.TitleParams(title, anchor="start"))


def _family_names(own: list[Row], y: alt.Y, offset: alt.YOffset) -> list[alt.Chart]:
    """Names beside the marks of one row, where there is room: nothing has to be looked up in a legend."""
    named = [row for row in own if row["rows"] == ROWS["all"]]
    return [
        alt.Chart(rows([row | {"text": family} for row in named if row["family"] == family]))
        .mark_text(align="left", dx=16, color=color, fontWeight="bold", fontSize=13)
        .encode(x="high:Q", y=y, yOffset=offset, text="text:N")
        for family, (color, _) in SHAPES.items()
    ]


def finds(report: Report) -> Any:
    """Planted outliers: found beyond the control limit, by how the spread was estimated."""
    drawn = [
        {**row, "text": f"{row['measured']:.0%}"}
        for row in _by_family(report, {"planted_0.1": "planted"}, "found_99_8")
    ]
    y = alt.Y("rows:N", sort=list(ROWS.values()), title=None, axis=alt.Axis(ticks=False, domain=False))
    offset = alt.YOffset("family:N", sort=list(FAMILIES), scale=alt.Scale(paddingInner=0.2, paddingOuter=0.4))
    x = alt.X("measured:Q", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5), title="found")
    layers: list[Any] = []
    for family, (color, _) in SHAPES.items():
        own = [row for row in drawn if row["family"] == family]
        base = alt.Chart(rows(own)).encode(y=y, yOffset=offset, x=x)
        layers += [base.mark_bar(color=color), base.mark_text(align="left", dx=6, fontSize=13).encode(text="text:N")]
        name = [row | {"text": family} for row in own if row["rows"] == ROWS["none"]]
        inside = alt.Chart(rows(name)).mark_text(align="left", dx=8, color="white", fontWeight="bold", fontSize=13)
        layers.append(inside.encode(y=y, yOffset=offset, x=alt.datum(0), text="text:N"))
    chart = alt.layer(*layers).properties(width=560, height=360)
    title = "A few extreme providers hide behind the spread that they cause"
    return titled(chart, title, "7 of 150 at twice their rate, others spread by 0.1: found above the 99.8% limit")


def levels(report: Report) -> Any:
    """False alarms of chance-only tests at each volume."""
    curve = report["curves"]["outside_99_8"]
    y = alt.Y(
        "y:Q", title=None, scale=alt.Scale(type="log", domain=[0.0001, 0.5], nice=False, clamp=True),
        axis=alt.Axis(format="~%", values=[0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]),
    )  # fmt: skip
    level = alt.Chart(rows([{"y": 0.002}])).mark_rule(color=INK, strokeDash=[5, 4]).encode(y=y)
    names = {
        rule: label([{**at, "text": TESTS[rule][0]}], "x", "y", TESTS[rule][1]) for rule, at in LEVEL_NAMES.items()
    }
    chart = alt.layer(level, *_curves(curve, y, LEVEL_NAMES), *names.values()).properties(width=620, height=380)
    title = "Where few events are expected, only the tails of the count keep the promise of 0.2%"
    subtitle = (
        "Share outside 99.8% limits by chance alone, summed over all counts; dashed: 0.2%; bottom line: under 0.01%"
    )
    return titled(chart, title, subtitle)


def detection(report: Report) -> Any:
    """A doubled rate by volume, beside the power that every published row states."""
    y = alt.Y("y:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5))
    power = [
        {"x": _volume(line), "y": line["computed"]}
        for line in lines_of(report, "detection", rule="count_tails_none", figure="above_95")
    ]
    ring = alt.Chart(rows(power)).mark_point(size=170, color=INK, strokeWidth=1.8, filled=False).encode(x="x:Q", y=y)
    names = [label([{**at, "text": TESTS[rule][0]}], "x", "y", TESTS[rule][1]) for rule, at in FIND_NAMES.items()]
    lines = _curves(report["curves"]["doubled_above_95"], y, FIND_NAMES)
    chart = alt.layer(*lines, ring, *names).properties(width=620, height=360)
    at = {row["x"]: f"{row['y']:.0%}" for row in power}
    title = f"A doubled rate is seen by {at[5.0]} at 5 expected events, by {at[10.0]} at 10, by {at[20.0]} at 20"
    subtitle = "Chance that a doubled rate lies above the 95% limit; rings: the power printed on each published row"
    return titled(chart, title, subtitle)


def _curves(curve: Mapping[str, list[float]], y: alt.Y, wanted: Mapping[str, Row]) -> list[alt.Chart]:
    x = alt.X(
        "x:Q", title="expected events", scale=alt.Scale(type="log", domain=[1, 100], nice=False),
        axis=alt.Axis(values=[1, 2, 5, 10, 20, 50, 100], grid=False),
    )  # fmt: skip
    lines = []
    for rule in wanted:
        points = [{"x": at, "y": value or None} for at, value in zip(curve["volume"], curve[rule], strict=True)]
        base = alt.Chart(rows(points)).encode(x=x, y=y)
        lines.append(base.mark_line(color=TESTS[rule][1], strokeWidth=1.8, interpolate="linear"))
    return lines


def _volume(line: Row) -> float:
    return float(line["world"].split()[0])


def coverage(report: Report) -> Any:
    """Coverage of 95% limits of a count by the true mean."""
    curve = report["curves"]["coverage_95"]
    names = {"exact": ("exact Poisson", BLUE), "byar": ("Byar", ORANGE)}
    x = alt.X("x:Q", title="true mean of the count", scale=alt.Scale(type="log", domain=[0.05, 100], nice=False),
              axis=alt.Axis(values=[0.05, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100], grid=False))  # fmt: skip
    y = alt.Y("y:Q", title=None, scale=alt.Scale(domain=[0.94, 1.0]), axis=alt.Axis(format="~%", tickCount=6))
    layers: list[Any] = [alt.Chart(rows([{"y": 0.95}])).mark_rule(color=INK, strokeDash=[5, 4]).encode(y=y)]
    for rule, (_, color) in names.items():
        points = [{"x": mean, "y": value} for mean, value in zip(curve["mean"], curve[rule], strict=True)]
        dash = [1, 0] if rule == "exact" else [4, 3]
        line = alt.Chart(rows(points)).mark_line(color=color, strokeWidth=2, strokeDash=dash)
        layers.append(line.encode(x=x, y=y))
    layers.append(label([{"x": 0.06, "y": 0.967, "text": "exact Poisson (solid)"}], "x", "y", BLUE))
    layers.append(label([{"x": 0.06, "y": 0.961, "text": "Byar (dashed)"}], "x", "y", ORANGE))
    chart = alt.layer(*layers).properties(width=620, height=330)
    title = "Limits of a count hold the truth in at least 95 of 100 cases, usually in more"
    return titled(
        chart, title, "Coverage of 95% limits, summed over all counts; counts are whole, so the curve has teeth"
    )


def charts(report: Report) -> Any:
    """CUSUM: charts as run beside the integral equation."""
    words = {"cases_to_signal_in_control": ("in control", BLUE, "circle"),
             "cases_to_signal_after_change": ("odds changed", ORANGE, "diamond")}  # fmt: skip
    found = lines_of(report, "cusum")
    y = alt.Y(
        "world:N",
        sort=[line["world"] for line in found],
        title=None,
        axis=alt.Axis(ticks=False, domain=False, grid=True),
    )
    scale = alt.Scale(type="log", domain=[60, 40000], nice=False)
    axis = alt.Axis(values=[100, 200, 500, 1000, 2000, 5000, 10000, 20000], format=",d")
    x = alt.X("measured:Q", scale=scale, title="mean cases to the first signal", axis=axis)
    layers: list[Any] = []
    for figure, (name, color, shape) in words.items():
        own = [
            {**line, "low": line["measured"] - 3 * line["error"], "high": line["measured"] + 3 * line["error"],
             "text": f"{line['measured']:,.0f} ({line['computed']:,.0f})"}
            for line in found if line["figure"] == figure
        ]  # fmt: skip
        base = alt.Chart(rows(own)).encode(y=y)
        layers += [
            base.mark_rule(color=color, strokeWidth=2).encode(x="low:Q", x2="high:Q"),
            base.mark_tick(color=INK, thickness=2, height=26).encode(x="computed:Q"),
            base.mark_point(color=color, shape=shape, filled=True, size=110, opacity=1).encode(x=x),
            base.mark_text(dy=-19, fontSize=13, color=color, fontWeight="bold").encode(x="measured:Q", text="text:N"),
        ]
        first = alt.Chart(rows([{**own[0], "text": name}])).mark_text(
            dy=24, fontSize=13, color=color, fontWeight="bold"
        )
        layers.append(first.encode(x="measured:Q", y=y, text="text:N"))
    chart = alt.layer(*layers).properties(width=560, height=80 * len({line["world"] for line in found}))
    title = "Charts signal when the integral equation says they do"
    return titled(
        chart, title, "Simulated mean with 3 errors (computed: upright stroke, in brackets); invented heart surgery"
    )


def calibration(report: Report) -> Any:
    """Observed over expected by decile of predicted risk, on outcomes that the model did not see."""
    found = lines_of(report, "risk_model", figure="observed_over_expected")
    drawn = [
        {"decile": int(line["world"].split()[1]), "ratio": line["measured"],
         "low": line["measured"] - 3 * line["error"], "high": line["measured"] + 3 * line["error"]}
        for line in found
    ]  # fmt: skip
    base = alt.Chart(rows(drawn)).encode(
        x=alt.X("decile:O", title="decile of predicted risk, lowest to highest", axis=alt.Axis(labelAngle=0))
    )
    scale = alt.Scale(
        domain=[min(0.85, *(row["low"] for row in drawn)), max(1.15, *(row["high"] for row in drawn))], zero=False
    )
    ratio = alt.Y("ratio:Q", title=None, scale=scale)
    chart = alt.layer(
        alt.Chart(rows([{"y": 1}])).mark_rule(color=INK, strokeDash=[5, 4]).encode(y="y:Q"),
        base.mark_rule(color=BLUE, strokeWidth=2).encode(y="low:Q", y2="high:Q"),
        base.mark_point(color=BLUE, filled=True, size=100, opacity=1).encode(y=ratio),
    ).properties(width=560, height=300)  # fmt: skip
    first, last = drawn[0]["ratio"] - 1, drawn[-1]["ratio"] - 1
    title = f"On new outcomes the lowest risks are off by {first:+.0%}, the highest by {last:+.0%}"
    return titled(chart, title, "Observed over expected, all specialties of the demonstration worlds; bars: 3 errors")


PICTURES: Final[dict[str, Callable[[Report], Any]]] = {
    "false-alarms": false_alarms,
    "finds": finds,
    "levels-by-volume": levels,
    "detection": detection,
    "coverage": coverage,
    "cusum": charts,
    "calibration": calibration,
}
