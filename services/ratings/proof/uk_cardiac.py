"""A UK cardiac centre, days 1-1460: our own recipe end to end, as a regression test (methods, section 3.7)."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.calibration import brier_score, c_statistic, hosmer_lemeshow
from services.ratings.methods.cusum import Cusum, two_charts
from services.ratings.methods.design_matrix import Numeric
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.own_cases import own_case_test
from services.ratings.methods.risk import FittedModel, collapse, fit_logistic, predict
from services.ratings.methods.standardisation import standardise
from services.ratings.methods.vlad import vlad
from services.ratings.proof.agreement import Agreement, Claim, Frames

SOURCE, ENTRY = "uk-cardiac-surgery", "uk-cardiac"
WITHIN_DAYS = 30
ODDS_RATIO, THRESHOLD = 2.0, 4.5
OWN = (
    "The operations are published; the figures are from our own recipe and statsmodels, and no publisher printed them."
)
SLOPE = (
    " The slope was first noted as .0787518885 and Brier as .0575926013. In arithmetic of 50 digits, and from "
    "statsmodels, they are .0787518892 and .0575926015, and those are required here."
)
HALVED = (
    " It was first noted that no chart for halved odds signals. That holds for every surgeon; the centre's signals "
    "at operation 378 (day 147, C = 4.5212, confirmed in arithmetic of 50 digits), and that is required here."
)
TO_THE_DIGITS = "equal at the digits noted"

MODEL = Claim(SOURCE, "risk model on the Parsonnet score, and its calibration", TO_THE_DIGITS, (ENTRY,), 12, 12,
    OWN + SLOPE, frozenset())  # fmt: skip
SURGEONS = Claim(SOURCE, "six surgeons: cases, O, E, ratio with exact limits, variance, VLAD, Poisson-binomial tails",
    TO_THE_DIGITS, (ENTRY,), 6, 6, OWN, frozenset())  # fmt: skip
CHARTS = Claim(SOURCE, "risk-adjusted CUSUM, odds ratio 2 and 1/2, h = 4.5: which of 14 charts signals, and where",
    "same operation and day, value at 4 decimals", (ENTRY,), 14, 14, OWN + HALVED, frozenset())  # fmt: skip
CLAIMS = (MODEL, SURGEONS, CHARTS)

FIGURES = {  # name: (figure, half of its last digit)
    "operations": (3462.0, 0.0), "deaths": (242.0, 0.0), "Parsonnet values": (65.0, 0.0),
    "intercept": (-3.671611203, 5e-10), "slope": (0.0787518892, 5e-11),
    "standard error of the intercept": (0.11228456, 5e-9), "standard error of the slope": (0.00494116, 5e-9),
    "deviance": (1490.888675, 5e-7), "c": (0.789261973, 5e-10), "Brier": (0.0575926015, 5e-11),
    "Hosmer-Lemeshow": (18.705376, 5e-7), "p of Hosmer-Lemeshow at 8 df": (0.0165, 5e-5),
}  # fmt: skip
# surgeon: n, O, E, O/E, lower, upper, variance, VLAD end, P(X >= O), P(X <= O)
TABLE = {
    "1": (878, 85, 71.288549, 1.1923, 0.9524, 1.4743, 56.1895, -13.711451, 0.041573, 0.968505),
    "2": (432, 42, 38.927471, 1.0789, 0.7776, 1.4584, 29.6403, -3.072529, 0.312617, 0.747969),
    "3": (501, 30, 38.648809, 0.7762, 0.5237, 1.1081, 29.0198, 8.648809, 0.959480, 0.061235),
    "5": (501, 10, 19.492396, 0.5130, 0.2460, 0.9435, 18.2894, 9.492396, 0.994539, 0.011966),
    "6": (802, 41, 44.506798, 0.9212, 0.6611, 1.2497, 37.7029, 3.506798, 0.739057, 0.317940),
    "7": (348, 34, 29.135977, 1.1669, 0.8081, 1.6307, 23.5882, -4.864023, 0.182966, 0.864526),
}
DECIMALS = (0, 0, 6, 4, 4, 4, 4, 6, 6, 6)
HALF_DIGITS = np.array([0.5 * 10.0**-places for places in DECIMALS])
CENTRE = "centre"
# chart: number of the operation, day, value; a chart that is not named here never signals
SIGNALS = {
    "surgeon 1, odds ratio 2": [(459, 746, 4.6866)],
    "centre, odds ratio 2": [(3144, 1319, 4.6902)],
    "centre, odds ratio 1/2": [(378, 147, 4.5212)],
}


@dataclass(frozen=True, eq=False)
class Operations:
    """All operations in the file's order, shape (n,) each, with the model's risk."""

    frame: pl.DataFrame
    model: FittedModel
    risk: FloatArray
    outcome: IntArray
    surgeon: IntArray

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Operations":
        died = (pl.col("status") == 1) & (pl.col("time") <= WITHIN_DAYS)
        rows = frame.sort("line").with_columns(cases=pl.lit(1, pl.Int64), observed=died.cast(pl.Int64))
        model = fit_logistic(rows, [Numeric("parsonnet")])
        surgeon = rows["surgeon"].cast(pl.Int64).to_numpy()
        return cls(rows, model, predict(model, rows), rows["observed"].to_numpy(), surgeon)


def agreements(frames: Frames) -> list[Agreement]:
    """The three lines of the centre."""
    operations = Operations.of(frames[ENTRY])
    return [MODEL.figures_met_by(_figures(operations), FIGURES), _surgeons(operations), _charts(operations)]


def _figures(operations: Operations) -> dict[str, float]:
    model, frame = operations.model, operations.frame
    patterns = collapse(frame, ["parsonnet"])
    counted = predict(model, patterns), patterns["cases"].to_numpy(), patterns["observed"].to_numpy()
    fit = hosmer_lemeshow(*counted)
    return {
        "operations": frame.height, "deaths": int(frame["observed"].sum()), "Parsonnet values": patterns.height,
        "intercept": model.coefficients[0], "slope": model.coefficients[1],
        "standard error of the intercept": model.standard_errors[0],
        "standard error of the slope": model.standard_errors[1],
        "deviance": model.deviance, "c": c_statistic(*counted), "Brier": brier_score(*counted),
        "Hosmer-Lemeshow": fit.statistic,
        "p of Hosmer-Lemeshow at 8 df": fit.p_value if fit.df == 8 else np.nan,
    }  # fmt: skip


def _surgeons(operations: Operations) -> Agreement:
    names, code = np.unique(operations.surgeon, return_inverse=True)
    cases = np.bincount(code)
    observed = np.bincount(code[operations.outcome == 1], minlength=len(names))
    tails = own_case_test(observed, code, operations.risk, np.ones(len(code), dtype=np.int64))
    ratio = standardise(observed, cases, tails.expected, rule=IntervalRule.EXACT)
    end = vlad(operations.risk, operations.outcome, series=code).end
    found = np.column_stack(
        [
            cases, observed, tails.expected, ratio.ratio.values, ratio.limits.lower_95.values,
            ratio.limits.upper_95.values, tails.variance, end, tails.upper_tail, tails.lower_tail,
        ]
    )  # fmt: skip
    keys = [str(name) for name in names.tolist()]
    nobody = np.full(len(DECIMALS), np.nan)
    stated = np.array([TABLE.get(key, nobody) for key in keys])
    return SURGEONS.met_by([f"surgeon {key}" for key in keys], (np.abs(found - stated) <= HALF_DIGITS).all(axis=1))


def _charts(operations: Operations) -> Agreement:
    found: dict[str, list[tuple[int, int, float]]] = {}
    for series in (None, operations.surgeon):
        both = two_charts(operations.risk, operations.outcome, ODDS_RATIO, THRESHOLD, series=series)
        found |= _signals(operations, both.rising, series, "odds ratio 2")
        found |= _signals(operations, both.falling, series, "odds ratio 1/2")
    charts = sorted(found)
    return CHARTS.met_by(charts, np.array([found[chart] == SIGNALS.get(chart, []) for chart in charts]))


def _signals(
    operations: Operations, chart: Cusum, series: IntArray | None, odds: str
) -> dict[str, list[tuple[int, int, float]]]:
    """Per chart the number of the operation, its day and the value at 4 decimals, signal after signal."""
    names = [CENTRE] if series is None else [f"surgeon {code}" for code in np.unique(series).tolist()]
    found: dict[str, list[tuple[int, int, float]]] = {f"{name}, {odds}": [] for name in names}
    days = operations.frame["date"].to_numpy()
    for row in chart.signals().tolist():
        name = CENTRE if series is None else f"surgeon {series[row]}"
        at = int(chart.case_number[row]), int(days[row]), round(float(chart.value[row]), 4)
        found[f"{name}, {odds}"].append(at)
    return found
