"""Counts of pairs: what a model's first columns say beside what the rest say, one cell for each pair with cases."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.design_matrix import Term, design_matrix, terms_as_seen
from services.ratings.methods.designs import Pairs
from services.ratings.methods.pattern_counts import counts_in


@dataclass(frozen=True, eq=False)
class PairCounts:
    """Cell c counts cases of row `i[c]` of `first` beside row `j[c]` of `second`, shape (m,), every row in use.

    The columns of `first` and then those of `second` are the model's, in the order of its file. A half may be without
    columns, and then all cells read its one, empty row.
    """

    first: pl.DataFrame
    second: pl.DataFrame
    i: IntArray
    j: IntArray
    cases: IntArray
    observed: IntArray

    def seen(self, terms: Sequence[Term]) -> tuple[Term, ...]:
        """Terms as `terms_as_seen`. Raises ValueError unless their columns are those of both halves, in order."""
        split = self._split(terms)
        return (*terms_as_seen(self.first, terms[:split]), *terms_as_seen(self.second, terms[split:]))

    def design(self, seen: Sequence[Term]) -> Pairs:
        """The design of these cells, intercept first, then the terms' columns in their order."""
        split = self._split(seen)
        first, rest = _matrix(self.first, seen[:split]), _matrix(self.second, seen[split:])
        return Pairs(first, rest[:, 1:], self.i, self.j)  # one intercept is enough

    def table(self, counts: IntArray) -> IntArray:
        """Counts of the cells in the shape of a grid, (a, b), 0 where no cell is."""
        full = np.zeros((max(self.first.height, 1), max(self.second.height, 1)), dtype=np.int64)
        full[self.i, self.j] = counts
        return full

    def _split(self, terms: Sequence[Term]) -> int:
        if [*self.first.columns, *self.second.columns] != [term.column for term in terms]:
            raise ValueError("the halves must hold the model's columns, in the order of its terms")
        return self.first.width


def paired(collapsed: pl.DataFrame, terms: Sequence[Term]) -> PairCounts:
    """Patterns, each once with its counts, as pairs; cut where the two halves have about as many values each."""
    columns = [term.column for term in terms]
    cut = _balanced([collapsed[column].n_unique() for column in columns])
    (first, i), (second, j) = _distinct(collapsed, columns[:cut]), _distinct(collapsed, columns[cut:])
    cases, observed = counts_in(collapsed, limited=False)
    return PairCounts(first, second, i, j, cases, observed)


def _balanced(sizes: list[int]) -> int:
    before = np.concatenate([[0.0], np.cumsum(np.log(np.asarray(sizes, dtype=np.float64)))])
    return int(np.argmin(np.abs(2 * before - before[-1])))


def _matrix(half: pl.DataFrame, terms: Sequence[Term]) -> FloatArray:
    return design_matrix(half, terms) if terms else np.ones((max(half.height, 1), 1))


def _distinct(collapsed: pl.DataFrame, columns: list[str]) -> tuple[pl.DataFrame, IntArray]:
    """The distinct rows of these columns, sorted, and the number of each pattern's among them."""
    half = collapsed.select(columns)
    if not columns:
        return half, np.zeros(collapsed.height, dtype=np.int64)
    distinct = half.unique().sort(columns, nulls_last=True)
    numbered = distinct.with_row_index("number of the row")
    found = half.join(numbered, on=columns, how="left", nulls_equal=True, maintain_order="left")
    return distinct, found["number of the row"].to_numpy().astype(np.int64)
