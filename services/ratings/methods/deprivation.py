"""Deprivation: as one more stratum of what is expected, and as an inequality of its own (Mackenbach and Kunst 1997).

Fifths are national, 1 = most deprived, fixed by the release of the index. Both ratios are published, never one alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import SMALLEST, Figures, FloatArray, IntArray, counts_of, same_length
from services.ratings.methods.grids import grid_of, same_shape
from services.ratings.methods.intervals import IntervalRule, LowerWhenNegative
from services.ratings.methods.levels import CONTROL, WARNING, Limits, tail_of, z_of
from services.ratings.methods.standardisation import StandardisedRatio, indirect_expected, standardise

FIFTHS = 5
FEWEST_GROUPS, MOST_GROUPS = 5, 100
DRAWS = 10_000


@dataclass(frozen=True, eq=False)
class DeprivationAdjusted:
    """Ratios with and without deprivation among the strata, and adjusted / unadjusted, shape (n,) each.

    The shift is the quotient of the two expected numbers, so that a provider without events has one, too; absent
    where either ratio is.
    """

    unadjusted: StandardisedRatio
    adjusted: StandardisedRatio
    deprivation_shift: Figures
    method_version: str = METHOD_VERSION


def adjusted_for_deprivation(
    provider: ArrayLike,
    stratum: ArrayLike,
    fifth: ArrayLike,
    observed: ArrayLike,
    cases: ArrayLike,
    *,
    rule: IntervalRule,
    lower_when_negative: LowerWhenNegative = LowerWhenNegative.ABSENT,
) -> DeprivationAdjusted:
    """From one row per provider, stratum (age x sex) and fifth, shape (m,): codes 0.., 0.., 1 to 5, and counts.

    Expected from all rows together, once by stratum and once by stratum x fifth. Providers 0..P-1; no cases:
    `not_rated`, `no_cases`. Raises ValueError for a fifth that is none, observed above cases, or bad counts.
    """
    providers, strata, fifths, events, sizes = (
        counts_of(numbers, name)
        for numbers, name in (
            (provider, "provider"), (stratum, "stratum"), (fifth, "fifth"), (observed, "observed"), (cases, "cases")
        )
    )  # fmt: skip
    same_length(providers, strata, fifths, events, sizes)
    if ((fifths < 1) | (fifths > FIFTHS)).any() or (events > sizes).any():
        raise ValueError("fifths go from 1 to 5, and observed is never above cases")
    count = int(providers.max(initial=-1)) + 1
    own_events, own_cases = (
        np.bincount(providers, weights=numbers, minlength=count).astype(np.int64) for numbers in (events, sizes)
    )

    def by(cell: IntArray) -> StandardisedRatio:
        expected = _expected(providers, cell, events, sizes)
        return standardise(own_events, own_cases, expected, rule=rule, lower_when_negative=lower_when_negative)

    unadjusted, adjusted = by(strata), by(strata * FIFTHS + fifths - 1)
    both = unadjusted.rated & adjusted.rated
    shift = unadjusted.expected / np.where(both, adjusted.expected, 1.0)
    return DeprivationAdjusted(unadjusted, adjusted, Figures.where(both, shift))


def _expected(provider: IntArray, cell: IntArray, observed: IntArray, cases: IntArray) -> FloatArray:
    events, population = (np.bincount(cell, weights=numbers).astype(np.int64) for numbers in (observed, cases))
    return indirect_expected(provider, cell, cases, events, population)


@dataclass(frozen=True, eq=False)
class Inequality:
    """Slope and relative index of inequality of each area, shape (n,), with limits.

    SII: the value at the least deprived end less that at the most deprived end. RII: their quotient; absent where the
    fitted value at the most deprived end is not above 0, and its limits where that is so in any draw.
    """

    slope_index: FloatArray
    slope_standard_error: FloatArray
    slope_limits: Limits
    intercept: FloatArray
    relative_index: Figures
    relative_limits: Limits
    draws: int
    method: str = "weighted_least_squares"
    method_version: str = METHOD_VERSION


def inequality(size: ArrayLike, value: ArrayLike, se: ArrayLike, *, seed: int, draws: int = DRAWS) -> Inequality:
    """From 5 to 100 groups in rows, most deprived first, and areas in columns: size, value, standard error.

    Share a_k, x_k = cumulative share up to the middle of group k; least squares of value on x with weights a_k. SII is
    linear in the values, so its limits are exact; those of RII come from seeded draws, the same for every area.
    Raises ValueError for a group with size 0, a negative standard error or another number of groups.
    """
    sizes, values, errors = (grid_of(numbers, name) for numbers, name in ((size, "size"), (value, "value"), (se, "se")))
    same_shape(sizes, values, errors)
    if not FEWEST_GROUPS <= len(sizes) <= MOST_GROUPS or (sizes <= 0).any() or (errors < 0).any():
        raise ValueError("5 to 100 groups, each with a size above 0 and a standard error of at least 0")
    share = sizes / sizes.sum(axis=0)
    middle = np.cumsum(share, axis=0) - share / 2
    mean = (share * middle).sum(axis=0)
    spread = (share * (middle - mean) ** 2).sum(axis=0)
    if not (spread > SMALLEST).all():
        raise ValueError("one group holds all but everybody: there is no line through it")
    slopes = share * (middle - mean) / spread
    starts = share - slopes * mean  # of each value in the intercept
    above_first = values - values[0]  # equal values have a slope of exactly 0
    slope, intercept = (slopes * above_first).sum(axis=0), values[0] + (starts * above_first).sum(axis=0)
    error = np.sqrt((slopes**2 * errors**2).sum(axis=0))
    normal = np.random.default_rng(seed).standard_normal((draws, len(sizes)))
    drawn_start, drawn_slope = intercept + normal @ (starts * errors), slope + normal @ (slopes * errors)
    return Inequality(
        slope,
        error,
        _around(slope, error),
        intercept,
        Figures.where(intercept > 0, 1 + slope / np.where(intercept > 0, intercept, 1.0)),
        _of_draws(drawn_start, drawn_slope),
        draws,
    )


def _around(slope: FloatArray, error: FloatArray) -> Limits:
    z = (-z_of(WARNING), z_of(WARNING), -z_of(CONTROL), z_of(CONTROL))
    lower_95, upper_95, lower_99_8, upper_99_8 = (Figures.all_of(slope + each * error) for each in z)
    return Limits(lower_95, upper_95, lower_99_8, upper_99_8, "normal")


def _of_draws(start: FloatArray, slope: FloatArray) -> Limits:
    whole = np.asarray((start > 0).all(axis=0))
    ratios = 1 + slope / np.where(start > 0, start, 1.0)
    levels = [level for tail in (tail_of(WARNING), tail_of(CONTROL)) for level in (tail, 1 - tail)]
    ends = np.quantile(ratios, levels, axis=0)
    lower_95, upper_95, lower_99_8, upper_99_8 = (Figures.where(whole, end) for end in ends)
    return Limits(lower_95, upper_95, lower_99_8, upper_99_8, "draws")
