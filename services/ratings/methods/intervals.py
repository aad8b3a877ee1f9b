"""Limits of counts, of proportions and of means."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainccinv, betaincinv, gammainccinv, gammaincinv, stdtrit

from services.ratings.methods.arrays import BoolArray, Figures, FloatArray, TextArray, counts_of, same_length, vector_of
from services.ratings.methods.levels import tail_of, z_of

BYAR_FROM = 10  # English public-health practice: below ten events the approximation is not trusted


class IntervalRule(StrEnum):
    EXACT = "exact"
    BYAR = "byar"
    EXACT_BELOW_10_THEN_BYAR = "exact_below_10_then_byar"


class LowerWhenNegative(StrEnum):
    ABSENT = "absent"
    ZERO = "zero"


@dataclass(frozen=True, eq=False)
class Interval:
    """Limits of shape (n,); `method` names, row by row, the formula that made them. Only `lower` may be absent."""

    lower: Figures
    upper: FloatArray
    confidence: float
    method: TextArray


def byar_lower(count: FloatArray, confidence: float) -> FloatArray:
    """Byar's lower limit of any count >= 0, raw: negative for one event at 99.8% (Breslow and Day 1987)."""
    safe = np.where(count > 0, count, 1.0)
    raw = safe * (1 - 1 / (9 * safe) - z_of(confidence) / (3 * np.sqrt(safe))) ** 3
    return np.where(count > 0, raw, 0.0)


def byar_upper(count: FloatArray, confidence: float) -> FloatArray:
    """Byar's upper limit of any count >= 0 (Breslow and Day 1987)."""
    following = count + 1.0
    return np.asarray(following * (1 - 1 / (9 * following) + z_of(confidence) / (3 * np.sqrt(following))) ** 3)


def exact_lower(count: FloatArray, confidence: float) -> FloatArray:
    """Exact Poisson lower limit, chi-squared quantile form, 0 at 0 (Garwood 1936)."""
    quantile = gammaincinv(np.where(count > 0, count, 1.0), tail_of(confidence))
    return np.where(count > 0, quantile, 0.0)


def exact_upper(count: FloatArray, confidence: float) -> FloatArray:
    """Exact Poisson upper limit, chi-squared quantile form (Garwood 1936)."""
    return np.asarray(gammainccinv(count + 1.0, tail_of(confidence)))


def byar_interval(
    observed: ArrayLike, confidence: float, lower_when_negative: LowerWhenNegative = LowerWhenNegative.ABSENT
) -> Interval:
    """Byar's limits for counts, shape (n,), in events, at every count >= 0: New York State uses them so; the refusal
    below ten belongs to the rule of an indicator. Raises ValueError for a negative or fractional count.
    """
    return count_interval(observed, confidence, IntervalRule.BYAR, lower_when_negative)


def exact_interval(observed: ArrayLike, confidence: float) -> Interval:
    """Garwood's exact Poisson limits for counts, shape (n,), in events; raises ValueError as `byar_interval` does."""
    return count_interval(observed, confidence, IntervalRule.EXACT)


def count_interval(
    observed: ArrayLike,
    confidence: float,
    rule: IntervalRule,
    lower_when_negative: LowerWhenNegative = LowerWhenNegative.ABSENT,
) -> Interval:
    """Limits of Poisson counts, shape (n,), in events, by the rule that the indicator names.

    A negative lower limit (Byar, one event at 99.8%) is left out or set to 0. Raises ValueError for what is no count,
    an unknown rule, or a confidence outside (0, 1).
    """
    rule, negative = IntervalRule(rule), LowerWhenNegative(lower_when_negative)
    # Counts repeat: each is worked out once, which is also why equal counts have equal limits to the last bit.
    distinct, place = np.unique(counts_of(observed, "observed"), return_inverse=True)
    count = distinct.astype(np.float64)
    exact = _uses_exact(count, rule)
    lower = np.where(exact, exact_lower(count, confidence), byar_lower(count, confidence))
    upper = np.where(exact, exact_upper(count, confidence), byar_upper(count, confidence))
    if negative is LowerWhenNegative.ZERO:
        lower = np.maximum(lower, 0.0)
    method = np.where(exact, "exact", "byar")
    return Interval(Figures.where(lower >= 0, lower).at(place), upper[place], confidence, method[place])


