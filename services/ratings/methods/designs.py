"""Two forms of one design: written out row by row, or as pairs of what two groups of columns say."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from services.ratings.methods.arrays import FloatArray, IntArray

CACHED = 1 << 16  # cells of a grid worked on at once: half a megabyte for each array of them


@dataclass(frozen=True, eq=False)
class Rows:
    """A design written out: `matrix` of shape (m, k), the intercept first."""

    matrix: FloatArray

    @property
    def width(self) -> int:
        return int(self.matrix.shape[1])

    def linear(self, coefficients: FloatArray) -> FloatArray:
        return np.asarray(self.matrix @ coefficients)

    def totals(self, residuals: FloatArray) -> FloatArray:
        return np.asarray(self.matrix.T @ residuals)

    def information(self, weights: FloatArray) -> FloatArray:
        return np.asarray(self.matrix.T @ (self.matrix * weights[:, None]))

    def parts(self) -> Iterator[tuple[slice, "Rows"]]:
        yield slice(None), self


@dataclass(frozen=True, eq=False)
class Pairs:
    """A design whose cell c reads row `i[c]` of `first` (a, p), the intercept in front, then row `j[c]` of `second`
    (b, q): k = p + q.

    A million cells of 150 hospitals beside 8,100 kinds of patients need not be written out as a million rows of k
    numbers: X'WX comes from W's row sums, its column sums and one product with W itself, stored sparsely.
    """

    first: FloatArray
    second: FloatArray
    i: IntArray
    j: IntArray

    @property
    def width(self) -> int:
        return int(self.first.shape[1] + self.second.shape[1])

    def linear(self, coefficients: FloatArray) -> FloatArray:
        split = self.first.shape[1]
        return np.asarray((self.first @ coefficients[:split])[self.i] + (self.second @ coefficients[split:])[self.j])

    def totals(self, residuals: FloatArray) -> FloatArray:
        by_first, by_second = self._margins(residuals)
        return np.concatenate([self.first.T @ by_first, self.second.T @ by_second])

    def information(self, weights: FloatArray) -> FloatArray:
        by_first, by_second = self._margins(weights)
        table = csr_array((weights, (self.i, self.j)), shape=(len(self.first), len(self.second)))
        across = self.first.T @ (table @ self.second)
        above = self.first.T @ (self.first * by_first[:, None])
        below = self.second.T @ (self.second * by_second[:, None])
        return np.block([[above, across], [across.T, below]])

    def _margins(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        by_first = np.bincount(self.i, weights=values, minlength=len(self.first)).astype(np.float64)
        return by_first, np.bincount(self.j, weights=values, minlength=len(self.second)).astype(np.float64)

    def parts(self) -> Iterator[tuple[slice, "Pairs"]]:
        yield slice(None), self

    def written_out(self) -> Rows:
        """The same design, row by row."""
        return Rows(np.column_stack([self.first[self.i], self.second[self.j]]))


@dataclass(frozen=True, eq=False)
class Grid:
    """A design of all a x b cells of `first` (a, p) and `second` (b, q), most of them in use: cells of shape (a, b).

    As `Pairs`, with W in full: its sums and products run over memory in order.
    """

    first: FloatArray
    second: FloatArray

    @property
    def width(self) -> int:
        return int(self.first.shape[1] + self.second.shape[1])

    def linear(self, coefficients: FloatArray) -> FloatArray:
        split = self.first.shape[1]
        return np.asarray((self.first @ coefficients[:split])[:, None] + (self.second @ coefficients[split:])[None, :])

    def totals(self, residuals: FloatArray) -> FloatArray:
        return np.concatenate([self.first.T @ residuals.sum(axis=1), self.second.T @ residuals.sum(axis=0)])

    def information(self, weights: FloatArray) -> FloatArray:
        across = self.first.T @ (weights @ self.second)
        above = self.first.T @ (self.first * weights.sum(axis=1)[:, None])
        below = self.second.T @ (self.second * weights.sum(axis=0)[:, None])
        return np.block([[above, across], [across.T, below]])

    def parts(self) -> Iterator[tuple[slice, "Grid"]]:
        rows = max(1, CACHED // len(self.second))
        for start in range(0, len(self.first), rows):
            cells = slice(start, start + rows)
            yield cells, Grid(self.first[cells], self.second)
