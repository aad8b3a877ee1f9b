"""Observed against expected: the standardised ratio, the risk-adjusted rate, and indirect standardisation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import ImpossibleExpected, Reason, Status
from services.ratings.methods.arrays import (
    BoolArray,
    Figures,
    FloatArray,
    IntArray,
    TextArray,
    counts_of,
    positive_of,
    same_length,
    vector_of,
)
from services.ratings.methods.intervals import IntervalRule, LowerWhenNegative, count_interval
from services.ratings.methods.levels import CONTROL, WARNING, Limits
from services.ratings.methods.sums import sum_by_group


@dataclass(frozen=True, eq=False)
class StandardisedRatio:
    """Observed over expected per provider, shape (n,); 1.0 = as expected. Absent exactly where `reason` is given."""

    observed: IntArray
    cases: IntArray
    expected: FloatArray
    ratio: Figures
    limits: Limits
    status: TextArray
    reason: TextArray
    method_version: str = METHOD_VERSION

    @property
    def rated(self) -> BoolArray:
        return self.ratio.present


@dataclass(frozen=True, eq=False)
class AdjustedRate:
    """Risk-adjusted rate per provider, a fraction of cases, shape (n,), with its limits."""

    rate: Figures
    limits: Limits
    method_version: str = METHOD_VERSION


def standardise(
    observed: ArrayLike,
    cases: ArrayLike,
    expected: ArrayLike,
    *,
    rule: IntervalRule,
    lower_when_negative: LowerWhenNegative = LowerWhenNegative.ABSENT,
) -> StandardisedRatio:
    """Ratio O/E with count limits of O divided by E, shape (n,), in one pass over all providers.

    No cases: `not_rated`, `no_cases`. E = 0 and O = 0: `not_rated`, `no_expected`. E = 0 and O > 0 raises
    ImpossibleExpected. Raises ValueError for a negative, fractional or non-finite input, and for a provider without
    cases that has events or an expected number.
    """
    counted, sizes, expects = (
        counts_of(observed, "observed"),
        counts_of(cases, "cases"),
        vector_of(expected, "expected"),
    )
    same_length(counted, sizes, expects)
    reason = _reasons(counted, sizes, expects)
    rated = reason == Reason.NONE
    divisor = np.where(rated, expects, 1.0)
    return StandardisedRatio(
        counted,
        sizes,
        expects,
        Figures.where(rated, counted / divisor),
        _ratio_limits(counted, rated, divisor, rule, lower_when_negative),
        np.where(rated, Status.RATED.value, Status.NOT_RATED.value),
        reason,
    )


def _reasons(observed: IntArray, cases: IntArray, expected: FloatArray) -> TextArray:
    if (expected < 0).any():
        raise ValueError("expected must be at least 0")
    positive_of(expected[expected > 0], "expected")
    if ((cases == 0) & ((observed > 0) | (expected > 0))).any():
        raise ValueError("a provider without cases has events or an expected number")
    impossible = (expected == 0) & (observed > 0)
    if impossible.any():
        raise ImpossibleExpected(np.flatnonzero(impossible).tolist())
    words = [Reason.NO_CASES.value, Reason.NO_EXPECTED.value]
    return np.select([cases == 0, expected == 0], words, default=Reason.NONE.value)


def _ratio_limits(
    observed: IntArray, rated: BoolArray, divisor: FloatArray, rule: IntervalRule, negative: LowerWhenNegative
) -> Limits:
    warning = count_interval(observed, WARNING, rule, negative)
    control = count_interval(observed, CONTROL, rule, negative)
    return Limits(
        Figures.where(rated & warning.lower.present, warning.lower.values / divisor),
        Figures.where(rated, warning.upper / divisor),
        Figures.where(rated & control.lower.present, control.lower.values / divisor),
        Figures.where(rated, control.upper / divisor),
        IntervalRule(rule).value,
    )


def adjusted_rate(
    ratio: StandardisedRatio, overall_rate: float | FloatArray, *, cap_percent: float | None = None
) -> AdjustedRate:
    """Ratio times the overall rate of the comparison set (a fraction, one number or shape (n,)), with its limits.

    `cap_percent` caps the published upper limits and nothing else: positions come from the uncapped ratio. From
    which period end a cap applies is the indicator's setting; whoever calls resolves it. Raises ValueError for an
    overall rate that is not above 0 or a cap that is not above 0.
    """
    overall = positive_of(np.atleast_1d(overall_rate), "overall_rate")
    if len(overall) > 1:
        same_length(overall, ratio.expected)
    limits = ratio.limits.times(overall)
    if cap_percent is not None:
        limits = _capped(limits, float(positive_of([cap_percent], "cap_percent")[0]) / 100)
    return AdjustedRate(ratio.ratio.times(overall), limits)


def _capped(limits: Limits, cap: float) -> Limits:
    def down(upper: Figures) -> Figures:
        return Figures.where(upper.present, np.minimum(upper.values, cap))

    return Limits(limits.lower_95, down(limits.upper_95), limits.lower_99_8, down(limits.upper_99_8), limits.method)


class UnknownStratum(ValueError):
    """Cases in a stratum for which the reference has no cases: there is no rate to expect."""


def indirect_expected(
    provider: ArrayLike, stratum: ArrayLike, cases: ArrayLike, reference_observed: ArrayLike, reference_cases: ArrayLike
) -> FloatArray:
    """Expected events per provider code, E = sum over strata k of n_k X_k / N_k (indirect standardisation).

    One row per provider and stratum: codes 0..P-1 and 0..K-1 and `cases`, shape (m,); reference `X`, `N`, shape (K,).
    Raises UnknownStratum for cases in a stratum absent from the reference or empty in it; ValueError for bad counts.
    """
    providers, strata, sizes = (
        counts_of(a, b) for a, b in ((provider, "provider"), (stratum, "stratum"), (cases, "cases"))
    )
    events, population = counts_of(reference_observed, "reference"), counts_of(reference_cases, "reference")
    same_length(providers, strata, sizes)
    same_length(events, population)
    used = sizes > 0
    if (strata[used] >= len(population)).any() or (population[strata[used]] == 0).any():
        raise UnknownStratum("cases in a stratum that is absent from the reference, or empty in it")
    rates = events / np.maximum(population, 1)
    expected = sizes[used] * rates[strata[used]]
    return sum_by_group(providers[used], int(providers.max(initial=-1)) + 1, expected)
