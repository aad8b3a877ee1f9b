"""Risk-adjusted cumulative sum chart: evidence, case after case, that the odds of the event changed (Steiner 2000)."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray, vector_of
from services.ratings.methods.case_series import CaseSeries
from services.ratings.methods.cusum_weights import cusum_weights
from services.ratings.methods.run_length import (
    NoSignal,
    SimulatedRunLength,
    Threshold,
    average_run_length,
    simulated_run_length,
    threshold_for,
)

# A chart, its threshold and its run lengths belong together, so all of them are found here.
__all__ = [
    "AfterSignal",
    "Cusum",
    "NoSignal",
    "SimulatedRunLength",
    "Threshold",
    "TwoCharts",
    "average_run_length",
    "cusum",
    "cusum_weights",
    "risk_adjusted_cusum",
    "simulated_run_length",
    "threshold_for",
    "two_charts",
]


class AfterSignal(StrEnum):
    """Where the sum starts again once it has signalled."""

    ZERO = "zero"
    HALF = "half"  # of the threshold: the next signal comes sooner


@dataclass(frozen=True, eq=False)
class Cusum:
    """Value at each case, before any reset, whether it signals there, and the case's number in its own series.

    Shape (n,) each, in the input's order; `series` holds each case's code. A value equal to the threshold signals.
    """

    value: FloatArray
    signal: BoolArray
    case_number: IntArray
    series: IntArray
    threshold: float
    after_signal: AfterSignal
    method: str
    method_version: str = METHOD_VERSION

    def signals(self) -> IntArray:
        """Input rows at which a series signals, by series and then by case number; their time is that of the row."""
        rows = np.flatnonzero(self.signal)
        return rows[np.lexsort((self.case_number[rows], self.series[rows]))]


@dataclass(frozen=True)
class TwoCharts:
    """One chart for rising odds and one for falling odds; they run side by side and reset apart."""

    rising: Cusum
    falling: Cusum


def risk_adjusted_cusum(
    risk: ArrayLike,
    outcome: ArrayLike,
    odds_ratio: float,
    threshold: float,
    after_signal: AfterSignal = AfterSignal.ZERO,
    *,
    series: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> Cusum:
    """C = max(0, C + W) from 0, a signal at C >= threshold, then a reset; all series at once, shape (n,).

    R above 1 looks for rising odds, below 1 for falling ones. Cases stand in order, or in the order of `time` with
    ties as submitted. No case: empty arrays, no signal. Raises ValueError as `cusum_weights`, or for a threshold
    that is not above 0.
    """
    weights = cusum_weights(risk, outcome, odds_ratio)
    return cusum(weights, threshold, after_signal, series=series, time=time, method=f"risk_adjusted_{odds_ratio:g}")


def two_charts(
    risk: ArrayLike,
    outcome: ArrayLike,
    odds_ratio: float,
    threshold: float,
    after_signal: AfterSignal = AfterSignal.ZERO,
    *,
    series: ArrayLike | None = None,
    time: ArrayLike | None = None,
) -> TwoCharts:
    """Charts for odds R times as high and 1/R times as high, R above 1; raises as `risk_adjusted_cusum`."""
    if not 1 < odds_ratio < math.inf:
        raise ValueError("odds_ratio of two charts must be above 1: the other chart looks for its inverse")
    rising, falling = (
        risk_adjusted_cusum(risk, outcome, ratio, threshold, after_signal, series=series, time=time)
        for ratio in (odds_ratio, 1 / odds_ratio)
    )
    return TwoCharts(rising, falling)


def cusum(
    weights: ArrayLike,
    threshold: float,
    after_signal: AfterSignal = AfterSignal.ZERO,
    *,
    series: ArrayLike | None = None,
    time: ArrayLike | None = None,
    method: str = "weights",
) -> Cusum:
    """The same sum of any weights, shape (n,): finite numbers, positive where a case speaks for a change."""
    steps, after = vector_of(weights, "weights"), AfterSignal(after_signal)
    if not 0 < threshold < math.inf:
        raise ValueError("threshold must be finite and above 0")
    restart = 0.0 if after is AfterSignal.ZERO else threshold / 2
    cases = CaseSeries.of(len(steps), series, time)
    value, signal, running = np.empty(len(steps)), np.zeros(len(steps), dtype=np.bool_), np.zeros(len(cases.code))
    for rows in cases.steps():
        now = np.maximum(0.0, running[: len(rows)] + steps[rows])
        value[rows], signal[rows] = now, now >= threshold
        running[: len(rows)] = np.where(now >= threshold, restart, now)
    code = np.zeros(len(steps), dtype=np.int64) if series is None else np.asarray(series, dtype=np.int64)
    return Cusum(value, signal, cases.numbers(), code, threshold, after, method)
