"""UK cardiac surgery, days 1-1460, with the model of methods 3.7: logistic on Parsonnet, fitted on all rows."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.design_matrix import Numeric
from services.ratings.methods.risk import FittedModel, collapse, fit_logistic, predict

FILE = Path(__file__).resolve().parents[3] / "shared/data/uk-cardiac-surgery/cardiacsurgery_day1_1460.csv"


@dataclass(frozen=True)
class Operations:
    """Operations in the order of the file; event = dead within 30 days."""

    frame: pl.DataFrame
    model: FittedModel

    @property
    def risk(self) -> FloatArray:
        return predict(self.model, self.frame)

    @property
    def outcome(self) -> IntArray:
        return self.frame["observed"].to_numpy()

    @property
    def surgeon(self) -> IntArray:
        return self.frame["surgeon"].to_numpy()

    @property
    def date(self) -> IntArray:
        return self.frame["date"].to_numpy()

    def mix(self) -> tuple[FloatArray, IntArray]:
        """Risk and number of operations of each Parsonnet value."""
        patterns = collapse(self.frame, ["Parsonnet"])
        return predict(self.model, patterns), patterns["cases"].to_numpy()


@cache
def operations(before_day: int = 1461) -> Operations:
    if not FILE.exists():
        pytest.skip("reference data is not beside this checkout")
    dead = (pl.col("status") == 1) & (pl.col("time") <= 30)
    frame = pl.read_csv(FILE).filter(pl.col("date") < before_day)
    frame = frame.with_columns(observed=dead.cast(pl.Int64), cases=pl.lit(1, dtype=pl.Int64))
    return Operations(frame, fit_logistic(frame, [Numeric("Parsonnet")]))
