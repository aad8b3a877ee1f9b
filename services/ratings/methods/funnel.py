"""Where a provider lies. Two different questions, interval and target: an indicator names one and keeps it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainccinv, gammaincinv

from services.ratings.methods.arrays import (
    BoolArray,
    Figures,
    FloatArray,
    IntArray,
    TextArray,
    counts_of,
    positive_of,
    same_length,
)
from services.ratings.methods.intervals import IntervalRule, LowerWhenNegative, count_interval
from services.ratings.methods.levels import CONTROL, WARNING, Limits, tail_of

CONTINUITY = 0.5  # the count with which a provider without events enters a log scale


class Position(StrEnum):
    """Says where, not whether that is welcome. A value equal to a limit is inside it."""

    WITHIN = "within"
    ABOVE_WARNING = "above_warning"
    ABOVE_CONTROL = "above_control"
    BELOW_WARNING = "below_warning"
    BELOW_CONTROL = "below_control"


@dataclass(frozen=True, eq=False)
class ZValues:
    """Standardised deviations (y - y0) / s on a transformed scale, shape (n,) each."""

    z_value: FloatArray
    s: FloatArray
    continuity_applied: BoolArray
    scale: str


def interval_test(
    observed: ArrayLike,
    expected: ArrayLike,
    rule: IntervalRule,
    lower_when_negative: LowerWhenNegative = LowerWhenNegative.ABSENT,
) -> TextArray:
    """Is 1 outside the limits of O/E? Positions of shape (n,): above if L(O)/E > 1, below if U(O)/E < 1.

    Rows that can be rated only: raises ValueError where expected is not above 0.
    """
    counts, expects = rated_rows(observed, expected)
    warning = count_interval(counts, WARNING, rule, lower_when_negative)
    control = count_interval(counts, CONTROL, rule, lower_when_negative)
    # L(O)/E > 1 is asked as L(O) > E: no quotient is rounded, and none overflows
    return positions(
        warning.lower.above(expects), control.lower.above(expects), warning.upper < expects, control.upper < expects
    )


def target_test(observed: ArrayLike, expected: ArrayLike) -> TextArray:
    """Is O/E outside exact Poisson limits drawn around 1 at precision E? Positions of shape (n,).

    Raises ValueError where expected is not above 0.
    """
    counts, expects = rated_rows(observed, expected)
    return positions_against(counts / expects, target_limits(expects))


def target_limits(expected: ArrayLike) -> Limits:
    """Exact Poisson limits around a ratio of 1, shape (n,): those that SHMI publishes (Spiegelhalter 2005).

    lower chi2inv(p, 2E) / 2E, upper chi2inv(1 - p, 2(E + 1)) / 2E with p = .025 or .001; E > 0, any fraction. Where
    even no event at all has probability exp(-E) above p the lower limit is 0: the quantile would stay above 0 and put
    everybody without events below it. Its lower side finds more than p promises while E is small, P(X <= 4 | 12.74) =
    .0045 being beyond control; `count_tails` keeps the promise. Raises ValueError for E not above 0.
    """
    expects = positive_of(expected, "expected")
    lower_95, lower_99_8 = (Figures.all_of(_target_lower(expects, tail_of(c))) for c in (WARNING, CONTROL))
    upper_95, upper_99_8 = (Figures.all_of(gammainccinv(expects + 1, tail_of(c)) / expects) for c in (WARNING, CONTROL))
    return Limits(lower_95, upper_95, lower_99_8, upper_99_8, "target_exact_poisson")


def _target_lower(expected: FloatArray, tail: float) -> FloatArray:
    return np.where(np.exp(-expected) > tail, 0.0, gammaincinv(expected, tail) / expected)


def positions_against(ratio: FloatArray, limits: Limits) -> TextArray:
    """Positions of ratios, shape (n,), against limits drawn around the benchmark; equal to a limit is within."""
    return positions(
        limits.upper_95.present & (ratio > limits.upper_95.values),
        limits.upper_99_8.present & (ratio > limits.upper_99_8.values),
        limits.lower_95.present & (ratio < limits.lower_95.values),
        limits.lower_99_8.present & (ratio < limits.lower_99_8.values),
    )


def positions(
    above_warning: BoolArray, above_control: BoolArray, below_warning: BoolArray, below_control: BoolArray
) -> TextArray:
    """The outermost limit crossed, shape (n,), in the words of `Position`."""
    crossed = [above_control, below_control, above_warning, below_warning]
    words = [Position.ABOVE_CONTROL, Position.BELOW_CONTROL, Position.ABOVE_WARNING, Position.BELOW_WARNING]
    return np.select(crossed, [word.value for word in words], default=Position.WITHIN.value)


def log_ratio_z(observed: ArrayLike, expected: ArrayLike) -> ZValues:
    """z = ln(O/E) / s with s = 1/sqrt E, shape (n,); O = 0 enters as 0.5 and is marked (Spiegelhalter 2005).

    Raises ValueError where expected is not above 0.
    """
    counts, expects = rated_rows(observed, expected)
    s = 1 / np.sqrt(expects)
    return ZValues(np.log(entered(counts) / expects) / s, s, counts == 0, "log_ratio")


def square_root_z(observed: ArrayLike, expected: ArrayLike) -> ZValues:
    """z = (sqrt(O/E) - 1) / s with s = 1/(2 sqrt E), shape (n,); no count needs a correction (Spiegelhalter 2005).

    Raises ValueError where expected is not above 0.
    """
    counts, expects = rated_rows(observed, expected)
    s = 1 / (2 * np.sqrt(expects))
    return ZValues((np.sqrt(counts / expects) - 1) / s, s, np.zeros(s.shape, dtype=np.bool_), "square_root_ratio")


def entered(observed: IntArray) -> FloatArray:
    """Counts as they enter a log scale, shape (n,): 0 as 0.5. The published ratio stays 0."""
    return np.where(observed == 0, CONTINUITY, observed.astype(np.float64))


def rated_rows(observed: ArrayLike, expected: ArrayLike) -> tuple[IntArray, FloatArray]:
    """Counts and expected numbers of rows that can be rated; raises ValueError where expected is not above 0."""
    counts, expects = counts_of(observed, "observed"), positive_of(expected, "expected")
    same_length(counts, expects)
    return counts, expects
