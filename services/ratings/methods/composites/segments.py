"""Oversight Framework segments: points by place, their mean, and quarters of the mean (NHS England 2025).

Place 1 is best and segment 1 holds the best quarter. Tied means take the lower place, so providers that are all equal
are all in segment 1. One provider has no place; fewer than two raise TooFewProviders.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import FloatArray, IntArray, same_length, vector_of
from services.ratings.methods.grids import grid_of
from services.ratings.methods.ordering import TooFewProviders
from services.ratings.methods.ties import average_places, lower_places

QUARTERS = 4
WITH_A_DEFICIT = 3
DECIMALS = 12  # means that differ beyond them differ by rounding, which must not split a tie


@dataclass(frozen=True, eq=False)
class Segments:
    """Mean of points, segment 1 to 4, and the place by (segment, mean), ties at the lower place; shape (n,) each."""

    mean: FloatArray
    segment: IntArray
    place: IntArray
    method: str = "oversight_framework_segments"
    method_version: str = METHOD_VERSION


def place_points(value: ArrayLike, *, higher_is_better: bool) -> FloatArray:
    """Points 1.00 (best) to 4.00 by place, 1 + 3 (place - 1) / (n - 1), shape (n,); ties share their average place.

    Raises TooFewProviders under two, and ValueError for a value that is not finite.
    """
    values = vector_of(value, "value")
    if len(values) < 2:
        raise TooFewProviders("points by place need at least two providers")
    place = average_places(-values if higher_is_better else values)
    return np.asarray(1 + (QUARTERS - 1) * (place - 1) / (len(values) - 1))


def segments(points: ArrayLike, in_deficit: ArrayLike) -> Segments:
    """Segments from points of shape (n, parts), none absent, and whether each provider has a deficit, shape (n,).

    Segment = min(4, floor(4 (p - 1) / n) + 1) with p the lower tied place of the mean; a provider in deficit gets at
    least 3. Raises TooFewProviders under two, and ValueError for points that are not finite or no part at all.
    """
    grid, deficit = grid_of(points, "points"), np.asarray(in_deficit, dtype=np.bool_)
    same_length(grid, deficit.astype(np.int64))
    if not grid.shape[1]:
        raise ValueError("points need at least one part")
    mean = grid.sum(axis=1) / grid.shape[1]
    segment = quarters(mean)
    segment = np.where(deficit, np.maximum(segment, WITH_A_DEFICIT), segment)
    ahead = lower_places(segment * np.int64(len(mean) + 1) + lower_places(np.round(mean, DECIMALS)))
    return Segments(mean, segment, ahead)


def quarters(value: ArrayLike) -> IntArray:
    """Quarter 1 (lowest values) to 4 of each value, shape (n,): min(4, floor(4 (p - 1) / n) + 1), p the lower place.

    Raises TooFewProviders under two, and ValueError for a value that is not finite.
    """
    values = vector_of(value, "value")
    if len(values) < 2:
        raise TooFewProviders("quarters need at least two providers")
    place = lower_places(np.round(values, DECIMALS))
    return np.minimum(QUARTERS, QUARTERS * (place - 1) // len(values) + 1)
