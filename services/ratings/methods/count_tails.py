"""Limits and positions from the tails of the count itself, with or without between-provider variance.

O is Poisson with mean E; with variance tau2 between providers' true ratios (gamma distributed, mean 1) it is negative
binomial with variance E + tau2 E^2, the additive random-effects model on the count's own scale (Greenwood and Yule
1920). Small counts are where this matters: the log scale lets O = 0 in as 0.5 and draws its lower limits too high.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, gammainc, gammaincc

from services.ratings.methods.arrays import BoolArray, Figures, FloatArray, TextArray, positive_of
from services.ratings.methods.counting import LARGEST, quantile_guess, smallest_count
from services.ratings.methods.funnel import positions_against, rated_rows
from services.ratings.methods.levels import CONTROL, WARNING, Limits, tail_of

Law = Callable[[FloatArray, FloatArray], BoolArray]
NEGLIGIBLE = 1e-14  # changes no tail in its first four digits up to a thousand million events; below, floats fail


def count_tail_limits(expected: ArrayLike, between_provider_variance: float = 0.0) -> Limits:
    """Ratios of the outermost counts that are still inside, shape (n,): crossing one has probability <= .025 or .001.

    Upper: the largest c with P(X >= c) above the tail, over E. Lower: the smallest c with P(X <= c) above it, over E;
    0 where even no event at all would not be remarkable. An upper limit of more than 2^53 events is absent: nobody has
    them. Raises ValueError for E not above 0, one whose lower limit is so large, or a negative variance.
    """
    expects, variance = positive_of(expected, "expected"), _known(between_provider_variance)
    lower_95, upper_95 = _inside(expects, variance, tail_of(WARNING))
    lower_99_8, upper_99_8 = _inside(expects, variance, tail_of(CONTROL))
    return _over(expects, (lower_95, upper_95, lower_99_8, upper_99_8), variance)


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
    return variance if variance > NEGLIGIBLE else 0.0


def _over(expects: FloatArray, ends: tuple[FloatArray, FloatArray, FloatArray, FloatArray], variance: float) -> Limits:
    lower_95, upper_95, lower_99_8, upper_99_8 = (Figures.where(np.isfinite(end), end / expects) for end in ends)
    method = "count_tails_gamma_poisson" if variance else "count_tails_poisson"
    return Limits(lower_95, upper_95, lower_99_8, upper_99_8, method)


def _inside(expects: FloatArray, variance: float, tail: float) -> tuple[FloatArray, FloatArray]:
    """Smallest and largest count that lie inside, shape (n,) each."""
    lower = _smallest(expects, variance, tail, lambda count, means: _up_to(count, means, variance) > tail, 0)
    # the first count that signals is one above the last inside; no event at all never signals
    upper = _smallest(expects, variance, 1 - tail, lambda count, means: _from(count, means, variance) <= tail, 1)
    return lower, upper - 1


def _interpolated(expects: FloatArray, variance: float, p: float) -> FloatArray:
    count = _smallest(expects, variance, p, lambda count, means: _up_to(count, means, variance) >= p, 0)
    found = np.isfinite(count)
    known, means = count[found], expects[found]
    at, under = _up_to(known, means, variance), _up_to(known - 1, means, variance)
    count[found] = np.maximum(0.0, known - (at - p) / (at - under))
    return count


def _smallest(expects: FloatArray, variance: float, p: float, law: Law, lowest: int) -> FloatArray:
    """Infinite where an upper end lies beyond 2^53; a lower one there is refused."""
    with np.errstate(over="ignore", invalid="ignore"):  # a guess may be absurd
        spread = expects + variance * expects**2
        guess = quantile_guess(expects, spread, (1 + 2 * variance * expects) / np.sqrt(spread), p) + lowest
    start = np.fmin(guess, LARGEST)
    return smallest_count(lambda count, rows: law(count, expects[rows]), start, lowest, or_infinite=p > 0.5)


def _up_to(count: FloatArray, expects: FloatArray, variance: float) -> FloatArray:
    """P(X <= count), 0 for a count under 0."""
    following = np.maximum(count + 1, 0.5)  # any number above 0 will do where the answer is 0 already
    if not variance:
        reached = gammaincc(following, expects)
    else:
        reached = betainc(1 / variance, following, 1 / (1 + variance * expects))
    return np.where(count < 0, 0.0, reached)


def _from(count: FloatArray, expects: FloatArray, variance: float) -> FloatArray:
    """P(X >= count) of counts from 1, from its own integral: a small tail keeps its digits."""
    if not variance:
        return np.asarray(gammainc(count, expects))
    return np.asarray(betainc(count, 1 / variance, variance * expects / (1 + variance * expects)))
