"""Sums of which the largest few are left out, bounded without adding everything up again."""

from collections.abc import Iterable, Mapping
from typing import Final

from services.ratings.disclosure.policy import Widths
from services.ratings.disclosure.table import Sizes

SLACK: Final = (
    1e-9  # a sum in another order differs by less, relative to itself: beyond it, safe is safe in every order
)


class Sums:
    """One measure of people in a block: their sum, and the largest few."""

    def __init__(self, sizes: Mapping[str, float], k: int) -> None:
        self.sizes, self.k, self.total = sizes, k, sum(sizes.values())
        self.largest = sorted(sizes, key=sizes.__getitem__, reverse=True)[: k + 1]

    def ample(self, person: str, need: float) -> bool:
        """Whether more than `need` remains, clear of all rounding, without a person and `k` insiders. False says
        nothing: then count exactly."""
        insiders = sum(self.sizes[one] for one in [one for one in self.largest if one != person][: self.k])
        others = len(self.sizes) - (person in self.sizes)
        rest = self.total - self.sizes.get(person, 0.0) - insiders
        return others > self.k and rest > need + SLACK * (need + self.total)


class Crowd:
    """Everybody hidden in a block, one row of sizes per person, and their sums per measure."""

    def __init__(self, people: Mapping[str, Sizes], widths: Widths) -> None:
        measures = range(len(widths.floors))
        self.sums = [Sums({one: sizes[measure] for one, sizes in people.items()}, widths.k) for measure in measures]

    def ample(self, person: str, needs: Iterable[float]) -> bool:
        """Whether a secret that needs so much, per measure, is certainly safe among them."""
        return all(sums.ample(person, need) for sums, need in zip(self.sums, needs, strict=True))


def merged(cells: Iterable[Mapping[str, Sizes]]) -> dict[str, Sizes]:
    """The sizes of each person over several units, given one mapping per unit."""
    found: dict[str, Sizes] = {}
    for unit in cells:
        for person, sizes in unit.items():
            found[person] = plus(found[person], sizes) if person in found else sizes
    return found


def plus(one: Sizes, other: Sizes) -> Sizes:
    return tuple(a + b for a, b in zip(one, other, strict=True))
