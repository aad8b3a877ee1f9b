"""Cases to the signal of the risk-adjusted CUSUM, run as charts, beside the run length of the integral equation."""

import math
from dataclasses import dataclass

import numpy as np

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.cusum import average_run_length, risk_adjusted_cusum
from services.ratings.simulation.lines import Line

PART = "cusum"
CHARTS = ((2.0, 2.0), (2.0, 3.0), (2.0, 4.5), (0.5, 2.0))  # odds ratio looked for, threshold
LONGEST = 12  # mean run lengths: what an exponential run length outlasts six times in a million
CELLS = 4_000_000  # runs x cases that are charted at a time


@dataclass(frozen=True, eq=False)
class RiskMix:
    """Distinct risks in (0, 1) and how many cases have each, shape (m,)."""

    risk: FloatArray
    cases: IntArray


@dataclass(frozen=True)
class Chart:
    """A chart for odds x `odds_ratio` with its threshold, on cases whose odds truly are x `truth`."""

    odds_ratio: float
    threshold: float
    truth: float

    def computed(self, mix: RiskMix) -> float:
        """Mean cases to the first signal by the integral equation (methods, section 2.11)."""
        return average_run_length(mix.risk, mix.cases, self.odds_ratio, self.threshold, true_odds_ratio=self.truth)


def run_lengths(mix: RiskMix, runs: int, longest_chart: float, seed: int) -> list[Line]:
    """Mean cases to the first signal in control and when the odds change as the chart looks for.

    `longest_chart`: charts with a longer run length in control are left out.
    """
    found = []
    for number, (odds_ratio, threshold) in enumerate(CHARTS):
        if Chart(odds_ratio, threshold, 1.0).computed(mix) > longest_chart:
            continue
        for figure, truth in (("cases_to_signal_in_control", 1.0), ("cases_to_signal_after_change", odds_ratio)):
            chart = Chart(odds_ratio, threshold, truth)
            lengths, computed = charted(chart, mix, runs, seed + number), chart.computed(mix)
            error = float(lengths.std(ddof=1)) / math.sqrt(runs)
            world = f"odds x {odds_ratio:g}, threshold {threshold:g}"
            why = "computed: integral equation, 1,000 nodes"
            found.append(
                Line(PART, "risk_adjusted_cusum", world, figure, float(lengths.mean()), error, computed=computed,
                     why=why)
            )  # fmt: skip
    return found


def charted(chart: Chart, mix: RiskMix, runs: int, seed: int) -> FloatArray:
    """Case numbers of the first signals, shape (runs,), of charts on cases drawn from the mix at odds x the truth.

    Raises ArithmeticError where a chart is silent for twelve mean run lengths: then the mean is not what it says.
    """
    chance = np.random.Generator(np.random.PCG64(seed))
    length, found = math.ceil(LONGEST * chart.computed(mix)), []
    share = mix.cases / mix.cases.sum()
    event = chart.truth * mix.risk / (1 - mix.risk + chart.truth * mix.risk)
    for block in np.array_split(np.arange(runs), max(1, math.ceil(runs * length / CELLS))):
        drawn = chance.choice(len(mix.risk), size=len(block) * length, p=share)
        outcome = (chance.random(len(drawn)) < event[drawn]).astype(np.int64)
        series = np.repeat(np.arange(len(block)), length)
        drawn_chart = risk_adjusted_cusum(mix.risk[drawn], outcome, chart.odds_ratio, chart.threshold, series=series)
        signals = drawn_chart.signal.reshape(len(block), length)
        if not signals.any(axis=1).all():
            raise ArithmeticError(f"a chart gave no signal in {length} cases")
        found.append(signals.argmax(axis=1) + 1.0)
    return np.concatenate(found)
