"""Fits an indicator's risk model, merging levels that cannot be estimated the way the model's file says."""

from dataclasses import dataclass, replace
from typing import Final, Literal

import polars as pl

from services.ratings.indicators.risk_model import Factor, RiskModel
from services.ratings.methods.risk import FittedModel, collapse, expected_by, fit_logistic
from services.ratings.methods.separation import SeparationFound

ONE_SIDED: Final = (pl.col("observed") == 0) | (pl.col("observed") == pl.col("cases"))  # all or none had the event


@dataclass(frozen=True)
class Merge:
    """A level whose cases were counted with its neighbour's. `separation`: events and non-events did not mix in it.
    `rare`: it has fewer cases, or fewer events, than the model's file asks for."""

    column: str
    level: str
    into: str
    why: Literal["separation", "rare"] = "separation"


@dataclass(frozen=True, eq=False)
class Fit:
    """The model as fitted, what had to be merged for it, and the counts with the merged levels."""

    model: FittedModel
    merges: tuple[Merge, ...]
    counts: pl.DataFrame

    def expected_of(self, by: str) -> pl.DataFrame:
        """`by`, `cases`, `observed`, `expected` per subject, sorted by `by`."""
        return expected_by(self.counts, self.model, by)

    def merged(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows under the levels that the fit knows: each merged level replaced, in the order of the merges."""
        for merge in self.merges:
            rows = rows.with_columns(pl.col(merge.column).replace({merge.level: merge.into}))
        return rows


def fit_counts(counts: pl.DataFrame, model: RiskModel) -> Fit:
    """Fit on the covariate patterns of one specialty, after rare levels have gone to the neighbours the file names.

    Raises SeparationFound where the file names no neighbour to merge into, and whatever `fit_logistic` raises.
    """
    terms = [factor.as_term() for factor in model.factor]
    merges: list[Merge] = []
    while True:
        patterns = collapse(counts, model.columns)
        merge = _next_merge(patterns, model, _rare(model), "rare")
        if merge is None:
            try:
                return Fit(fit_logistic(patterns, terms), tuple(merges), counts)
            except SeparationFound:
                merge = _next_merge(patterns, model, ONE_SIDED, "separation")
                if merge is None:
                    raise
        merges.append(merge)
        counts = counts.with_columns(pl.col(merge.column).replace({merge.level: merge.into}))


def _rare(model: RiskModel) -> pl.Expr:
    return (pl.col("cases") < model.minimum_cases) | (pl.col("observed") < model.minimum_events)


def _next_merge(
    patterns: pl.DataFrame, model: RiskModel, concerned: pl.Expr, why: Literal["separation", "rare"]
) -> Merge | None:
    """The first level concerned, in file order, that has a neighbour. A reference level takes in its neighbour."""
    for factor in model.factor:
        per_level = patterns.group_by(factor.column).agg(pl.col("cases", "observed").sum())
        found = set(per_level.filter(concerned)[factor.column].to_list())
        for level in factor.levels:
            if level in found and (merge := _merge_of(factor, level, set(per_level[factor.column].to_list()))):
                return replace(merge, why=why)
    return None


def _merge_of(factor: Factor, level: str, present: set[str]) -> Merge | None:
    if level != factor.reference:
        into = factor.merge_into.get(level)
        while into is not None and into not in present:  # the neighbour itself may have been merged away
            into = factor.merge_into.get(into)
        return Merge(factor.column, level, into) if into else None
    for other in factor.levels:
        if other in present and factor.merge_into.get(other) == level:
            return Merge(factor.column, other, level)
    return None
