"""A baked view of a size at which pages can be looked at: 40 invented hospitals, 24 consultants, every kind of row."""

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from shared.contracts.base import Contract
from shared.contracts.views import CurvePoint, FunnelCurves, IndicatorEntry, ProviderEntry
from tests.unit.test_gateway_baked import FIXED, MIXED, PERIOD, Baked, indicator, provider, row_of

EARLIER: Final = "2020-04_2023-03"
TOWNS: Final = ("Ashby", "Brackley", "Corvedale", "Dunmere", "Elmstow", "Farrowby", "Grimsdale", "Hartwell")
ENDINGS: Final = ("General Hospital", "Royal Infirmary", "District Hospital", "Community Hospital", "Cottage Hospital")
LONGEST: Final = "University Hospitals of the Northern Counties and Western Dales NHS Foundation Trust (Example Site)"
CHOSEN, OUTLIER, SMALL, UNTOLD = "ZZ100", "ZZ101", "ZZ138", "ZZ139"
LABELS: Final = {
    FIXED: "Deaths after coronary artery bypass graft surgery (CABG), compared with expected (synthetic)",
    MIXED: "Deaths within 30 days of hip replacement, compared with expected (synthetic)",
}
BASE_RATE: Final = 2.29


@dataclass
class Audit(Baked):
    """Baked as any other view, with its own definitions."""

    definitions: dict[str, Sequence[Contract]] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        own = {name: json.dumps([one.model_dump(mode="json") for one in entries]).encode()
               for name, entries in self.definitions.items()}  # fmt: skip
        return super().files() | own


def spread(expected: float) -> float:
    return math.sqrt(1 / expected + 0.01)


def curve() -> list[CurvePoint]:
    return [CurvePoint(x=float(x), **_limits(float(x))) for x in range(1, 121)]


def _limits(expected: float) -> dict[str, float]:
    s = spread(expected)
    return {
        "warning_lower": round(max(0.0, 1 - 1.96 * s), 4), "warning_upper": round(1 + 1.96 * s, 4),
        "control_lower": round(max(0.0, 1 - 3.09 * s), 4), "control_upper": round(1 + 3.09 * s, 4),
    }  # fmt: skip


WORDS: Final = {
    "within": ("as_expected", "As expected"),
    "above_warning": ("as_expected", "As expected, though further from the average than most"),
    "below_warning": ("as_expected", "As expected, though further from the average than most"),
    "above_control": ("worse_than_expected", "Worse than expected: a signal to look closer, not proof of poor care"),
    "below_control": ("better_than_expected", "Better than expected"),
}


def position(ratio: float, limits: dict[str, float]) -> str:
    for limit in ("control", "warning"):
        if ratio > limits[f"{limit}_upper"]:
            return f"above_{limit}"
        if ratio < limits[f"{limit}_lower"]:
            return f"below_{limit}"
    return "within"


def rated(number: int, expected: float, ratio: float, **given: Any) -> dict[str, Any]:
    """A published row whose figures agree with one another."""
    limits, s = _limits(expected), spread(expected)
    band, said = WORDS[position(ratio, limits)]
    tell = expected >= 5
    figures = {
        "expected": round(expected, 2), "standardised_ratio": round(ratio, 2), "observed": round(expected * ratio),
        "denominator": round(expected * 100 / BASE_RATE), "estimate": round(ratio * BASE_RATE, 2),
        "interval_lower": round(max(0.0, ratio - 1.96 * s) * BASE_RATE, 2),
        "interval_upper": round((ratio + 1.96 * s) * BASE_RATE, 2), "benchmark_value": BASE_RATE,
        "benchmark_scope": "All hospitals in the audit",
        **{name: round(value * BASE_RATE, 2) for name, value in limits.items()},
        "comparison_status": "rated" if tell else "not_rated", "position": position(ratio, limits) if tell else None,
        "band": band if tell else None, "not_rated_reason": None if tell else "too_few_cases",
        "summary": said if tell else "Cannot tell: too few operations",
        "certainty": "Enough operations to notice a death rate about 40 percent above the one expected."
        if tell else "Too few operations to notice even a doubling of the death rate.",
        "risk_model": "thirty-day-mortality-2026.1", "limits_method": "overdispersed",
    }  # fmt: skip
    return row_of(number, **(figures | given))


