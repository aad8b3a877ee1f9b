"""Places from the smallest value up, beginning with 1, and what those get that are equal."""

import numpy as np

from services.ratings.methods.arrays import FloatArray, IntArray


def average_places(values: FloatArray) -> FloatArray:
    """Shape (n,): equal values share the average of their places. Finite values only."""
    lower, upper = _ends(values)
    return (lower + upper + 1) / 2


def lower_places(values: FloatArray | IntArray) -> IntArray:
    """Shape (n,): equal values all get the lowest of their places. Finite values only."""
    return _ends(values)[0] + 1


def _ends(values: FloatArray | IntArray) -> tuple[IntArray, IntArray]:
    """How many values are smaller, and how many are not larger, both of shape (n,)."""
    ordered = np.sort(values)
    return np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
