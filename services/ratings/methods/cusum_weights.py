"""What each case adds to a risk-adjusted CUSUM (Steiner 2000)."""

import math

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import FloatArray, same_length
from services.ratings.methods.case_series import outcomes_of, risks_of


def cusum_weights(risk: ArrayLike, outcome: ArrayLike, odds_ratio: float) -> FloatArray:
    """W = y ln R - ln(1 - p + R p), shape (n,): log likelihood ratio of odds R times as high against the risk p.

    Raises ValueError for a risk outside (0, 1), an outcome that is not 0 or 1, or an R that is not above 0 or is 1.
    """
    risks, outcomes = risks_of(risk), outcomes_of(outcome)
    same_length(risks, outcomes)
    return np.asarray(outcomes * math.log(_ratio(odds_ratio)) - np.log1p((odds_ratio - 1) * risks))


def _ratio(odds_ratio: float) -> float:
    if not 0 < odds_ratio < math.inf or odds_ratio == 1:
        raise ValueError("odds_ratio must be above 0 and not 1")
    return odds_ratio
