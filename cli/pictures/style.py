"""How every picture looks: colours that differ in lightness too, text of one size, labels on the lines themselves."""

import json
import re
from pathlib import Path
from typing import Any, Final

import altair as alt
import vl_convert

TEXT: Final = 14
BLUE, ORANGE, GREEN, GREY, INK = "#005eb8", "#b8500a", "#00703c", "#66737c", "#212b32"
CLIP: Final = re.compile(r'(id="|url\(#)clip(\d+)')

Row = dict[str, Any]


def rows(values: list[Row]) -> alt.InlineData:
    return alt.InlineData(values=values)


def titled(chart: Any, title: str, subtitle: str) -> Any:
    """The title says what is seen, the subtitle what is drawn."""
    words = alt.TitleParams(
        text=title, subtitle=subtitle, anchor="start", fontSize=17, subtitleFontSize=TEXT, subtitleColor=INK,
        color=INK, offset=14, subtitlePadding=6,
    )  # fmt: skip
    return (
        chart.properties(title=words, background="white", padding={"left": 14, "top": 12, "right": 18, "bottom": 12})
        .configure(font="Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=TEXT, titleFontSize=TEXT, labelColor=INK, titleColor=INK, titleFontWeight="normal",
            gridColor="#e8edee", domainColor=GREY, tickColor=GREY, titlePadding=8, labelLimit=400,
        )
    )  # fmt: skip


def label(values: list[Row], x: str, y: str, color: str, **mark: Any) -> Any:
    """Text beside a line, with a white edge, so that it stays legible where lines cross."""
    base = alt.Chart(rows(values))
    place = {"align": "left", "baseline": "middle", "dx": 8, "fontSize": TEXT, "fontWeight": "bold", **mark}
    edge = base.mark_text(stroke="white", strokeWidth=4, strokeJoin="round", **place)
    text = base.mark_text(color=color, **place)
    return alt.layer(*(one.encode(x=f"{x}:Q", y=f"{y}:Q", text="text:N") for one in (edge, text)))


def saved(chart: Any, path: Path) -> Path:
    """Written as SVG; clip paths, which the renderer numbers through its whole life, are numbered afresh."""
    svg: str = vl_convert.vegalite_to_svg(json.dumps(chart.to_dict()))
    numbers: dict[str, int] = {}
    name = path.stem

    def renumber(found: re.Match[str]) -> str:
        return f"{found[1]}{name}-{numbers.setdefault(found[2], len(numbers))}"

    path.write_text(CLIP.sub(renumber, svg) + "\n")
    return path
