"""Rounding for publication: the decimal that a reader sees is what gets rounded, not the binary behind it."""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import FloatArray, vector_of

LARGEST = 1e14  # times 10^decimals: a tie has at most 15 digits, which a double holds without ambiguity


class RoundingMode(StrEnum):
    HALF_AWAY = "half_away"
    HALF_EVEN = "half_even"


def half_away(values: ArrayLike, decimals: int) -> FloatArray:
    """Round shape (n,) at `decimals`, ties away from zero: 2.675 gives 2.68, -0.125 gives -0.13."""
    return rounded(values, decimals, RoundingMode.HALF_AWAY)


def half_even(values: ArrayLike, decimals: int) -> FloatArray:
    """Round shape (n,) at `decimals`, ties to the even digit: 2.675 gives 2.68, 2.665 gives 2.66, 0.125 gives 0.12."""
    return rounded(values, decimals, RoundingMode.HALF_EVEN)


def rounded(values: ArrayLike, decimals: int, mode: RoundingMode) -> FloatArray:
    """Round the shortest decimal that names each float, shape (n,), exactly as `decimal` does on `repr(x)`.

    2.675 is a tie, although the double nearest to it lies a little below: a published table shows 2.675. No text is
    made: (2k + 1) / (2 * 10^d) is one correctly rounded division of two exact integers, hence the very double that
    the tie's decimal names, and doubles keep the order of the decimals that name them. Raises ValueError outside
    0 to 9 decimals, for a number that is not finite and for one too large to carry that many decimals.
    """
    mode = RoundingMode(mode)
    if not 0 <= decimals <= 9:
        raise ValueError(f"decimals must lie between 0 and 9, not {decimals}")
    floats, scale = vector_of(values, "values"), 10.0**decimals
    size = np.abs(floats)
    if (size * scale > LARGEST).any():
        raise ValueError("a number is too large to be rounded at this many decimals")
    whole = np.floor(size * scale)
    tie = (2 * whole + 1) / (2 * scale)
    to_upper = (whole % 2 == 1) if mode is RoundingMode.HALF_EVEN else np.ones(size.shape, dtype=np.bool_)
    up = (size > tie) | ((size == tie) & to_upper)
    return np.asarray(np.copysign((whole + up) / scale, floats) + 0.0)  # adding 0.0 turns -0.0 into 0.0
