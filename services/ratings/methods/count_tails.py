"""Limits and positions from the tails of the count itself, with or without between-provider variance.

O is Poisson with mean E; with variance tau2 between providers' true ratios (gamma distributed, mean 1) it is negative
binomial with variance E + tau2 E^2, the additive random-effects model on the count's own scale (Greenwood and Yule
1920). Small counts are where this matters: the log scale lets O = 0 in as 0.5 and draws its lower limits too high.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import nbinom, poisson

from services.ratings.methods.arrays import Figures, FloatArray, TextArray, positive_of
from services.ratings.methods.funnel import positions_against, rated_rows
from services.ratings.methods.levels import CONTROL, WARNING, Limits, tail_of


def count_tail_limits(expected: ArrayLike, between_provider_variance: float = 0.0) -> Limits:
    """Ratios of the outermost counts that are still inside, shape (n,): crossing one has probability <= .025 or .001.

    Upper: the largest c with P(X >= c) above the tail, over E. Lower: the smallest c with P(X <= c) above it, over E;
    0 where even no event at all would not be remarkable. Raises ValueError for E not above 0 or a negative variance.
    """
    expects = positive_of(expected, "expected")
    lower_95, upper_95 = _inside(expects, _known(between_provider_variance), tail_of(WARNING))
    lower_99_8, upper_99_8 = _inside(expects, between_provider_variance, tail_of(CONTROL))
    return _over(expects, (lower_95, upper_95, lower_99_8, upper_99_8), between_provider_variance)


def count_tail_test(observed: ArrayLike, expected: ArrayLike, between_provider_variance: float = 0.0) -> TextArray:
    """Positions, shape (n,): above where P(X >= O) <= .025 (.001), below where P(X <= O) is. Raises ValueError."""
    counts, expects = rated_rows(observed, expected)
    return positions_against(counts / expects, count_tail_limits(expects, between_provider_variance))


def count_tail_curve(expected: ArrayLike, between_provider_variance: float = 0.0) -> Limits:
    """The limits for drawing, shape (n,): counts interpolated between steps (Spiegelhalter 2005), which smooths
    them but for rises of a few thousandths.

    r = smallest count with F(r) >= p, a = (F(r) - p) / (F(r) - F(r - 1)), limit = (r - a) / E, not below 0.
    """
    expects = positive_of(expected, "expected")
    variance = _known(between_provider_variance)
    warning, control = tail_of(WARNING), tail_of(CONTROL)
    lower_95, upper_95, lower_99_8, upper_99_8 = (
        _interpolated(expects, variance, p) for p in (warning, 1 - warning, control, 1 - control)
    )
    return _over(expects, (lower_95, upper_95, lower_99_8, upper_99_8), variance)


def _known(variance: float) -> float:
    if not 0 <= variance < np.inf:
        raise ValueError("between_provider_variance must be finite and at least 0")
    return variance


def _over(expects: FloatArray, ends: tuple[FloatArray, FloatArray, FloatArray, FloatArray], variance: float) -> Limits:
    lower_95, upper_95, lower_99_8, upper_99_8 = (Figures.all_of(end / expects) for end in ends)
    method = "count_tails_gamma_poisson" if variance else "count_tails_poisson"
    return Limits(lower_95, upper_95, lower_99_8, upper_99_8, method)


def _inside(expects: FloatArray, variance: float, tail: float) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest count that lie inside, shape (n,) each."""
    # ppf(p) is the smallest count with F >= p; one step to each side settles equality, where the law says "outside"
    lower = _quantile(expects, variance, tail)
    lower = lower + (_below(lower, expects, variance) <= tail)
    upper = _quantile(expects, variance, 1 - tail)
    upper = np.where(1 - _below(upper - 1, expects, variance) <= tail, upper - 1, upper)
    return lower, upper


def _interpolated(expects: FloatArray, variance: float, p: float) -> FloatArray:
    count = _quantile(expects, variance, p)
    at, under = _below(count, expects, variance), _below(count - 1, expects, variance)
    return np.maximum(0.0, count - (at - p) / (at - under))


def _quantile(expects: FloatArray, variance: float, p: float) -> FloatArray:
    if not variance:
        return np.asarray(poisson.ppf(p, expects), dtype=np.float64)
    return np.asarray(nbinom.ppf(p, 1 / variance, 1 / (1 + variance * expects)), dtype=np.float64)


def _below(count: FloatArray, expects: FloatArray, variance: float) -> FloatArray:
    """P(X <= count), 0 for a count under 0."""
    if not variance:
        return np.asarray(poisson.cdf(count, expects), dtype=np.float64)
    return np.asarray(nbinom.cdf(count, 1 / variance, 1 / (1 + variance * expects)), dtype=np.float64)
