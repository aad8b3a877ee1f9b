"""How much must stay unknown of a figure that may not be published. Pure."""

from dataclasses import dataclass
from typing import Final

MEASURES: Final = ("cases", "observed", "expected")
COUNTS: Final = frozenset({"cases", "observed"})  # whole numbers
SLACK: Final = 1e-6  # of floating point, far below any figure that is published


@dataclass(frozen=True)
class Policy:
    """`k` insiders who tell each other what they know; an interval must reach `p` of the figure, and the `floor` of
    its measure, beyond it."""

    k: int = 1
    p: float = 0.20
    floors: tuple[float, float, float] = (10.0, 3.0, 1.0)

    def floor(self, measure: str) -> float:
        return self.floors[MEASURES.index(measure)]

    def need(self, measure: str, size: float) -> float:
        """How far the interval of a figure must reach above it."""
        return max(self.floor(measure), self.p * size)

    def fraction(self, measure: str, size: float, low: float, high: float) -> float:
        """Width over need, of the side that is worse: below 1 the interval is too narrow. An interval that begins at 0
        has all the room below that there can be."""
        need = self.need(measure, size)
        above = (high - size) / need if need > 0 else float("inf")
        below = (size - low) / min(need, size) if low > SLACK and need > 0 else float("inf")
        return min(above, below)

    def fewest_left(self, measure: str) -> float:
        """The smallest sum that a safe set of hidden people can have: the floor, without the k largest of them."""
        return self.floor(measure) + (self.k if measure in COUNTS else 0)


def floors_of(text: str) -> tuple[float, float, float]:
    """`10,3,1`: of cases, observed and expected. Raises ValueError with what was expected."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) != len(MEASURES) or not all(0 <= one < float("inf") for one in found):
        raise ValueError(f"The floors are {text!r}: three numbers are expected, such as 10,3,1.")
    return found[0], found[1], found[2]
