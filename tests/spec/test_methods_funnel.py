"""The two funnel questions, their curves, and the hospitals on which they disagree."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from services.ratings.methods.funnel import (
    interval_test,
    log_ratio_z,
    positions_against,
    target_limits,
    target_test,
)
from services.ratings.methods.funnel_curves import interval_curve
from services.ratings.methods.intervals import IntervalRule, exact_interval
from services.ratings.methods.standardisation import adjusted_rate, standardise

CABG_2003 = Path(__file__).resolve().parents[3] / "shared/data/ny-cardiac/hospital_cabg_2003.csv"
EXPECTED = st.floats(0.01, 5000)
ROWS = st.lists(st.tuples(st.integers(0, 300), st.floats(0.05, 300)), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def cabg() -> pl.DataFrame:
    if not CABG_2003.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(CABG_2003, infer_schema_length=0)
    return frame.with_columns(
        pl.col("Cases", "Deaths").cast(pl.Int64),
        expected=pl.col("EMR").cast(pl.Float64) * pl.col("Cases").cast(pl.Int64) / 100,
    )


@pytest.mark.parametrize(
    ("expected", "limits"),
    [
        (15, (0.5596924, 1.6493479, 0.3862650, 2.0829073)),
        (20, (0.6108260, 1.5444189, 0.4479107, 1.9020941)),
        (30, (0.6746958, 1.4275622, 0.5289724, 1.7027708)),
    ],
)
def test_exact_poisson_limits_around_1(expected: float, limits: tuple[float, ...]) -> None:
    """Methods 2.3 (Spiegelhalter 2005; the limits that SHMI publishes)."""
    drawn = target_limits([expected])
    found = [f.values[0] for f in (drawn.lower_95, drawn.upper_95, drawn.lower_99_8, drawn.upper_99_8)]
    assert found == pytest.approx(limits, abs=5.1e-8)


def test_the_teaching_case_is_beyond_control_by_one_question_and_beyond_warning_by_the_other() -> None:
    """Methods 2.3 (New York State, CABG 2003, Vassar Brothers)."""
    observed, expected = [4], [12.74]
    assert observed[0] / expected[0] == pytest.approx(0.3140, abs=5e-5)
    assert target_limits(expected).lower_99_8.values[0] == pytest.approx(0.3502, abs=5e-5)
    assert target_test(observed, expected).tolist() == ["below_control"]
    assert exact_interval(observed, 0.998).upper[0] / 12.74 == pytest.approx(1.1612, abs=5e-5)
    assert exact_interval(observed, 0.95).upper[0] / 12.74 == pytest.approx(0.8039, abs=5e-5)
    assert interval_test(observed, expected, IntervalRule.EXACT).tolist() == ["below_warning"]


def test_the_published_adjusted_rates_of_2003(cabg: pl.DataFrame) -> None:
    """Methods 3.1: 37 hospitals, 47,795 cases, 973 deaths; OMR/EMR x the state's rate is the published RAMR, within
    .0140 from the printed rates and within .0086 from deaths and cases."""
    assert (cabg.height, cabg["Cases"].sum(), cabg["Deaths"].sum()) == (37, 47_795, 973)
    state = 100 * 973 / 47_795
    assert state == pytest.approx(2.035777801, abs=5.1e-10)
    omr, emr, ramr = (cabg[name].cast(pl.Float64).to_numpy() for name in ("OMR", "EMR", "RAMR"))
    ratio = standardise(cabg["Deaths"], cabg["Cases"], cabg["expected"], rule=IntervalRule.EXACT)
    furthest = np.abs(omr / emr * state - ramr).max(), np.abs(adjusted_rate(ratio, state).rate.values - ramr).max()
    assert 0.0139 < furthest[0] <= 0.0140
    assert 0.0085 < furthest[1] <= 0.0086


def _outside(cabg: pl.DataFrame, found: np.ndarray, word: str) -> set[str]:
    return {h for h, p in zip(cabg["Hospital"].to_list(), found.tolist(), strict=True) if p.endswith(word)}


def test_adjustment_changes_the_verdict(cabg: pl.DataFrame) -> None:
    """Methods 2.3 and 3.1 (New York State, CABG 2003): E = EMR x cases, by either question."""
    interval = interval_test(cabg["Deaths"], cabg["expected"], IntervalRule.EXACT)
    target = target_test(cabg["Deaths"], cabg["expected"])
    first = {"Buffalo General", "Univ. Hosp. of Brooklyn"}
    assert _outside(cabg, interval, "control") == {"Staten Island - North"}
    assert _outside(cabg, interval, "warning") == first | {"Vassar Brothers"}
    assert _outside(cabg, target, "control") == {"Staten Island - North", "Vassar Brothers"}
    assert _outside(cabg, target, "warning") == first | {"Rochester General", "St. Josephs", "St. Peters"}


def test_the_interval_rule_decides_a_verdict() -> None:
    """Methods 2.2: Byar within, exact above warning."""
    expected = [0.82 * 132 / 100]
    assert interval_test([4], expected, IntervalRule.BYAR).tolist() == ["within"]
    assert interval_test([4], expected, IntervalRule.EXACT).tolist() == ["above_warning"]


def test_a_value_equal_to_a_limit_is_within() -> None:
    limits = target_limits([20.0, 20.0, 20.0, 20.0])
    edges = np.array([f.values[0] for f in (limits.lower_95, limits.upper_95, limits.lower_99_8, limits.upper_99_8)])
    words = ["within", "within", "below_warning", "above_warning"]
    assert positions_against(edges, limits).tolist() == words
    outward = np.nextafter(edges, [0, 9, 0, 9])
    words = ["below_warning", "above_warning", "below_control", "above_control"]
    assert positions_against(outward, limits).tolist() == words


def test_an_absent_lower_limit_is_never_crossed() -> None:
    assert interval_test([1], [0.0001], IntervalRule.BYAR).tolist() == ["above_warning"]


@given(st.lists(EXPECTED, min_size=1, max_size=20))
def test_target_limits_are_the_chi_squared_quantiles(expected: list[float]) -> None:
    limits, e = target_limits(expected), np.array(expected)
    for lower, upper, tail in ((limits.lower_95, limits.upper_95, 0.025), (limits.lower_99_8, limits.upper_99_8, 1e-3)):
        quantile = np.where(np.exp(-e) > tail, 0.0, chi2.ppf(tail, 2 * e) / (2 * e))
        np.testing.assert_allclose(lower.values, quantile, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(upper.values, chi2.isf(tail, 2 * e + 2) / (2 * e), rtol=1e-9)


@given(ROWS, st.sampled_from(IntervalRule))
def test_the_interval_curve_is_the_edge_of_the_interval_test(rows: list[tuple[int, float]], rule: IntervalRule) -> None:
    observed, expected = np.array([o for o, _ in rows]), np.array([e for _, e in rows])
    curve, ratio = interval_curve(expected, rule), observed / expected
    edges = (curve.lower_95, curve.upper_95, curve.lower_99_8, curve.upper_99_8)
    clear = np.all([~f.present | (np.abs(ratio / np.maximum(f.values, 1e-9) - 1) > 1e-9) for f in edges], axis=0)
    # A count of 0 is below the lower curve only where the curve exists: there it lies at or above 0.
    drawn, tested = positions_against(ratio, curve), interval_test(observed, expected, rule)
    assert drawn[clear].tolist() == tested[clear].tolist()


def test_the_lower_interval_curve_is_absent_where_no_count_is_low_enough() -> None:
    curve = interval_curve([3.6, 3.7], IntervalRule.EXACT)
    assert curve.lower_95.present.tolist() == [False, True]
    assert curve.lower_99_8.present.tolist() == [False, False]
    assert curve.upper_95.present.tolist() == [True, True]


def test_log_ratio_z_enters_no_events_as_a_half_and_says_so() -> None:
    z = log_ratio_z([0, 150], [4.0, 112.0])
    assert z.z_value.tolist() == pytest.approx([np.log(0.5 / 4) * 2, 3.0916813], abs=5e-8)
    assert z.s.tolist() == pytest.approx([0.5, 1 / np.sqrt(112)])
    assert z.continuity_applied.tolist() == [True, False]


@pytest.mark.parametrize("expected", [[0.0], [-1.0], [float("nan")], [1.0, 2.0]])
def test_rows_that_cannot_be_rated_are_refused(expected: list[float]) -> None:
    with pytest.raises(ValueError, match=r"expected|lengths"):
        target_test([1], expected)


def test_no_event_is_below_the_target_only_where_that_is_remarkable() -> None:
    """P(X = 0 | E) = exp(-E): .025 at 3.69, .001 at 6.91. The bare quantile calls 0 of 0.1 expected "below control"."""
    expected = [0.1, 3.68, 3.70, 6.90, 6.92]
    words = ["within", "within", "below_warning", "below_warning", "below_control"]
    assert target_test([0] * 5, expected).tolist() == words
    assert np.all(chi2.ppf(0.001, 2 * np.array(expected)) > 0)