def _uses_exact(count: FloatArray, rule: IntervalRule) -> BoolArray:
    if rule is IntervalRule.EXACT_BELOW_10_THEN_BYAR:
        return np.asarray(count < BYAR_FROM)
    return np.full(count.shape, rule is IntervalRule.EXACT)


def wilson_interval(observed: ArrayLike, cases: ArrayLike, confidence: float) -> Interval:
    """Score limits of a proportion, shape (n,), as fractions in [0, 1] (Wilson 1927).

    Raises ValueError where observed < 0, cases < 1 or observed > cases.
    """
    x, n = parts_of(observed, cases)
    z = z_of(confidence)
    spread = z * np.sqrt(z**2 + 4 * x * (1 - x / n))
    # At the ends the formula is 0 or 1 exactly; floating point would miss it by one bit and leave [0, 1].
    lower = np.where(x == 0, 0.0, (2 * x + z**2 - spread) / (2 * (n + z**2)))
    upper = np.where(x == n, 1.0, (2 * x + z**2 + spread) / (2 * (n + z**2)))
    return Interval(Figures.all_of(lower), upper, confidence, np.full(x.shape, "wilson"))


def exact_binomial_interval(observed: ArrayLike, cases: ArrayLike, confidence: float) -> Interval:
    """Exact limits of a proportion, shape (n,), as fractions: beta quantiles, 0 at none of n and 1 at all of n
    (Clopper and Pearson 1934). Raises ValueError as `wilson_interval` does.
    """
    counted, sizes = parts_of(observed, cases)
    tail = tail_of(confidence)
    # Small parts repeat: each is worked out once. A complex number is a pair that numpy can sort.
    pairs, place = np.unique(counted + 1j * sizes, return_inverse=True)
    x, n = pairs.real, pairs.imag
    lower = np.where(x == 0, 0.0, betaincinv(np.maximum(x, 1.0), n - x + 1, tail))
    upper = np.where(x == n, 1.0, betainccinv(x + 1, np.maximum(n - x, 1.0), tail))
    return Interval(Figures.all_of(lower[place]), upper[place], confidence, np.full(place.shape, "exact_binomial"))


def mean_interval(mean: ArrayLike, standard_deviation: ArrayLike, cases: ArrayLike, confidence: float) -> Interval:
    """m -/+ t s / sqrt n, shape (n,), in the unit of the mean, t with n - 1 degrees of freedom (Student 1908).

    `standard_deviation` is that of the sample (n - 1). Raises ValueError for fewer than 2 cases or a deviation below 0.
    """
    means, deviations = vector_of(mean, "mean"), vector_of(standard_deviation, "standard_deviation")
    sizes = counts_of(cases, "cases")
    same_length(means, deviations, sizes)
    if (sizes < 2).any() or (deviations < 0).any():
        raise ValueError("a mean needs at least 2 cases and a standard deviation of at least 0")
    half = -stdtrit(sizes - 1.0, tail_of(confidence)) * deviations / np.sqrt(sizes)
    return Interval(Figures.all_of(means - half), means + half, confidence, np.full(means.shape, "student_t"))


def parts_of(observed: ArrayLike, cases: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """x of n as floats, shape (n,) each; raises ValueError where observed < 0, cases < 1 or observed > cases."""
    counted, sizes = counts_of(observed, "observed"), counts_of(cases, "cases")
    same_length(counted, sizes)
    if (sizes < 1).any() or (counted > sizes).any():
        raise ValueError("cases must be at least 1 and not below observed")
    return counted.astype(np.float64), sizes.astype(np.float64)
