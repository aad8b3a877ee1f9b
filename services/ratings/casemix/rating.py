"""From a dense table of counts to a fitted model and to the expected events of every unit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from services.ratings.casemix.contingency import Contingency, Counts
from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.design_matrix import Term
from services.ratings.methods.designs import Grid
from services.ratings.methods.pair_counts import PairCounts
from services.ratings.methods.risk import FittedModel, fit_logistic_pairs


@dataclass(frozen=True, eq=False)
class Rated:
    """The model, and per unit of the table its columns, `cases`, `observed`, `expected` and their `ratio`."""

    model: FittedModel
    units: pl.DataFrame


def rate_table(table: Contingency, terms: Sequence[Term]) -> Rated:
    """Fit on the table's counts and compare each unit with what its patterns predict.

    `terms` are those on columns of the units that the model adjusts for (a hospital's own level), if any, and then
    those on the table's patterns, all of them and in its order. Raises ValueError for other terms, and as
    `fit_logistic`.
    """
    own = [term.column for term in terms if term.column in table.units.columns]
    group, first = _groups(table.units, own)
    cases, observed = (_summed(counts, group, max(first.height, 1)) for counts in (table.cases, table.observed))
    used = np.asarray(cases.sum(axis=0) > 0)
    cases, observed = cases[:, used], observed[:, used]
    i, j = np.nonzero(cases)
    counts = PairCounts(first, table.patterns().filter(pl.Series(used)), i, j, cases[i, j], observed[i, j])
    model = fit_logistic_pairs(counts, terms)
    design = counts.design(model.terms)
    risk = np.zeros((len(design.first), len(used)))
    risk[:, used] = expit(Grid(design.first, design.second).linear(model.coefficients))
    return Rated(model, _compared(table, table.expected(risk, group)))


def _groups(units: pl.DataFrame, own: list[str]) -> tuple[IntArray, pl.DataFrame]:
    """The group of each unit by its own columns, and what each group has there."""
    if not own:
        return np.zeros(units.height, dtype=np.int64), units.select(own)
    first = units.select(own).unique().sort(own)
    found = units.select(own).join(first.with_row_index("the group"), on=own, how="left", maintain_order="left")
    return found["the group"].to_numpy().astype(np.int64), first


def _summed(counts: Counts, group: IntArray, groups: int) -> IntArray:
    """Counts of each group's units added up, (groups, patterns)."""
    added = np.zeros((groups, counts.shape[1]), dtype=np.int64)
    together = bool((np.diff(group) >= 0).all())  # as for hospitals, by which units are sorted first
    for number in range(groups):
        where = slice(*np.searchsorted(group, [number, number + 1])) if together else group == number
        added[number] = counts[where].astype(np.uint32).sum(axis=0, dtype=np.uint32)  # 32 bits hold all episodes
    return added


def _compared(table: Contingency, expected: FloatArray) -> pl.DataFrame:
    return table.units.with_columns(
        cases=table.cases.sum(axis=1, dtype=np.int64),
        observed=table.observed.sum(axis=1, dtype=np.int64),
        expected=pl.Series(expected),
    ).with_columns(ratio=pl.col("observed") / pl.col("expected"))
