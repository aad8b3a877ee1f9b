"""How much of a difference between providers is theirs, and how much is chance."""

import math

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import FloatArray, positive_of
from services.ratings.methods.funnel import entered, rated_rows


def reliability(expected: ArrayLike, between_provider_variance: float) -> FloatArray:
    """r = tau2 / (tau2 + 1/E) on the log scale, shape (n,), in [0, 1); 0 where tau2 is 0.

    Raises ValueError for E not above 0 or a negative tau2.
    """
    variance = _variance(between_provider_variance)
    return np.asarray(variance / (variance + 1 / positive_of(expected, "expected")))


def proportion_reliability(cases: ArrayLike, rate: float, between_provider_variance: float) -> FloatArray:
    """r = tau2 / (tau2 + p(1 - p)/n) for a proportion, shape (n,) (Adams 2009).

    Raises ValueError for n not above 0, a rate outside (0, 1) or a negative tau2.
    """
    if not 0 < rate < 1:
        raise ValueError("rate must lie in (0, 1)")
    variance = _variance(between_provider_variance)
    return np.asarray(variance / (variance + rate * (1 - rate) / positive_of(cases, "cases")))


def shrunk_ratio(observed: ArrayLike, expected: ArrayLike, between_provider_variance: float) -> FloatArray:
    """exp(r ln(O/E)), shape (n,): always shown beside the plain ratio, never instead. O = 0 enters as 0.5."""
    counts, expects = rated_rows(observed, expected)
    return np.asarray((entered(counts) / expects) ** reliability(expects, between_provider_variance))


def expected_for_reliability(wanted: float, between_provider_variance: float) -> float:
    """E at which reliability reaches `wanted` in (0, 1); raises ValueError where tau2 is 0, since none ever does."""
    variance = _variance(between_provider_variance)
    if not 0 < wanted < 1 or variance == 0:
        raise ValueError("wanted must lie in (0, 1) and between_provider_variance above 0")
    return wanted / ((1 - wanted) * variance)


def _variance(between_provider_variance: float) -> float:
    if not 0 <= between_provider_variance < math.inf:
        raise ValueError("between_provider_variance must be finite and at least 0")
    return between_provider_variance
