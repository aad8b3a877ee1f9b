"""Many providers, many chances to cross a limit: how many will, and how many remain after a correction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import BoolArray, FloatArray, same_length, vector_of
from services.ratings.methods.levels import tail_of

FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True, eq=False)
class Discoveries:
    """`kept`, shape (n,): p-values that stay remarkable. `threshold`: the largest of them, 0 where none is."""

    kept: BoolArray
    threshold: float
    q: float
    method: str = "benjamini_hochberg"
    method_version: str = METHOD_VERSION


def benjamini_hochberg(p_value: ArrayLike, q: float = FALSE_DISCOVERY_RATE) -> Discoveries:
    """Keep the k smallest p-values, k the largest with p_(k) <= k q / n (Benjamini and Hochberg 1995).

    Two-sided p-values, shape (n,); equal ones share their fate, so row order decides nothing. Raises ValueError for a
    p-value outside [0, 1] or q outside (0, 1).
    """
    p = vector_of(p_value, "p_value")
    if (p < 0).any() or (p > 1).any() or not 0 < q < 1:
        raise ValueError("p_value must lie in [0, 1] and q in (0, 1)")
    ordered = np.sort(p)
    passing = ordered[ordered * len(p) <= np.arange(1, len(p) + 1) * q]
    if not len(passing):
        return Discoveries(np.zeros(p.shape, dtype=np.bool_), 0.0, q)
    return Discoveries(p <= passing[-1], float(passing[-1]), q)


def two_sided_p(lower_tail: ArrayLike, upper_tail: ArrayLike) -> FloatArray:
    """Twice the smaller tail, at most 1, shape (n,); raises ValueError for a tail outside [0, 1]."""
    lower, upper = vector_of(lower_tail, "lower_tail"), vector_of(upper_tail, "upper_tail")
    same_length(lower, upper)
    smaller = np.minimum(lower, upper)
    if (smaller < 0).any() or (np.maximum(lower, upper) > 1).any():
        raise ValueError("a tail must lie in [0, 1]")
    return np.asarray(np.minimum(1.0, 2 * smaller))


def expected_false_alarms(providers: int, confidence: float) -> float:
    """Rows expected outside two-sided limits where all are as expected: 16 of 8,000 at 99.8%.

    To be published beside the count found. Raises ValueError for a negative number or a confidence outside (0, 1).
    """
    if providers < 0:
        raise ValueError("providers must be at least 0")
    return providers * 2 * tail_of(confidence)
