"""Limit curves for the funnels, so that no reader derives limits again."""

from typing import Final

import numpy as np
import polars as pl

from services.ratings.assembly.figures import curve_at
from services.ratings.indicators.loading import Catalogue
from services.ratings.methods.arrays import Figures, FloatArray
from services.ratings.methods.rounding import half_away
from shared.contracts.views import CurvePoint, FunnelCurves

POINTS: Final = 60
SMALLEST: Final = 0.5  # expected events at the left end, unless a shown subject has fewer
WITHOUT_POINTS: Final = 100.0  # right end where no figure of the set is shown
DECIMALS: Final = 4


def curves(comparisons: pl.DataFrame, rows: pl.DataFrame, catalogue: Catalogue) -> list[FunnelCurves]:
    """One per indicator, period and level of the results, over the expected numbers that are shown."""
    shown = rows.filter(pl.col("status") == "published").group_by("indicator_id", "period_id", "level")
    ranges = shown.agg(pl.col("expected").min().alias("lo"), pl.col("expected").max().alias("hi"))
    spans = {(one, period, level): (lo, hi) for one, period, level, lo, hi in ranges.iter_rows()}
    made = []
    for one in comparisons.iter_rows(named=True):
        smallest, largest = spans.get((one["indicator"], one["period_id"], one["level"]), (SMALLEST, WITHOUT_POINTS))
        grid = _grid(smallest, largest)
        limits = curve_at(grid, catalogue[one["indicator"]].definition, one["between_provider_variance"])
        ends = (limits.lower_95, limits.upper_95, limits.lower_99_8, limits.upper_99_8)
        made.append(
            FunnelCurves(
                indicator=one["indicator"], period=one["period_id"], level=one["level"], target=1.0,
                limits_method=one["limits_method"], between_provider_variance=one["between_provider_variance"],
                curve=[_point(*values) for values in zip(grid, *map(_drawn, ends), strict=True)],
            )
        )  # fmt: skip
    return made


def _grid(smallest: float, largest: float) -> FloatArray:
    low = max(min(SMALLEST, smallest), 0.01)
    high = max(largest * 1.02, low * 2)
    return half_away(np.geomspace(low, high, POINTS), DECIMALS)


def _drawn(limit: Figures) -> FloatArray:
    return half_away(np.where(limit.present, limit.values, 0.0), DECIMALS)


def _point(x: float, *limits: float) -> CurvePoint:
    lower, upper, control_lower, control_upper = (float(value) for value in limits)
    return CurvePoint(
        x=float(x), warning_lower=lower, warning_upper=upper, control_lower=control_lower, control_upper=control_upper
    )
