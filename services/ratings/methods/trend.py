"""Is a figure rising or falling over the last five points? English public-health practice, two tests.

Points stand in rows, series in columns. A series with fewer than five points is `not_rated`, `too_few_points`; one
whose limits have no width, or whose count has no cases in some period, is `not_rated` too. All points equal, no event
at all and nothing but events have a decided answer: statistic 0, no clear trend.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainccinv

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import Reason, Status
from services.ratings.methods.arrays import BoolArray, Figures, FloatArray, TextArray, same_length, vector_of
from services.ratings.methods.grids import count_grid_of, grid_of, same_shape
from services.ratings.methods.levels import CONTROL

POINTS = 5
LIMITS_IN_ERRORS = 3.92  # 95% limits are so many standard errors apart in the published method
THRESHOLD = 2 * float(gammainccinv(0.5, 1 - CONTROL))  # 9.549535706083237: chi-squared, one degree of freedom, 99.8%


class Direction(StrEnum):
    """`NOT_RATED` is empty: the reason stands beside it."""

    RISING = "rising"
    FALLING = "falling"
    NO_CLEAR_TREND = "no_clear_trend"
    NOT_RATED = ""


@dataclass(frozen=True, eq=False)
class Trend:
    """Chi-squared statistic on one degree of freedom, slope per unit of time, and the word, shape (n,) each."""

    statistic: Figures
    slope: Figures
    direction: TextArray
    status: TextArray
    reason: TextArray
    method: str
    method_version: str = METHOD_VERSION


def trend_of_values(time: ArrayLike, value: ArrayLike, lower_95: ArrayLike, upper_95: ArrayLike) -> Trend:
    """Weighted regression on time: w = (3.92 / (U - L))^2, statistic (slope / se)^2, se = 1 / sqrt(sum w (t - tbar)^2).

    `time` of shape (t,), ascending, grids of shape (t, n). A trend needs the statistic above 9.549535706083237 and a
    slope of the same sign with each of the five points left out in turn. Raises ValueError for numbers that are not
    finite, times that do not ascend, or an upper limit below its lower one.
    """
    when = _ascending(time)
    values, lower, upper = (
        grid_of(grid, name) for grid, name in ((value, "value"), (lower_95, "lower_95"), (upper_95, "upper_95"))
    )
    same_shape(values, lower, upper)
    if (upper < lower).any():
        raise ValueError("an upper limit lies below its lower limit")
    same_length(when, values)
    if len(when) < POINTS:
        return _none(values.shape[1], "weighted_regression")
    when, values, width = when[-POINTS:], values[-POINTS:], (upper - lower)[-POINTS:]
    known = np.asarray((width > 0).all(axis=0))
    narrowest = np.where(known, width.min(axis=0), 1.0)
    weights = (narrowest / np.where(known, width, 1.0)) ** 2  # as shares of the largest, which cannot overflow
    moment, spread = _moments(when, values, weights)
    slope = moment / spread
    with np.errstate(over="ignore"):  # limits all but without width have no statistic
        statistic = (slope * LIMITS_IN_ERRORS / narrowest) ** 2 * spread
    rated = known & np.isfinite(statistic)
    clear = (statistic > THRESHOLD) & _same_sign(when, values, weights)
    figures = Figures.where(rated, statistic), Figures.where(rated, slope)
    return _words(*figures, clear, Reason.ZERO_WIDTH, "weighted_regression")


def trend_of_proportions(time: ArrayLike, observed: ArrayLike, cases: ArrayLike) -> Trend:
    """Cochran-Armitage chi-squared for a trend in proportions (Cochran 1954, Armitage 1955), grids of shape (t, n).

    The same two conditions as `trend_of_values`; a period without cases is `too_few_points`. Raises ValueError for
    counts that are negative, fractional or above their cases, and for times that do not ascend.
    """
    when, counts, sizes = _ascending(time), count_grid_of(observed, "observed"), count_grid_of(cases, "cases")
    same_shape(counts, sizes)
    same_length(when, counts)
    if (counts > sizes).any():
        raise ValueError("observed is above cases")
    if len(when) < POINTS:
        return _none(counts.shape[1], "cochran_armitage")
    when, counts, sizes = when[-POINTS:], counts[-POINTS:], sizes[-POINTS:]
    rated = np.asarray((sizes > 0).all(axis=0))
    weights = np.where(rated, sizes, 1).astype(np.float64)
    share = np.where(rated, counts, 0) / weights
    overall = (share * weights).sum(axis=0) / weights.sum(axis=0)
    moment, spread = _moments(when, share, weights)
    variance = overall * (1 - overall)
    statistic = np.divide(moment**2, variance * spread, out=np.zeros_like(moment), where=variance > 0)
    clear = (statistic > THRESHOLD) & _same_sign(when, share, weights)
    figures = Figures.where(rated, statistic), Figures.where(rated, moment / spread)
    return _words(*figures, clear, Reason.TOO_FEW_POINTS, "cochran_armitage")


def _ascending(time: ArrayLike) -> FloatArray:
    when = vector_of(time, "time")
    if (np.diff(when) <= 0).any():
        raise ValueError("time must ascend")
    return when


def _moments(time: FloatArray, values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weighted covariance and variance sums about the weighted means, shape (n,) each; their quotient is the slope."""
    whole = weights.sum(axis=0)
    apart = time[:, None] - (weights * time[:, None]).sum(axis=0) / whole
    from_first = values - values[0]  # equal values give a slope of exactly 0
    level = from_first - (weights * from_first).sum(axis=0) / whole
    return (weights * apart * level).sum(axis=0), (weights * apart**2).sum(axis=0)


def _same_sign(time: FloatArray, values: FloatArray, weights: FloatArray) -> BoolArray:
    """True where every slope with one point left out has one and the same sign, shape (n,)."""
    left_out = [np.delete(np.arange(POINTS), point) for point in range(POINTS)]
    signs = np.sign([_moments(time[rest], values[rest], weights[rest])[0] for rest in left_out])
    return np.asarray(np.abs(signs.sum(axis=0)) == POINTS)


def _words(statistic: Figures, slope: Figures, clear: BoolArray, otherwise: Reason, method: str) -> Trend:
    rated = statistic.present
    words = [Direction.NOT_RATED.value, Direction.RISING.value, Direction.FALLING.value]
    sides = [~rated, clear & (slope.values > 0), clear & (slope.values < 0)]
    return Trend(
        statistic,
        slope,
        np.select(sides, words, Direction.NO_CLEAR_TREND.value),
        np.where(rated, Status.RATED.value, Status.NOT_RATED.value),
        np.where(rated, Reason.NONE.value, otherwise.value),
        method,
    )


def _none(series: int, method: str) -> Trend:
    none = np.zeros(series, dtype=np.bool_)
    absent = Figures.where(none, np.zeros(series))
    return _words(absent, absent, none, Reason.TOO_FEW_POINTS, method)
