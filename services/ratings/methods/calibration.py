"""How well predicted risks tell events from non-events."""

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import counts_of, same_length, vector_of
from services.ratings.methods.risk import NoVariation
from services.ratings.methods.sums import total


def c_statistic(risk: ArrayLike, cases: ArrayLike, observed: ArrayLike) -> float:
    """Share of event/non-event pairs ordered by risk, ties counting half, from pattern counts of shape (m,).

    (R1 - n1 (n1 + 1) / 2) / (n1 n0) with R1 the events' sum of mid-ranks (Hanley and McNeil 1982). Raises
    NoVariation without events or without non-events, ValueError where observed is above cases.
    """
    risks, sizes, events = vector_of(risk, "risk"), counts_of(cases, "cases"), counts_of(observed, "observed")
    same_length(risks, sizes, events)
    if (events > sizes).any():
        raise ValueError("observed is above cases")
    n, n1 = int(sizes.sum()), int(events.sum())
    if not 0 < n1 < n:
        raise NoVariation("the outcome has no events, or nothing but events")
    _, level = np.unique(risks, return_inverse=True)
    size, event = np.bincount(level, weights=sizes), np.bincount(level, weights=events)
    mid_rank = np.cumsum(size) - (size - 1) / 2
    return (total(event * mid_rank) - n1 * (n1 + 1) / 2) / (n1 * (n - n1))
