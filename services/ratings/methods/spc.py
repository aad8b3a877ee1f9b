"""XmR charts of many series at once: process limits from moving ranges, and four rules (Wheeler 2000).

Points stand in rows, series in columns. Never for standardised ratios: their variance is known and unequal. Fewer than
12 points: `not_rated`, `too_few_points`. All points equal: limits without width, and no rule fires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import Reason, Status
from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray, TextArray
from services.ratings.methods.grids import grid_of
from services.ratings.methods.spc_rules import rules_of

MINIMUM_POINTS = 12
LIMIT_FACTOR = 2.66  # 3 / 1.128: three standard deviations, estimated from ranges of two
RANGE_FACTOR = 3.267  # the upper limit of such a range, in mean ranges
NEAR = 2 / 3


class Assurance(StrEnum):
    """Will the target be met by the process as it runs? Empty where the series is not rated or nothing is preferred."""

    CONSISTENTLY_MET = "consistently_met"
    CONSISTENTLY_MISSED = "consistently_missed"
    INCONSISTENT = "inconsistent"
    NONE = ""


class Preferred(StrEnum):
    """The indicator's polarity."""

    LOWER = "lower_is_better"
    HIGHER = "higher_is_better"
    NEITHER = "neutral"


@dataclass(frozen=True, eq=False)
class XmR:
    """Centre, limits and near limits, the first rule that fired and its side, shape (points, series) each.

    `rule` 0 to 4, 0 = none; `side` +1 above or rising, -1 below or falling, 0 = none. Where a series is `not_rated`
    its limits are 0, mean nothing, and no rule fires; `status`, `reason` have shape (series,), `rated` too.
    """

    centre: FloatArray
    lower: FloatArray
    upper: FloatArray
    lower_near: FloatArray
    upper_near: FloatArray
    rule: IntArray
    side: IntArray
    status: TextArray
    reason: TextArray
    method: str = "xmr"
    method_version: str = METHOD_VERSION

    @property
    def rated(self) -> BoolArray:
        return np.asarray(self.status == Status.RATED)


def xmr(value: ArrayLike, *, screen_ranges: bool = False, rebase: Sequence[int] = ()) -> XmR:
    """Charts of `value`, shape (points, series): limits mean -/+ 2.66 x mean moving range, near limits at 2/3 of that.

    `screen_ranges`: once, leave out ranges of at least 3.267 x their mean. `rebase`: points (from 0, ascending) at
    which limits and runs begin anew; every stretch needs 12 points. Raises ValueError for a number that is not
    finite or a rebase outside the points.
    """
    values, starts = grid_of(value, "value"), np.array(rebase, dtype=np.int64)
    if (np.diff(starts, prepend=0) <= 0).any() or (starts >= len(values)).any():
        raise ValueError("rebase must name points after the first, in ascending order")
    stretches = np.split(values, starts)
    if min(len(stretch) for stretch in stretches) < MINIMUM_POINTS:
        return _not_rated(values)
    centre, half, rule, side = (
        np.concatenate(parts) for parts in zip(*(_stretch(each, screen_ranges) for each in stretches), strict=True)
    )
    words = np.full(values.shape[1], Status.RATED.value), np.full(values.shape[1], Reason.NONE.value)
    return XmR(centre, centre - half, centre + half, centre - NEAR * half, centre + NEAR * half, rule, side, *words)


def limits_of(values: FloatArray, screen_ranges: bool = False) -> tuple[FloatArray, FloatArray]:
    """Mean and half width of the limits, shape (series,) each, from points of shape (points, series), at least two."""
    centre = values[0] + (values - values[0]).mean(axis=0)  # equal points have exactly their own mean
    ranges = np.abs(np.diff(values, axis=0))
    mean_range = ranges.mean(axis=0)
    if screen_ranges:
        kept = (ranges < RANGE_FACTOR * mean_range) | (mean_range == 0)
        mean_range = np.where(kept, ranges, 0.0).sum(axis=0) / kept.sum(axis=0)
    return centre, LIMIT_FACTOR * mean_range


def _stretch(values: FloatArray, screen_ranges: bool) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    centre, half = limits_of(values, screen_ranges)
    every = np.ones((len(values), 1))
    return every * centre, every * half, *rules_of(values, centre, half, NEAR * half)


def _not_rated(values: FloatArray) -> XmR:
    line, rule = np.zeros_like(values), np.zeros(values.shape, dtype=np.int64)
    words = [np.full(values.shape[1], word) for word in (Status.NOT_RATED.value, Reason.TOO_FEW_POINTS.value)]
    return XmR(line, line, line, line, line, rule, rule, words[0], words[1])


def assurance(chart: XmR, target: float, preferred: Preferred) -> TextArray:
    """What the last limits of each series say of a target, shape (series,); a target at a limit is inconsistent.

    Target above the upper limit: consistently missed where higher is preferred, met where lower is. Below the lower
    limit: the reverse. Raises ValueError for a target that is not finite.
    """
    if not np.isfinite(target):
        raise ValueError("target must be finite")
    choice = Preferred(preferred)
    if choice is Preferred.NEITHER or not len(chart.upper):
        return np.full(len(chart.status), Assurance.NONE.value)
    met, missed = target < chart.lower[-1], target > chart.upper[-1]
    if choice is Preferred.LOWER:
        met, missed = missed, met
    words = [Assurance.NONE.value, Assurance.CONSISTENTLY_MET.value, Assurance.CONSISTENTLY_MISSED.value]
    return np.select([~chart.rated, met, missed], words, Assurance.INCONSISTENT.value)
