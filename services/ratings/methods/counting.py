"""The smallest count at which something begins to hold, for all providers at once: quantiles and thresholds."""

from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray

LARGEST = 2.0**53  # of the whole numbers that a float can step through

Holds = Callable[[FloatArray, IntArray], BoolArray]


def smallest_count(holds: Holds, guess: FloatArray, lowest: float, *, or_infinite: bool = False) -> FloatArray:
    """Smallest whole count >= `lowest` that `holds`, shape (n,), searched for from `guess`.

    `holds(count, rows)` answers for counts of the rows named, shape (m,) each; along the counts of a row it must turn
    from false to true once. A good guess takes two questions; a bad one takes steps that double, then halve. Where
    no count that a float can tell from the next one holds: infinite if the caller can make an absent limit of it, else
    ValueError.
    """
    below, above = np.full(guess.shape, lowest - 1), np.full(guess.shape, np.inf)
    probe, rows, step = np.maximum(np.floor(guess), lowest), np.arange(len(guess)), 1.0
    while len(rows):
        held = holds(probe[rows], rows)
        above[rows[held]], below[rows[~held]] = probe[rows[held]], probe[rows[~held]]
        is_open = above[rows] - below[rows] > 1
        lost = below[rows] >= LARGEST
        if lost.any() and not or_infinite:
            raise ValueError("no count is large enough")
        above[rows[lost & is_open]] = np.inf
        rows, held = rows[is_open & ~lost], held[is_open & ~lost]
        low, high = below[rows], above[rows]
        middle = np.floor((low + high) / 2)
        probe[rows] = np.where(held, np.maximum(high - step, middle), np.minimum(low + step, middle))
        step *= 2
    return above


def quantile_guess(mean: FloatArray, variance: FloatArray, skewness: FloatArray, p: float) -> FloatArray:
    """About where a count reaches probability p, shape (n,): the normal law with a first correction for skewness
    (Cornish and Fisher 1938)."""
    z = float(ndtri(p))
    return np.asarray(mean + np.sqrt(variance) * (z + (z * z - 1) * skewness / 6))
