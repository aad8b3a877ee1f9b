"""Predictions for cases that the model has not seen: each fifth of the hospitals by a fit on all the others.

Internal-external validation (Steyerberg and Harrell 2016). On its own data a model's slope is 1 by construction, and so
is observed over expected in every level of every factor; only data that were left out can say whether it holds.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from services.ratings.casemix.fitting import Fit, fit_counts
from services.ratings.indicators.risk_model import RiskModel
from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.risk import collapse, predict

FOLDS: Final = 5


@dataclass(frozen=True, eq=False)
class Predicted:
    """Rows of patterns under the levels as they were sent, with `cases` and `observed`, and the risk of each row."""

    patterns: pl.DataFrame
    risk: FloatArray

    @property
    def cases(self) -> pl.Series:
        return self.patterns["cases"]

    @property
    def observed(self) -> pl.Series:
        return self.patterns["observed"]


def predicted(counts: pl.DataFrame, fit: Fit, model: RiskModel) -> Predicted:
    """Every pattern of `counts` with the risk that `fit` gives it; raises UnknownLevel for a level it did not see."""
    patterns = collapse(counts, model.columns)
    return Predicted(patterns, predict(fit.model, fit.merged(patterns)))


def predicted_when_left_out(counts: pl.DataFrame, model: RiskModel) -> Predicted | None:
    """All cases, each with a risk from hospitals of which its own is none; None where some fit cannot be made.

    Hospitals are dealt out to the folds in order of their codes. With fewer hospitals than folds there is none.
    """
    hospitals = sorted(counts["provider"].unique().to_list())
    if len(hospitals) < FOLDS:
        return None
    fold = {one: place % FOLDS for place, one in enumerate(hospitals)}
    dealt = counts.with_columns(pl.col("provider").replace_strict(fold, return_dtype=pl.Int64).alias("fold"))
    try:
        parts = [_fold(dealt, one, model) for one in range(FOLDS)]
    except (ValueError, ArithmeticError):  # a level that the others lack, or that cannot be estimated without these
        return None
    return Predicted(pl.concat([one.patterns for one in parts]), np.concatenate([one.risk for one in parts]))


def _fold(dealt: pl.DataFrame, fold: int, model: RiskModel) -> Predicted:
    held, others = dealt.filter(pl.col("fold") == fold), dealt.filter(pl.col("fold") != fold)
    return predicted(held, fit_counts(others, model), model)
