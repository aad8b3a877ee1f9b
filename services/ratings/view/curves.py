"""Limit curves for the funnels, so that no reader derives limits again."""

from typing import Final

import numpy as np
import polars as pl

from services.ratings.assembly.figures import curve_at
from services.ratings.indicators.loading import Catalogue
from services.ratings.methods.arrays import Figures, FloatArray
from services.ratings.methods.rounding import half_away
from shared.contracts.views import CurvePoint, FunnelCurves

POINTS: Final = 90
FEWEST: Final = 0.25  # expected events at the left end
MOST: Final = 4000.0  # at the right end
DECIMALS: Final = 4


def curves(comparisons: pl.DataFrame, catalogue: Catalogue) -> list[FunnelCurves]:
    """One per indicator, period and level of the results, over the same expected numbers whatever the data: a curve
    that ended where the figures end would give away the largest of them after it is withheld. Gateways cut the curve
    to what an answer shows. Figures that are not judged here have none."""
    made = []
    grid = _grid()
    for one in comparisons.iter_rows(named=True):
        definition = catalogue[one["indicator"]].definition
        if definition.figure is not None:
            continue
        limits = curve_at(grid, definition, one["between_provider_variance"])
        ends = (limits.lower_95, limits.upper_95, limits.lower_99_8, limits.upper_99_8)
        made.append(
            FunnelCurves(
                indicator=one["indicator"], period=one["period_id"], level=one["level"], target=1.0,
                limits_method=one["limits_method"], between_provider_variance=one["between_provider_variance"],
                curve=[_point(*values) for values in zip(grid, *map(_drawn, ends), strict=True)],
            )
        )  # fmt: skip
    return made


def _grid() -> FloatArray:
    return half_away(np.geomspace(FEWEST, MOST, POINTS), DECIMALS)


def _drawn(limit: Figures) -> FloatArray:
    return half_away(np.where(limit.present, limit.values, 0.0), DECIMALS)


def _point(x: float, *limits: float) -> CurvePoint:
    lower, upper, control_lower, control_upper = (float(value) for value in limits)
    return CurvePoint(
        x=float(x), warning_lower=lower, warning_upper=upper, control_lower=control_lower, control_upper=control_upper
    )
