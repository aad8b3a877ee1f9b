"""When there is too little data for a word: grey beats green, and nothing hides a result beyond the control limits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.absence import Reason, Status
from services.ratings.methods.arrays import BoolArray, TextArray, counts_of, positive_of, same_length, vector_of
from services.ratings.methods.funnel import Position
from services.ratings.methods.power import power_to_detect_doubling


@dataclass(frozen=True)
class Gates:
    """An indicator's minimum numbers; None where it declares `none`, as a reproduced publication does."""

    minimum_cases: int | None = None
    minimum_expected: float | None = 1.0
    minimum_power: float | None = 0.5


@dataclass(frozen=True, eq=False)
class GatedPositions:
    """`position` holds only where `rated`; elsewhere it is empty and `reason` says `too_few_cases`. Shape (n,) each."""

    position: TextArray
    status: TextArray
    reason: TextArray

    @property
    def rated(self) -> BoolArray:
        return np.asarray(self.status == Status.RATED)


def gated(
    position: ArrayLike, cases: ArrayLike, expected: ArrayLike, gates: Gates, power: ArrayLike | None = None
) -> GatedPositions:
    """Positions, shape (n,), that may be said aloud. `power` to detect a doubling is worked out where it is not given.

    Too few cases, too little expected or too little power to see a doubling takes any position but one beyond the
    control limits: inside them the word would be "as expected", and that needs the power to see otherwise.
    Raises ValueError for an unknown position or E not above 0.
    """
    words = np.asarray(position, dtype=np.str_)
    sizes, expects = counts_of(cases, "cases"), positive_of(expected, "expected")
    same_length(words, sizes, expects)
    if not np.isin(words, [word.value for word in Position]).all():
        raise ValueError("unknown position")
    grey = np.zeros(words.shape, dtype=np.bool_)
    if gates.minimum_cases is not None:
        grey |= sizes < gates.minimum_cases
    if gates.minimum_expected is not None:
        grey |= expects < gates.minimum_expected
    if gates.minimum_power is not None:
        known = power_to_detect_doubling(expects) if power is None else vector_of(power, "power")
        same_length(words, known)
        grey |= known < gates.minimum_power
    grey &= ~np.isin(words, [Position.ABOVE_CONTROL.value, Position.BELOW_CONTROL.value])
    return GatedPositions(
        np.where(grey, "", words),
        np.where(grey, Status.NOT_RATED.value, Status.RATED.value),
        np.where(grey, Reason.TOO_FEW_CASES.value, Reason.NONE.value),
    )
