"""Figures of many series over the same periods: one row per period in order of time, one column per series."""

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import LARGEST, LARGEST_COUNT, FloatArray, IntArray


def grid_of(numbers: ArrayLike, name: str) -> FloatArray:
    """Finite floats of shape (periods, series), none whose square overflows; raises ValueError otherwise."""
    if np.ma.is_masked(numbers):
        raise ValueError(f"{name} holds a masked number, which would be taken for the one behind the mask")
    values = np.asarray(numbers)
    if values.ndim != 2 or values.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be a table of numbers, periods by series, not {values.dtype}, {values.shape}")
    floats = values.astype(np.float64)
    if not (np.abs(floats) <= LARGEST).all():
        raise ValueError(f"{name} holds a number that is not finite, or above {LARGEST}")
    return floats


def count_grid_of(numbers: ArrayLike, name: str) -> IntArray:
    """Whole numbers >= 0 of shape (periods, series); raises ValueError otherwise."""
    floats = grid_of(numbers, name)
    if (floats < 0).any() or (floats != np.floor(floats)).any() or (floats > LARGEST_COUNT).any():
        raise ValueError(f"{name} must be whole numbers of at least 0")
    return floats.astype(np.int64)


def same_shape(*grids: FloatArray | IntArray) -> None:
    """Raise ValueError unless every grid has the same shape."""
    if len({grid.shape for grid in grids}) > 1:
        raise ValueError(f"shapes differ: {[grid.shape for grid in grids]}")
