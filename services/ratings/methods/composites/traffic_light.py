"""The traffic light of general practice: a colour only for what lasts, and grey for what cannot be told.

Illustrative: no official method was ever published. Detection and the emergency route are never coloured, and a
practice with a single doctor is personal data: whoever calls leaves both out.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import TextArray, vector_of
from services.ratings.methods.funnel import Position

YEARS = 3
YEARS_ON_ONE_SIDE = 2
MINIMUM_POWER = 0.5


class Colour(StrEnum):
    RED = "red"
    MIDDLE = "middle"
    GREEN = "green"
    GREY = "grey"  # "cannot tell"


def traffic_light(
    position: ArrayLike, power: ArrayLike, *, lower_is_better: bool, minimum_power: float = MINIMUM_POWER
) -> TextArray:
    """Colours, shape (n,), from positions of the last three years, shape (3, n), latest last, and power, shape (n,).

    Red or green: beyond the same control limit in at least 2 of the 3 years. Else the middle colour where the latest
    position is inside the control limits and the power to detect a doubling at least `minimum_power`; grey otherwise.
    An empty position (a year without a rating) is on no side and never inside. Raises ValueError for an unknown
    position, another number of years, or a power outside [0, 1].
    """
    years, powers = np.asarray(position, dtype=np.str_), vector_of(power, "power")
    if years.shape != (YEARS, len(powers)) or ((powers < 0) | (powers > 1)).any():
        raise ValueError("positions have shape (3, n), power shape (n,) and values in [0, 1]")
    if not np.isin(years, [*(word.value for word in Position), ""]).all():
        raise ValueError("unknown position")
    above, below = (
        (years == word.value).sum(axis=0) >= YEARS_ON_ONE_SIDE
        for word in (Position.ABOVE_CONTROL, Position.BELOW_CONTROL)
    )
    inside = ~np.isin(years[-1], [Position.ABOVE_CONTROL.value, Position.BELOW_CONTROL.value, ""])
    red, green = (above, below) if lower_is_better else (below, above)
    words = [Colour.RED.value, Colour.GREEN.value, Colour.MIDDLE.value]
    return np.select([red, green, inside & (powers >= minimum_power)], words, Colour.GREY.value)