def places() -> list[ProviderEntry]:
    names = [f"{TOWNS[n % 8]} {ENDINGS[(n // 8) % 5]}" for n in range(40)]
    names[0] = LONGEST
    regions = ("North", "Midlands", "South")
    return [provider(f"ZZ{100 + n}", regions[n % 3]).model_copy(update={"name": names[n]}) for n in range(40)]


def absent(number: int, at: str, indicator_id: str, reason: str, status: str) -> dict[str, Any]:
    found = dict.fromkeys(row_of(number))
    kept = row_of(number, provider_id=at, indicator_id=indicator_id, status=status, reason=reason)
    names = ("row", "id", "status", "reason", "partition", "level", "provider_id", "provider_kind", "indicator_id",
             "period_id", "period_start", "period_end", "legal_basis", "disclosure_rule")  # fmt: skip
    return found | {name: kept[name] for name in names}


def definitions() -> dict[str, Sequence[Contract]]:
    def entry(name: str, revocable: bool) -> IndicatorEntry:
        why = "Most people survive this operation; differences between hospitals may point to care that can improve."
        missing = ["how well patients felt afterwards", "people who were advised against treatment"]
        more = {
            "label": LABELS[name],
            "why_it_matters": why,
            "does_not_show": missing,
            "limits_method": "overdispersed",
        }
        return indicator(name, revocable).model_copy(update=more)

    drawn = [(FIXED, PERIOD, curve()), (FIXED, EARLIER, curve()), (MIXED, PERIOD, curve())]
    funnels = [
        FunnelCurves(indicator=name, period=period, level="provider", target=1.0, limits_method="overdispersed",
                     between_provider_variance=0.01, curve=points)
        for name, period, points in drawn
    ]  # fmt: skip
    return {"providers.json": places(), "indicators.json": [entry(FIXED, False), entry(MIXED, True)],
            "funnels.json": funnels, "commentaries.json": []}  # fmt: skip


def audit(**given: Any) -> Audit:
    """CHOSEN has the longest name, eight consultants and a revocable row; OUTLIER is beyond the control limits;
    SMALL is suppressed, UNTOLD not published."""
    chance = random.Random(7)
    rows: list[dict[str, Any]] = []
    quarantine: dict[str, list[str]] = {}
    names = {place.id: place.name for place in places()}
    for n, at in enumerate(names):
        expected = 2.5 + (n * 29 % 97)
        for indicator_id in (FIXED, MIXED):
            number = len(rows) + 1
            if at == SMALL:
                rows.append(absent(number, at, indicator_id, "small_numbers", "suppressed"))
                continue
            if at == UNTOLD:
                rows.append(absent(number, at, indicator_id, "not_published", "not_published"))
                continue
            ratio = 2.1 if at == OUTLIER else max(0.0, chance.gauss(1, spread(expected) * 0.9))
            rows.append(rated(number, expected, ratio, provider_id=at, indicator_id=indicator_id))
    for at in list(names)[:10]:
        rows.append(rated(len(rows) + 1, 30.0, 1.1, provider_id=at, indicator_id=FIXED, period_id=EARLIER,
                          period_start=date(2020, 4, 1), period_end=date(2023, 3, 31)))  # fmt: skip
    for n in range(24):
        gmc, at, number = f"99001{n:02d}", f"ZZ{100 + n // 8}", len(rows) + 1
        rows.append(rated(number, 2.0 + n, 1.0 + (n % 5) / 10, level="consultant", partition="revocable",
                          consultant_id=gmc, consultant_name=f"Dr {chr(65 + n)} Example", provider_id=at,
                          provider_kind=None, legal_basis="consent", indicator_id=MIXED))  # fmt: skip
        quarantine[gmc] = [f"r-{number:012x}"]
    for row in rows:
        row["provider_name"] = names[row["provider_id"]]
    total = next(row for row in rows if row["provider_id"] == CHOSEN and row["indicator_id"] == MIXED)
    total["partition"] = "revocable"
    quarantine["9900100"].append(total["id"])
    return Audit(rows, quarantine, definitions=definitions(), **given)
