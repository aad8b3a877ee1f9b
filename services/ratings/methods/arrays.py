"""The arrays that the methods exchange, and the checks at the door of every kernel.

Arrays are one-dimensional, one element per provider (or per pattern, or per point of a curve). Nothing that leaves
this package is NaN or infinite: a figure that may be absent travels as `Figures`, which carries its own mask.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

BLOCK_PAIRS = 2_000_000  # of rows with rows, held at a time
FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]
TextArray: TypeAlias = NDArray[np.str_]

SMALLEST, LARGEST = 1e-290, 1e150  # nothing measured lies outside; inside, no quotient or square overflows
LARGEST_COUNT = 2.0**53 - 1  # beyond it a float may stand for a whole number that is not the one given


@dataclass(frozen=True, eq=False)
class Figures:
    """Numbers of which some are absent, shape (n,). Where `present` is false the value is 0.0 and means nothing."""

    values: FloatArray
    present: BoolArray

    @classmethod
    def where(cls, present: BoolArray, values: FloatArray) -> "Figures":
        """Keep `values` where `present` and finite; every other place becomes absent, so no NaN can get through."""
        kept = present & np.isfinite(values)
        return cls(np.where(kept, values, 0.0), kept)

    @classmethod
    def all_of(cls, values: FloatArray) -> "Figures":
        """Figures of which none is absent; raises ValueError if one is not finite."""
        if not np.isfinite(values).all():
            raise ValueError("a figure is not finite")
        return cls(values, np.ones(values.shape, dtype=np.bool_))

    def times(self, factor: FloatArray | float) -> "Figures":
        return Figures.where(self.present, self.values * factor)

    def at(self, place: IntArray) -> "Figures":
        """The figures at these places, shape (m,): what was worked out once for a count serves every such row."""
        return Figures(self.values[place], self.present[place])

    def above(self, bound: FloatArray | float) -> BoolArray:
        """True where the figure is present and strictly above the bound: an absent limit is never crossed."""
        return self.present & (self.values > bound)

    def below(self, bound: FloatArray | float) -> BoolArray:
        """True where the figure is present and strictly below the bound."""
        return self.present & (self.values < bound)

    def as_series(self, name: str) -> pl.Series:
        """A polars column with a null where the figure is absent; its reason stands in another column."""
        return pl.Series(name, self.values).set(pl.Series(~self.present), None)


def unmasked(numbers: ArrayLike, name: str) -> NDArray[Any]:
    """The numbers as an array of any shape; raises ValueError where one is masked."""
    if np.ma.is_masked(numbers):
        raise ValueError(f"{name} holds a masked number, which would be taken for the one behind the mask")
    return np.asarray(numbers)


def whole_of(floats: FloatArray, name: str) -> IntArray:
    """Whole numbers >= 0 of any shape; a negative or fractional one raises ValueError, it is never clipped."""
    if (floats < 0).any() or (floats != np.floor(floats)).any() or (floats > LARGEST_COUNT).any():
        raise ValueError(f"{name} must be whole numbers of at least 0")
    return floats.astype(np.int64)


def row_blocks(rows: int) -> list[IntArray]:
    """Row numbers in order, cut so that a block of rows by all rows has at most BLOCK_PAIRS pairs, or one row."""
    step = max(1, BLOCK_PAIRS // max(rows, 1))
    return [np.arange(start, min(start + step, rows)) for start in range(0, rows, step)]


def vector_of(numbers: ArrayLike, name: str) -> FloatArray:
    """Finite floats of shape (n,); raises ValueError otherwise."""
    values = unmasked(numbers, name)
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be a one-dimensional array of numbers, not {values.dtype}, shape {values.shape}")
    floats = values.astype(np.float64)
    if not np.isfinite(floats).all():
        raise ValueError(f"{name} holds a number that is not finite")
    return floats


def counts_of(numbers: ArrayLike, name: str) -> IntArray:
    """Whole numbers >= 0 of shape (n,); a negative or fractional count raises ValueError, it is never clipped."""
    return whole_of(vector_of(numbers, name), name)


def positive_of(numbers: ArrayLike, name: str) -> FloatArray:
    """Floats > 0 of shape (n,); raises ValueError otherwise, and for what is too small to be divided by."""
    floats = vector_of(numbers, name)
    if (floats <= 0).any():
        raise ValueError(f"{name} must be above 0")
    if (floats < SMALLEST).any() or (floats > LARGEST).any():
        raise ValueError(f"{name} must lie between {SMALLEST} and {LARGEST}")
    return floats


def same_length(*arrays: FloatArray | IntArray | TextArray) -> None:
    """Raise ValueError unless every array has the same length."""
    if len({len(array) for array in arrays}) > 1:
        raise ValueError(f"lengths differ: {[len(array) for array in arrays]}")
