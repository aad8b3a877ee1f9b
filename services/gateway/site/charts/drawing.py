"""From a chart's specification to SVG that may stand inline in a page: same specification, same bytes."""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson
import vl_convert

CLIP: Final = re.compile(r'(id="|url\(#)clip(\d+)')
NOT_FOR_A_PAGE: Final = re.compile(r"<[^>]*\s(?:style|href|xlink:href|on\w+)=|<style|<script")
INK, GREY, TEXT = "#212b32", "#66737c", 15

Body = Mapping[str, Any]


def configured(chart: Any, width: int, height: int, margin: Mapping[str, int], **axis: Any) -> dict[str, Any]:
    """The specification of a layered chart, with the site's fonts, colours and room round the plot, in chart units."""
    plain = chart.properties(width=width, height=height, background="white")
    plain = plain.configure(font="Arial, sans-serif", aria=False).configure_view(stroke=None)
    plain = plain.configure_axis(
        **{
            "labelFontSize": TEXT, "titleFontSize": TEXT, "labelColor": INK, "titleColor": INK,
            "titleFontWeight": "normal", "gridColor": "#e8edee", "domainColor": GREY, "tickColor": GREY, "tickCount": 5,
            "titlePadding": 6, "labelOverlap": True, **axis,
        }
    )  # fmt: skip
    spec: dict[str, Any] = plain.to_dict()
    return spec | {"padding": dict(margin), "autosize": {"type": "none"}}


def svg_of(spec: Body, name: str, size: tuple[int, int]) -> str:
    """`name` sets its clip paths apart from those of other charts on the page; `size` in chart units."""
    return stable(vl_convert.vegalite_to_svg(orjson.dumps(spec).decode()), name, size)


def stable(svg: str, name: str, size: tuple[int, int]) -> str:
    """Clip paths numbered by first appearance, and the attributes that an inline, silent picture needs.

    Raises ValueError where the renderer wrote what the page's content security policy would refuse.
    """
    if not svg.startswith("<svg ") or NOT_FOR_A_PAGE.search(svg):
        raise ValueError("the renderer wrote markup that a page may not hold")
    numbers: dict[str, int] = {}

    def renumber(found: re.Match[str]) -> str:
        return f"{found[1]}{name}-{numbers.setdefault(found[2], len(numbers))}"

    opening = f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {size[0]} {size[1]}"'
    return CLIP.sub(renumber, f'{opening} aria-hidden="true" focusable="false">{svg.split(">", 1)[1]}')
