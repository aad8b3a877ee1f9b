"""The cases of one specialty with the risk that the release's model gives to each, and charts of them over time."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from services.ratings.casemix.fitting import Fit, fit_counts
from services.ratings.indicators.risk_model import RiskModel
from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.cusum import NoSignal, TwoCharts, average_run_length, two_charts
from services.ratings.methods.design_matrix import MISSING
from services.ratings.methods.risk import collapse, predict
from services.ratings.methods.vlad import Vlad, vlad

ODDS_RATIO: Final = 2.0  # the change that the charts look for, either way
THRESHOLD: Final = 4.5  # as in Steiner (2000), with its run lengths stated beside it


@dataclass(frozen=True, eq=False)
class CaseFile:
    """`counts`: cases and events by specialty, provider, consultant and pattern, of one specialty and period. `fit`:
    the model as it was fitted on them for the release, by the same code and to the same bits."""

    counts: pl.DataFrame
    fit: Fit
    model: RiskModel

    @classmethod
    def of(cls, counts: pl.DataFrame, model: RiskModel) -> "CaseFile":
        """Raises what the fit raises: nothing that it did not raise when the release was built."""
        return cls(counts, fit_counts(counts, model), model)

    @cached_property
    def run_lengths(self) -> tuple[int | None, int | None]:
        """Mean cases to a signal when the odds are as expected, and when they are twice that; None for a chart that
        hardly ever signals."""
        patterns = collapse(self.fit.counts, self.model.columns)
        risk, cases = predict(self.fit.model, patterns), patterns["cases"].to_numpy()
        return _length(risk, cases, 1.0), _length(risk, cases, ODDS_RATIO)

    def risks(self, episodes: pl.DataFrame) -> FloatArray:
        """The expected risk of each case, shape (n,)."""
        filled = episodes.with_columns(pl.col(column).fill_null(MISSING) for column in self.model.columns)
        return predict(self.fit.model, self.fit.merged(filled))


def _length(risk: FloatArray, cases: FloatArray, true_odds_ratio: float) -> int | None:
    try:
        found = average_run_length(risk, cases, ODDS_RATIO, THRESHOLD, true_odds_ratio=true_odds_ratio)
    except NoSignal:
        return None
    return round(found)


@dataclass(frozen=True, eq=False)
class Charted:
    """Cases in the order of their dates, those of one day in the order in which they were sent."""

    dates: list[date]
    vlad: Vlad
    charts: TwoCharts

    @classmethod
    def of(cls, episodes: pl.DataFrame, file: CaseFile) -> "Charted":
        ordered = episodes.sort("date", maintain_order=True)
        risk = file.risks(ordered)
        outcome = ordered[file.model.outcome].cast(pl.Int64).to_numpy()
        return cls(
            ordered["date"].to_list(), vlad(risk, outcome), two_charts(risk, outcome, ODDS_RATIO, THRESHOLD)
        )  # fmt: skip


def rounded(values: FloatArray, decimals: int = 3) -> list[float]:
    """For a chart: nothing more than can be seen."""
    return [float(value) for value in np.round(values, decimals) + 0.0]
