"""The funnel with its words: what stands around the picture, and which sentence comes from where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from services.gateway.site.charts import funnel_svg
from services.gateway.site.wording import ABSENT, Body, period

NOT_SHOWN: Final = {"small_numbers": "not shown: small numbers", "not_published": "not published"}


@dataclass(frozen=True)
class Chart:
    """`message` is the API's own sentence; `table` is the caption of the table that must follow."""

    message: str
    caption: str
    svg: Markup
    limits: str
    absent: str
    chosen: str
    table: str
    verdict: str


def chart(
    funnel: Body, indicator: Body, when: Body, chosen: Mapping[str, Any] | None = None, who: str = "hospital"
) -> Chart | None:
    """The funnel of `indicator` over the period `when`, or None where it has no point to draw. `who`: what one of its
    subjects is, in the middle of a sentence."""
    if not funnel["points"]:
        return None
    found = chosen is not None and any(point["provider"] == chosen["id"] for point in funnel["points"])
    name = str(chosen["name"]) if chosen is not None and found else ""
    svg = funnel_svg(funnel, (chosen["id"], name) if chosen is not None and found else None)
    return Chart(
        message=funnel["words"], caption=caption(indicator, when, who), svg=Markup(svg),  # noqa: S704  # made by our renderer, checked there
        limits=limits_words(funnel["limits"], who), absent=absent_words(funnel.get("absent", {})), chosen=name,
        table=f"{indicator['label']}: the figures in the chart, by name of {who}",
        verdict=funnel["limits"]["verdict"],
    )  # fmt: skip


def caption(indicator: Body, when: Body, who: str) -> str:
    """What is counted stands here, because an axis has no room for it."""
    return f"{indicator['label']}, by {who}, {period(when)}. Counted: {indicator['numerator']}."


def limits_words(limits: Body, who: str) -> str:
    """Every chart says whether its limits allow for differences between providers that no model explains."""
    variance = limits.get("between_provider_variance", 0)
    if variance:
        return (
            f"The limits allow for chance and for ordinary differences between {who}s "
            f"(between-provider variance {variance})."
        )
    return f"The limits allow for chance alone, not for ordinary differences between {who}s."


def absent_words(absent: Mapping[str, int]) -> str:
    """`3 not shown: small numbers.` Counts are the API's; the words for a reason are the table's."""
    said = [
        f"{count:,} {NOT_SHOWN.get(reason) or ABSENT[reason][0].lower() + ABSENT[reason][1:]}"
        for reason, count in sorted(absent.items())
    ]
    return f"{'; '.join(said)}." if said else ""
