"""Sums of floats that do not depend on the order of the rows."""

import math

import numpy as np

from services.ratings.methods.arrays import FloatArray, IntArray


def total(values: FloatArray) -> float:
    """Correctly rounded sum (Shewchuk 1997, `math.fsum`), the same whatever the order."""
    return math.fsum(values.tolist())


def sum_by_group(group: IntArray, groups: int, values: FloatArray) -> FloatArray:
    """Sum of `values`, shape (m,), per group code 0..groups-1, shape (groups,); a group without a row sums to 0.

    Rows are taken by group and then by size, so that neither the order of the rows nor the number of threads that
    read them changes a bit of the result. Raises ValueError for a code outside the range.
    """
    if group.size and (group.min() < 0 or group.max() >= groups):
        raise ValueError("a group code is out of range")
    order = np.lexsort((values, group))
    return np.bincount(group[order], weights=values[order], minlength=groups).astype(np.float64)
