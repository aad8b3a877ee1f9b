"""The funnel's body: points and limit curves, so that no reader derives limits again. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from services.gateway.api.codelists import POSITIONS
from shared.contracts.public.rendering import present
from shared.contracts.views import CurvePoint, FunnelCurves, IndicatorEntry

Body = dict[str, Any]
TOO_FEW: Final = frozenset({"too_few_cases", "no_cases"})
WITHOUT_POINTS: Final = 100.0  # right end of the curve where no figure is shown
SMALL: Final = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def funnel_body(
    entry: IndicatorEntry, curves: FunnelCurves, rows: Sequence[Mapping[str, Any]], absent: Mapping[str, int] | None
) -> Body:
    """`rows`: the visible published rows of this indicator, period and level. `absent` is not given for people."""
    points = [point(row) for row in rows if row["expected"] is not None and row["standardised_ratio"] is not None]
    summary = summed(points)
    limits = present(method=curves.limits_method, between_provider_variance=curves.between_provider_variance,
                     verdict=verdict(entry, curves))  # fmt: skip
    reasons = {row["not_rated_reason"] for row in rows if row["comparison_status"] != "rated"}
    return {
        "indicator": curves.indicator,
        "period": curves.period,
        "level": curves.level,
        "target": curves.target,
        "axes": {
            "x": {"field": "expected", "label": "Expected number, for these patients"},
            "y": {"field": "standardised_ratio", "label": "Observed divided by expected"},
        },
        "limits": limits | {"curve": [curve_point(one) for one in trimmed(curves.curve, [one["x"] for one in points])]},
        "points": points,
        "summary": summary,
        **({"absent": dict(absent)} if absent is not None else {}),
        "words": words(
            summary, verdict(entry, curves), nouns(curves.level, {row["provider_kind"] for row in rows}), reasons
        ),
    }


def point(row: Mapping[str, Any]) -> Body:
    subject = present(consultant=row["consultant_id"] if row["level"] == "consultant" else None,
                      provider=row["provider_id"], reported_as=row["reported_as_id"])  # fmt: skip
    rated = row["comparison_status"] == "rated"
    return {"result": row["id"], **subject, "x": row["expected"], "y": row["standardised_ratio"],
            "comparison": row["comparison_status"] or "not_rated",
            **present(position=row["position"] if rated else None)}  # fmt: skip


def trimmed(curve: Sequence[CurvePoint], shown: Sequence[float]) -> Sequence[CurvePoint]:
    """The stretch of the curve around the expected numbers that are shown, and around nothing else."""
    lowest, highest = min(shown, default=1.0), max(shown, default=WITHOUT_POINTS)
    first = max((place for place, one in enumerate(curve) if one.x <= lowest), default=0)
    last = next((place for place, one in enumerate(curve) if one.x >= highest), len(curve) - 1)
    return curve[first : last + 1]


def curve_point(one: CurvePoint) -> Body:
    control = present(lower=one.control_lower, upper=one.control_upper)
    return {"x": one.x, "warning": {"lower": one.warning_lower, "upper": one.warning_upper}} | present(
        control=control or None
    )


def summed(points: Sequence[Body]) -> dict[str, int]:
    found = Counter(point.get("position", "not_rated") for point in points)
    return {code: found[code] for code in (*POSITIONS.codes, "not_rated")}


def verdict(entry: IndicatorEntry, curves: FunnelCurves) -> str:
    """The limits at which a position gets a word of its own: the indicator's, or the only ones drawn."""
    control = any(one.control_upper is not None for one in curves.curve)
    return "control" if control and entry.verdict == "control" else "warning"


def nouns(level: str, kinds: Set[str]) -> tuple[str, str]:
    """One subject of the funnel, and several."""
    one = "consultant" if level == "consultant" else "hospital" if kinds == {"hospital"} else "provider"
    return one, f"{one}s"


def words(summary: Mapping[str, int], limits: str, subjects: tuple[str, str], reasons: Set[str | None]) -> str:
    """A sentence on the limits that give a word of their own, and one on those drawn in grey; no verdict on anybody."""
    above = summary["above_control"] + (0 if limits == "control" else summary["above_warning"])
    below = summary["below_control"] + (0 if limits == "control" else summary["below_warning"])
    rated = sum(summary[code] for code in POSITIONS.codes)
    if not rated:
        return "None has enough cases to be compared."
    within = rated - above - below
    verb = "is" if 1 in (within, rated) else "are"
    inside = f"{within} of {rated} {subjects[rated > 1]} {verb} inside the {limits} limits"
    outside = [
        f"{_number(count)} {_verb(count)} {side}" for count, side in ((above, "above"), (below, "below")) if count
    ]
    told = "; ".join([inside, *([" and ".join(outside)] if outside else [])])
    return f"{told}.{untold(summary['not_rated'], reasons)}"


def untold(count: int, reasons: Set[str | None]) -> str:
    """` 36 more have too few cases to tell.`: those who are drawn in grey; empty where there are none."""
    if not count:
        return ""
    has = "has" if count == 1 else "have"
    why = f"{has} too few cases to tell" if reasons <= TOO_FEW else f"{has} results that cannot be told from chance"
    return f" {count:,} more {why}."


def _number(count: int) -> str:
    return SMALL[count] if count < len(SMALL) else str(count)


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"
