"""The funnel's body: points and limit curves, so that no reader derives limits again. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from services.gateway.api.codelists import POSITIONS
from services.gateway.api.rows import present
from shared.contracts.views import CurvePoint, FunnelCurves, IndicatorEntry

Body = dict[str, Any]
SMALL: Final = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def funnel_body(
    entry: IndicatorEntry, curves: FunnelCurves, rows: Sequence[Mapping[str, Any]], absent: Mapping[str, int] | None
) -> Body:
    """`rows`: the visible published rows of this indicator, period and level. `absent` is not given for people."""
    points = [point(row) for row in rows if row["expected"] is not None and row["standardised_ratio"] is not None]
    summary = summed(points)
    limits = present(method=curves.limits_method, between_provider_variance=curves.between_provider_variance)
    return {
        "indicator": curves.indicator,
        "period": curves.period,
        "level": curves.level,
        "target": curves.target,
        "axes": {
            "x": {"field": "expected", "label": f"Expected for these patients: {entry.numerator}"},
            "y": {"field": "standardised_ratio", "label": "Observed divided by expected"},
        },
        "limits": limits | {"curve": [curve_point(one) for one in curves.curve]},
        "points": points,
        "summary": summary,
        **({"absent": dict(absent)} if absent is not None else {}),
        "words": words(summary, curves, {row["provider_kind"] for row in rows}),
    }


def point(row: Mapping[str, Any]) -> Body:
    subject = present(consultant=row["consultant_id"] if row["level"] == "consultant" else None,
                      provider=row["provider_id"])  # fmt: skip
    rated = row["comparison_status"] == "rated"
    return {"result": row["id"], **subject, "x": row["expected"], "y": row["standardised_ratio"],
            "comparison": row["comparison_status"] or "not_rated",
            **present(position=row["position"] if rated else None)}  # fmt: skip


def curve_point(one: CurvePoint) -> Body:
    control = present(lower=one.control_lower, upper=one.control_upper)
    return {"x": one.x, "warning": {"lower": one.warning_lower, "upper": one.warning_upper}} | present(
        control=control or None
    )


def summed(points: Sequence[Body]) -> dict[str, int]:
    found = Counter(point.get("position", "not_rated") for point in points)
    return {code: found[code] for code in (*POSITIONS.codes, "not_rated")}


def words(summary: Mapping[str, int], curves: FunnelCurves, kinds: Set[str]) -> str:
    """One sentence on the outermost limits drawn, without a verdict on anybody."""
    control = any(one.control_upper is not None for one in curves.curve)
    limits = "control" if control else "warning"
    above = summary["above_control"] + (0 if control else summary["above_warning"])
    below = summary["below_control"] + (0 if control else summary["below_warning"])
    rated = sum(summary[code] for code in POSITIONS.codes)
    if not rated:
        return "None has enough cases to be compared."
    places = "hospitals" if kinds == {"hospital"} else "providers"
    subjects = {"provider": places, "consultant": "consultants"}[curves.level]
    inside = f"{rated - above - below} of {rated} {subjects} are inside the {limits} limits"
    outside = [
        f"{_number(count)} {_verb(count)} {side}" for count, side in ((above, "above"), (below, "below")) if count
    ]
    return "; ".join([inside, *([" and ".join(outside)] if outside else [])]) + "."


def _number(count: int) -> str:
    return SMALL[count] if count < len(SMALL) else str(count)


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"
