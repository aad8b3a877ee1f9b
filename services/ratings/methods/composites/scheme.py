"""A rating scheme as data: these verbs and no others. What contradicts itself is refused when it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from services.ratings.methods.funnel import Position


class From(StrEnum):
    """What a part's points are made from."""

    POSITION = "position"
    Z_VALUE = "z_value"
    VALUE = "value"
    PLACE_QUARTILE = "place_quartile"  # 1 = lowest values; fewer than four providers have none


class By(StrEnum):
    """How points become the whole."""

    MEAN = "mean"
    SUM = "sum"
    WORST_OF = "worst_of"
    MATRIX = "matrix"


class OnMissing(StrEnum):
    NOT_RATED = "not_rated"
    REDISTRIBUTE = "redistribute"


@dataclass(frozen=True)
class Cuts:
    """Numbers into points: `values[number of cuts at or below it]`, so that a number at a cut takes the upper side."""

    cuts: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if list(self.cuts) != sorted(set(self.cuts)) or len(self.values) != len(self.cuts) + 1:
            raise ValueError("cuts must ascend, and there is one value more than there are cuts")


Points: TypeAlias = Mapping[str, float] | Cuts
WORDS = {From.POSITION: {word.value for word in Position}, From.PLACE_QUARTILE: {"1", "2", "3", "4"}}


@dataclass(frozen=True)
class Part:
    """Indicators that are each a part of the whole, with one rule for their points."""

    indicators: tuple[str, ...]
    source: From
    points: Points
    weight: float = 1.0

    def __post_init__(self) -> None:
        words = WORDS.get(From(self.source))
        if words is not None and (isinstance(self.points, Cuts) or set(self.points) != words):
            raise ValueError(f"points from {self.source} are a table of exactly {sorted(words)}")
        if words is None and not isinstance(self.points, Cuts):
            raise ValueError(f"points from {self.source} are made by cuts")
        if not self.indicators or not self.weight > 0:
            raise ValueError("a part names at least one indicator and has a weight above 0")


@dataclass(frozen=True)
class Floor:
    """A condition on one indicator's value, and what it does to the level: exactly one of each pair is given."""

    indicator: str
    below: float | None = None
    at_least: float | None = None  # the condition holds from this value on
    level_at_most: str | None = None
    level_at_least: str | None = None

    def __post_init__(self) -> None:
        pairs = ((self.below, self.at_least), (self.level_at_most, self.level_at_least))
        if any((one is None) == (other is None) for one, other in pairs):
            raise ValueError("a floor has one condition (below or at_least) and one effect (at most or at least)")


@dataclass(frozen=True)
class Combine:
    """`cuts` on the whole, one fewer than levels, a whole at a cut takes the upper level. `matrix` instead of cuts.

    `matrix[i][j]`: the level where the first part has i points and the second j.
    """

    by: By
    cuts: tuple[float, ...] = ()
    matrix: tuple[tuple[str, ...], ...] = ()
    on_missing: OnMissing = OnMissing.NOT_RATED
    minimum_parts: int = 1


@dataclass(frozen=True)
class Scheme:
    """`levels` ascend. Raises ValueError for anything that contradicts itself."""

    id: str
    version: str
    levels: tuple[str, ...]
    combine: Combine
    parts: tuple[Part, ...]
    floors: tuple[Floor, ...] = ()

    @property
    def indicators(self) -> tuple[str, ...]:
        """Every part, in order."""
        return tuple(indicator for part in self.parts for indicator in part.indicators)

    def __post_init__(self) -> None:
        by, names = self.combine.by, self.indicators
        if len(self.levels) < 2 or len(set(self.levels)) != len(self.levels) or len(set(names)) != len(names):
            raise ValueError("at least two levels, and each level and each indicator once")
        if not 1 <= self.combine.minimum_parts <= len(names):
            raise ValueError("minimum_parts must lie between 1 and the number of parts")
        for floor in self.floors:
            if (floor.level_at_most or floor.level_at_least) not in self.levels:
                raise ValueError("a floor names a level that the scheme does not have")
        if by is By.MATRIX:
            self._check_matrix()
        elif len(self.combine.cuts) != len(self.levels) - 1 or list(self.combine.cuts) != sorted(
            set(self.combine.cuts)
        ):
            raise ValueError("cuts must ascend, one fewer than there are levels")

    def _check_matrix(self) -> None:
        rows = self.combine.matrix
        if len(self.indicators) != 2 or self.combine.on_missing is not OnMissing.NOT_RATED or self.combine.cuts:
            raise ValueError("a matrix joins two parts, without cuts, and needs them both")
        if not rows or {len(row) for row in rows} != {len(rows[0])} or {*sum(rows, ())} - {*self.levels}:
            raise ValueError("a matrix has rows of one length, filled with levels")
        bands = [part for part in self.parts for _ in part.indicators]
        for part, size in zip(bands, (len(rows), len(rows[0])), strict=True):
            given = part.points.values if isinstance(part.points, Cuts) else tuple(part.points.values())
            if not set(given) <= set(range(size)):
                raise ValueError("points of a matrix are its row and column numbers, from 0")
