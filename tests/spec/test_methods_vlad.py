"""Variable life-adjusted display (methods 2.11, 3.7; Lovegrove 1997)."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from services.ratings.methods.design_matrix import Numeric
from services.ratings.methods.intervals import exact_interval
from services.ratings.methods.risk import fit_logistic, predict
from services.ratings.methods.vlad import vlad
from tests.spec.cardiac_surgery import operations

MEDPAR = Path(__file__).resolve().parents[3] / "shared/data/us-medicare-az/medpar.csv"
CASES = st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans(), st.integers(0, 4)), max_size=40)


def test_medpar_provider_030001() -> None:
    """Methods 2.11: medpar model of 2.5, 58 cases, O 16, E 19.230660, end +3.230660."""
    if not MEDPAR.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(MEDPAR, schema_overrides={"provnum": pl.String})
    frame = frame.with_columns(cases=pl.lit(1), observed=pl.col("died"))
    model = fit_logistic(frame, [Numeric(column) for column in ("los", "type2", "type3", "age80")])
    one = frame.filter(pl.col("provnum") == "030001")
    found = vlad(predict(model, one), one["died"])
    assert (one.height, one["died"].sum()) == (58, 16)
    assert predict(model, one).sum() == pytest.approx(19.230660, abs=5.1e-7)
    assert found.end.tolist() == pytest.approx([3.230660], abs=5.1e-7)
    everyone = vlad(predict(model, frame), frame["died"], series=frame["provnum"].cast(pl.Int64))
    assert everyone.end[everyone.series == 30001].tolist() == found.end.tolist()


SURGEONS = """
    surgeon | n   | O  | E         | ratio  | lower | upper  | variance | end
    1       | 878 | 85 | 71.288549 | 1.1923 | .9524 | 1.4743 | 56.1895  | -13.711451
    2       | 432 | 42 | 38.927471 | 1.0789 | .7776 | 1.4584 | 29.6403  | -3.072529
    3       | 501 | 30 | 38.648809 | .7762  | .5237 | 1.1081 | 29.0198  | 8.648809
    5       | 501 | 10 | 19.492396 | .5130  | .2460 | .9435  | 18.2894  | 9.492396
    6       | 802 | 41 | 44.506798 | .9212  | .6611 | 1.2497 | 37.7029  | 3.506798
    7       | 348 | 34 | 29.135977 | 1.1669 | .8081 | 1.6307 | 23.5882  | -4.864023
"""


@pytest.mark.parametrize("line", SURGEONS.strip().splitlines()[1:])
def test_uk_cardiac_surgeons(line: str) -> None:
    """Methods 3.7, the table of surgeons."""
    surgeon, cases, observed, expected, ratio, lower, upper, variance, end = map(float, line.split("|"))
    every = operations()
    own = every.surgeon == surgeon
    risk, events = every.risk[own], int(every.outcome[own].sum())
    limits = exact_interval([events], 0.95)
    assert (own.sum(), events) == (cases, observed)
    assert risk.sum() == pytest.approx(expected, abs=5.1e-7)
    found = [events / risk.sum(), limits.lower.values[0] / risk.sum(), limits.upper[0] / risk.sum()]
    assert found == pytest.approx([ratio, lower, upper], abs=5.1e-5)
    assert (risk * (1 - risk)).sum() == pytest.approx(variance, abs=5.1e-5)
    chart = vlad(every.risk, every.outcome, series=every.surgeon)
    assert chart.end[chart.series == surgeon].tolist() == pytest.approx([end], abs=5.1e-7)


def test_uk_cardiac_as_a_whole() -> None:
    """Methods 3.7: 3,462 operations, 242 deaths, 65 Parsonnet values; six of the seven surgeon codes occur.

    The slope is printed there as .0787518885; statsmodels and this fit both give .0787518892.
    """
    every = operations()
    assert (every.frame.height, every.outcome.sum(), every.frame["Parsonnet"].n_unique()) == (3462, 242, 65)
    assert np.unique(every.surgeon).tolist() == [1, 2, 3, 5, 6, 7]
    design = np.column_stack([np.ones(3462), every.frame["Parsonnet"].to_numpy()])
    oracle = sm.GLM(every.outcome, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
    assert every.model.coefficients.tolist() == pytest.approx(oracle.params.tolist(), abs=1e-12)
    assert every.model.coefficients.tolist() == pytest.approx([-3.671611203, 0.0787518892], abs=5.1e-10)
    assert every.model.standard_errors.tolist() == pytest.approx([0.11228456, 0.00494116], abs=5.1e-9)


def test_by_hand() -> None:
    chart = vlad([0.1, 0.2, 0.5, 0.4], [0, 1, 0, 1])
    assert chart.value.tolist() == pytest.approx([0.1, -0.7, -0.2, -0.8])
    assert chart.case_number.tolist() == [1, 2, 3, 4]


def test_ties_in_time_keep_the_order_in_which_they_were_submitted() -> None:
    chart = vlad([0.1, 0.2, 0.5, 0.4], [0, 1, 0, 1], time=[2, 1, 1, 0])
    assert chart.case_number.tolist() == [4, 2, 3, 1]
    assert chart.value.tolist() == pytest.approx([-0.8, -1.4, -0.9, -0.6])


@given(CASES)
def test_each_series_is_what_it_is_alone(cases: list[tuple[float, bool, int]]) -> None:
    risk, outcome, series = (np.array([case[i] for case in cases]) for i in range(3))
    chart = vlad(risk.astype(float), outcome.astype(bool), series=series.astype(int))
    assert chart.series.tolist() == sorted(set(series.tolist()))
    for code, end in zip(chart.series, chart.end, strict=True):
        alone = vlad(risk[series == code], outcome[series == code])
        assert chart.value[series == code].tolist() == alone.value.tolist()
        assert alone.end.tolist() == [end]


def test_no_case_at_all() -> None:
    chart = vlad([], [])
    assert (chart.value.tolist(), chart.series.tolist(), chart.end.tolist()) == ([], [], [])


@pytest.mark.parametrize(("risk", "outcome"), [([0.0], [0]), ([1.0], [1]), ([0.5], [2]), ([0.5], [0.5]), ([0.5], [])])
def test_what_cannot_be_a_case_is_refused(risk: list[float], outcome: list[float]) -> None:
    with pytest.raises(ValueError, match=r"risk|outcome|lengths"):
        vlad(risk, outcome)
