"""Could this provider's figures show a doubling at all? Small numbers get a plain "cannot tell", not a reassurance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, gammainc, gammaincinv

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray, counts_of, positive_of
from services.ratings.methods.counting import quantile_guess, smallest_count

SIGNAL_TAIL = 0.025  # the upper tail of the warning limit
DETECTION_POWER = 0.8  # the power at which a ratio counts as detectable


@dataclass(frozen=True, eq=False)
class Power:
    """Smallest signalling count c, power for a doubled risk, smallest ratio found with 80% power; shape (n,) each."""

    threshold_count: IntArray
    power_to_detect_doubling: FloatArray
    min_detectable_ratio: FloatArray
    method: str = "poisson"
    method_version: str = METHOD_VERSION


def poisson_power(expected: ArrayLike) -> Power:
    """Power of a provider with `expected` events, shape (n,), against a doubling; raises ValueError for E not > 0.

    c = smallest count with P(X >= c | E) <= .025; power = P(X >= c | 2E); ratio = chi2inv(.8, 2c) / 2E.
    """
    expects = positive_of(expected, "expected")
    threshold = _threshold(expects)
    ratio = gammaincinv(threshold, DETECTION_POWER) / expects
    if not np.isfinite(ratio).all():
        raise ValueError("expected is too small for a detectable ratio")
    return Power(threshold.astype(np.int64), gammainc(threshold, 2 * expects), ratio)


def power_to_detect_doubling(expected: ArrayLike) -> FloatArray:
    """P(X >= c | 2E), shape (n,), in [0, 1]; raises ValueError for E not above 0."""
    expects = positive_of(expected, "expected")
    return np.asarray(gammainc(_threshold(expects), 2 * expects))


def min_detectable_ratio(expected: ArrayLike) -> FloatArray:
    """Smallest true ratio found with 80% power, shape (n,), above 1; raises ValueError for E not above 0."""
    return poisson_power(expected).min_detectable_ratio


def _threshold(expected: FloatArray) -> FloatArray:
    """Smallest count that signals, shape (n,): gammainc(c, E) = P(X >= c)."""

    def signals(count: FloatArray, rows: IntArray) -> BoolArray:
        return np.asarray(gammainc(count, expected[rows]) <= SIGNAL_TAIL)

    return smallest_count(signals, quantile_guess(expected, expected, 1 / np.sqrt(expected), 1 - SIGNAL_TAIL) + 1, 1)


@dataclass(frozen=True, eq=False)
class BinomialPower:
    """Smallest signalling count and power for a doubled proportion, shape (n,) each."""

    threshold_count: IntArray
    power_to_detect_doubling: FloatArray
    method: str = "binomial"
    method_version: str = METHOD_VERSION


def binomial_power(cases: ArrayLike, base_rate: float, tail: float = 0.05) -> BinomialPower:
    """Power of n cases, shape (n,), to show a doubling of `base_rate` at one-sided `tail`.

    c = smallest count with P(X >= c | n, p0) <= tail, at most n + 1 (then the power is 0). Raises ValueError for
    n < 1, a base rate outside (0, .5] or a tail outside (0, 1).
    """
    sizes = counts_of(cases, "cases").astype(np.float64)
    if (sizes < 1).any() or not 0 < base_rate <= 0.5 or not 0 < tail < 1:
        raise ValueError("cases must be at least 1, base_rate in (0, .5] and tail in (0, 1)")
    spread = sizes * base_rate * (1 - base_rate)
    guess = quantile_guess(sizes * base_rate, spread, (1 - 2 * base_rate) / np.sqrt(spread), 1 - tail) + 1

    def signals(count: FloatArray, rows: IntArray) -> BoolArray:
        return np.asarray(_binomial_tail(count, sizes[rows], base_rate) <= tail)

    count = smallest_count(signals, np.minimum(guess, sizes + 1), 1)
    return BinomialPower(count.astype(np.int64), _binomial_tail(count, sizes, 2 * base_rate))


def _binomial_tail(count: FloatArray, cases: FloatArray, rate: float) -> FloatArray:
    """P(X >= c | n, p) for c >= 1 as an incomplete beta integral; 0 where c is n + 1."""
    possible = count <= cases
    return np.where(possible, betainc(count, np.where(possible, cases - count + 1, 1.0), rate), 0.0)
