"""Figures of many series over the same periods: one row per period in order of time, one column per series."""

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import LARGEST, FloatArray, IntArray, unmasked, whole_of


def grid_of(numbers: ArrayLike, name: str) -> FloatArray:
    """Finite floats of shape (periods, series), none whose square overflows; raises ValueError otherwise."""
    values = unmasked(numbers, name)
    if values.ndim != 2 or values.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be a table of numbers, periods by series, not {values.dtype}, {values.shape}")
    floats = values.astype(np.float64)
    if not (np.abs(floats) <= LARGEST).all():
        raise ValueError(f"{name} holds a number that is not finite, or above {LARGEST}")
    return floats


def count_grid_of(numbers: ArrayLike, name: str) -> IntArray:
    """Whole numbers >= 0 of shape (periods, series); raises ValueError otherwise."""
    return whole_of(grid_of(numbers, name), name)


def same_shape(*grids: FloatArray | IntArray) -> None:
    """Raise ValueError unless every grid has the same shape."""
    if len({grid.shape for grid in grids}) > 1:
        raise ValueError(f"shapes differ: {[grid.shape for grid in grids]}")
