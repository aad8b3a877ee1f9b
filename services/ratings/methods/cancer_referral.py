"""Urgent suspected-cancer referral from general practice: how much is referred, and how much of it is cancer.

Referral is never shown without conversion. Conversion and detection share a numerator and are never combined. Low
referral is the concern, but referral alone has no preferred side. Delay after referral belongs to the hospital.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import Reason, Status
from services.ratings.methods.arrays import BoolArray, Figures, IntArray, TextArray, counts_of, same_length
from services.ratings.methods.grids import count_grid_of, grid_of, same_shape
from services.ratings.methods.intervals import IntervalRule, count_interval, wilson_interval
from services.ratings.methods.levels import CONTROL, WARNING, Limits
from services.ratings.methods.standardisation import StandardisedRatio, standardise
from services.ratings.methods.trend import Direction, Trend, trend_of_proportions, trend_of_values

RULE = IntervalRule.EXACT_BELOW_10_THEN_BYAR
PER = 100_000


@dataclass(frozen=True, eq=False)
class Share:
    """A proportion per practice with Wilson limits, shape (n,); no case to have a share of: `no_cases`."""

    share: Figures
    limits: Limits
    status: TextArray
    reason: TextArray


@dataclass(frozen=True, eq=False)
class CancerReferral:
    """The four indicators of each practice, shape (n,); a list of 0 has none of them (`no_cases`).

    `referral_ratio`: referrals / expected. `crude_rate`: per 100,000 on the list, with limits. `conversion`: cancers
    among urgent referrals. `detection`: share of all first-treated cancers that came by an urgent referral.
    """

    referral_ratio: StandardisedRatio
    crude_rate: Figures
    crude_limits: Limits
    conversion: Share
    detection: Share
    method_version: str = METHOD_VERSION


def cancer_referral(
    list_size: ArrayLike, referrals: ArrayLike, expected: ArrayLike, referred_cancers: ArrayLike, cancers: ArrayLike
) -> CancerReferral:
    """All practices at once, shape (n,) each; `expected` by age and sex, or by age, sex and deprivation fifth.

    `referred_cancers` are the cancers first treated after an urgent referral, of all `cancers` first treated. Count
    limits exact below 10 and Byar from there. Raises ValueError for more cancers referred than referrals or than
    cancers, or a list of 0 with referrals; ImpossibleExpected for referrals where none can be expected.
    """
    sizes, urgent = counts_of(list_size, "list_size"), counts_of(referrals, "referrals")
    found, every = counts_of(referred_cancers, "referred_cancers"), counts_of(cancers, "cancers")
    ratio = standardise(urgent, sizes, expected, rule=RULE)
    same_length(sizes, found, every)
    listed = sizes > 0
    per = np.where(listed, PER / np.maximum(sizes, 1), 0.0)
    warning, control = count_interval(urgent, WARNING, RULE), count_interval(urgent, CONTROL, RULE)
    crude_limits = Limits(
        Figures.where(listed & warning.lower.present, warning.lower.values * per),
        Figures.where(listed, warning.upper * per),
        Figures.where(listed & control.lower.present, control.lower.values * per),
        Figures.where(listed, control.upper * per),
        RULE.value,
    )
    return CancerReferral(
        ratio,
        Figures.where(listed, np.asarray(urgent * per, dtype=np.float64)),
        crude_limits,
        _share(found, urgent, "referred_cancers is above referrals"),
        _share(found, every, "referred_cancers is above cancers"),
    )


def _share(part: IntArray, whole: IntArray, otherwise: str) -> Share:
    if (part > whole).any():
        raise ValueError(otherwise)
    rated = whole > 0
    sizes = np.maximum(whole, 1)
    warning, control = wilson_interval(part, sizes, WARNING), wilson_interval(part, sizes, CONTROL)
    ends = (warning.lower.values, warning.upper, control.lower.values, control.upper)
    lower_95, upper_95, lower_99_8, upper_99_8 = (Figures.where(rated, end) for end in ends)
    return Share(
        Figures.where(rated, part / sizes),
        Limits(lower_95, upper_95, lower_99_8, upper_99_8, "wilson"),
        np.where(rated, Status.RATED.value, Status.NOT_RATED.value),
        np.where(rated, Reason.NONE.value, Reason.NO_CASES.value),
    )


@dataclass(frozen=True, eq=False)
class GamingWatch:
    """Practices whose referral ratio rises while their conversion falls, shape (n,), and both trends (2.12).

    False where either trend is not rated: too little data is no suspicion.
    """

    watched: BoolArray
    referral_ratio: Trend
    conversion: Trend
    method_version: str = METHOD_VERSION


def gaming_watch(
    time: ArrayLike, referrals: ArrayLike, expected: ArrayLike, referred_cancers: ArrayLike
) -> GamingWatch:
    """From grids of periods by practices: more referrals of fewer cancers may be a figure that is being managed.

    Raises ValueError for times that do not ascend, E not above 0, or more cancers referred than referrals.
    """
    urgent, expects = count_grid_of(referrals, "referrals"), grid_of(expected, "expected")
    same_shape(urgent, expects)
    if (expects <= 0).any():
        raise ValueError("expected must be above 0")
    limits = count_interval(urgent.ravel(), WARNING, RULE)
    lower, upper = (end.reshape(urgent.shape) / expects for end in (limits.lower.values, limits.upper))
    ratio = trend_of_values(time, urgent / expects, lower, upper)
    conversion = trend_of_proportions(time, referred_cancers, urgent)
    watched = (ratio.direction == Direction.RISING) & (conversion.direction == Direction.FALLING)
    return GamingWatch(np.asarray(watched), ratio, conversion)


def attributable_to(rows: pl.DataFrame, owner: str) -> pl.DataFrame:
    """The rows whose `attributable_to` is `owner`, in their order: a hospital's delay is not its practices'.

    Raises ValueError for a row that belongs to nobody.
    """
    if rows["attributable_to"].null_count():
        raise ValueError("attributable_to is missing")
    return rows.filter(pl.col("attributable_to") == owner)
