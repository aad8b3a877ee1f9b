"""Trends over the last five points (methods 2.12), with statsmodels as the oracle of both tests."""

from collections.abc import Sequence

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import Table

from services.ratings.methods.levels import CONTROL
from services.ratings.methods.trend import THRESHOLD, trend_of_proportions, trend_of_values

YEARS = [2014, 2015, 2016, 2017, 2018]
COUNTS = [994, 1023, 1199, 1332, 1367]
CASES = [40299, 41527, 42811, 44064, 44701]
RISING = ([24.67, 24.6, 28, 30.2, 30.6], [23.16, 23.15, 26.44, 28.63, 28.98], [26.25, 26.19, 29.64, 31.9, 32.25])
NONE = (
    [20.5506, 19.5952, 19.0349, 21.3966, 18.4372],
    [18.1803, 17.3444, 16.8421, 19.0918, 16.2925],
    [23.1427, 22.0602, 21.4394, 23.8975, 20.7941],
)
ROWS = st.lists(st.tuples(st.integers(0, 50), st.integers(51, 90)), min_size=5, max_size=5)


def column(numbers: Sequence[float]) -> np.ndarray:
    return np.array(numbers, dtype=float)[:, None]


def test_the_threshold_is_that_of_998_in_a_thousand() -> None:
    """Methods 2.12: 9.549535706083237 (99.8%, 1 df)."""
    assert pytest.approx(9.549535706083237, rel=1e-14) == THRESHOLD
    assert CONTROL == 0.998


def test_general_and_proportion_on_the_same_series() -> None:
    """Methods 2.12, 2014-2018: general 46.765316, proportion 47.896677, rising."""
    general = trend_of_values(YEARS, *(column(each) for each in RISING))
    proportion = trend_of_proportions(YEARS, column(COUNTS), column(CASES))
    assert general.statistic.values.tolist() == pytest.approx([46.765316], abs=5.1e-7)
    assert proportion.statistic.values.tolist() == pytest.approx([47.896677], abs=5.1e-7)
    assert (general.direction.tolist(), proportion.direction.tolist()) == (["rising"], ["rising"])


def test_no_clear_trend() -> None:
    """Methods 2.12: .464243, none."""
    found = trend_of_values(YEARS, *(column(each) for each in NONE))
    assert found.statistic.values.tolist() == pytest.approx([0.464243], abs=5.1e-7)
    assert found.direction.tolist() == ["no_clear_trend"]


def test_many_series_at_once_and_a_mirror_that_falls() -> None:
    value, lower, upper = (np.column_stack([rising, none]) for rising, none in zip(RISING, NONE, strict=True))
    both = trend_of_values(YEARS, value, lower, upper)
    mirrored = trend_of_values(YEARS, -value, -upper, -lower)
    assert both.direction.tolist() == ["rising", "no_clear_trend"]
    assert mirrored.direction.tolist() == ["falling", "no_clear_trend"]
    assert mirrored.statistic.values.tolist() == both.statistic.values.tolist()
    assert mirrored.slope.values.tolist() == (-both.slope.values).tolist()


def test_only_the_last_five_points_count() -> None:
    more = trend_of_values([2012, 2013, *YEARS], *(np.concatenate([[[9], [1]], column(each) * 1.0]) for each in RISING))
    assert more.statistic.values.tolist() == trend_of_values(YEARS, *map(column, RISING)).statistic.values.tolist()


def test_weighted_regression_is_that_of_statsmodels() -> None:
    value, lower, upper = (np.array(each, dtype=float) for each in RISING)
    weights = (3.92 / (upper - lower)) ** 2
    oracle = sm.WLS(value, sm.add_constant(np.array(YEARS, dtype=float)), weights=weights).fit()
    found = trend_of_values(YEARS, *(column(each) for each in RISING))
    assert found.slope.values.tolist() == pytest.approx([oracle.params[1]], rel=1e-9)
    known_variances = oracle.cov_params()[1, 1] / oracle.scale  # the limits say how sure each point is
    assert found.statistic.values.tolist() == pytest.approx([oracle.params[1] ** 2 / known_variances], rel=1e-9)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(50, 90)), min_size=5, max_size=5).filter(
        lambda r: any(o for o, _ in r)
    )
)
def test_cochran_armitage_is_that_of_statsmodels(rows: list[tuple[int, int]]) -> None:
    table = np.array([[cases - events, events] for events, cases in rows])
    oracle = Table(table, shift_zeros=False).test_ordinal_association(
        row_scores=np.arange(5.0), col_scores=np.array([0.0, 1.0])
    )
    found = trend_of_proportions(range(5), column([o for o, _ in rows]), column([n for _, n in rows]))
    # statsmodels takes the permutation variance with N - 1; Cochran and Armitage the binomial one with N
    whole = table.sum()
    assert found.statistic.values[0] == pytest.approx(oracle.zscore**2 * whole / (whole - 1), rel=1e-9, abs=1e-9)


def test_one_point_that_makes_the_trend_is_no_trend() -> None:
    found = trend_of_proportions(YEARS, column([100, 100, 100, 100, 180]), column([1000] * 5))
    assert found.statistic.values[0] > THRESHOLD
    assert found.direction.tolist() == ["no_clear_trend"]  # without the last year nothing moves at all
    one_outlier = trend_of_proportions(YEARS, column([110, 105, 100, 95, 180]), column([1000] * 5))
    assert one_outlier.statistic.values[0] > THRESHOLD
    assert one_outlier.direction.tolist() == ["no_clear_trend"]  # without it the others fall


def test_four_points_are_too_few() -> None:
    found = trend_of_proportions(YEARS[:4], column(COUNTS[:4]), column(CASES[:4]))
    assert (found.direction.tolist(), found.status.tolist(), found.reason.tolist()) == (
        [""],
        ["not_rated"],
        ["too_few_points"],
    )
    assert not found.statistic.present.any()


def test_limits_without_width_and_periods_without_cases_are_not_rated() -> None:
    """Methods 2, table: zero width. The series beside it keeps its answer."""
    value, lower, upper = (np.column_stack([each, each]).astype(float) for each in RISING)
    upper[2, 0] = lower[2, 0]
    found = trend_of_values(YEARS, value, lower, upper)
    assert (found.reason.tolist(), found.direction.tolist()) == (["zero_width", ""], ["", "rising"])
    empty = trend_of_proportions(YEARS, column([1, 0, 2, 3, 4]), column([9, 0, 9, 9, 9]))
    assert (empty.status.tolist(), empty.reason.tolist()) == (["not_rated"], ["too_few_points"])


@pytest.mark.parametrize(("events", "cases"), [(0, 10), (10, 10), (3, 10)])
def test_points_that_are_all_equal_have_no_trend(events: int, cases: int) -> None:
    found = trend_of_proportions(YEARS, column([events] * 5), column([cases] * 5))
    assert (found.statistic.values.tolist(), found.slope.values.tolist()) == ([0.0], [0.0])
    assert found.direction.tolist() == ["no_clear_trend"]
    level = trend_of_values(YEARS, column([0.1] * 5), column([0.05] * 5), column([0.17] * 5))
    assert (level.statistic.values.tolist(), level.direction.tolist()) == ([0.0], ["no_clear_trend"])


@pytest.mark.parametrize(
    ("time", "observed", "cases"),
    [([1, 1, 2, 3, 4], [1] * 5, [9] * 5), (YEARS, [10] * 5, [9] * 5), (YEARS, [-1] * 5, [9] * 5)],
)
def test_what_is_no_series_is_refused(time: list[int], observed: list[float], cases: list[float]) -> None:
    with pytest.raises(ValueError, match=r"time|observed"):
        trend_of_proportions(time, column(observed), column(cases))


def test_limits_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValueError, match="below"):
        trend_of_values(YEARS, column([1] * 5), column([2] * 5), column([1] * 5))


def test_limits_all_but_without_width_are_not_rated_either() -> None:
    value, lower, upper = column([1, 2, 3, 4, 5]), column([0.0] * 5), column([1e-200] * 5)
    found = trend_of_values(YEARS, value, lower, upper)
    assert (found.reason.tolist(), found.statistic.present.tolist()) == (["zero_width"], [False])
    with pytest.raises(ValueError, match="value"):
        trend_of_values(YEARS, column([1e200] * 5), lower, column([1.0] * 5))


@pytest.mark.parametrize(("statistic", "direction"), [(9.55, "rising"), (9.549, "no_clear_trend")])
def test_a_trend_begins_at_its_threshold(statistic: float, direction: str) -> None:
    """Methods 2.12: the statistic must be above 9.549535706083237; a line of slope b with se 1/sqrt 10 has 10 b^2."""
    value = np.arange(5.0)[:, None] * np.sqrt(statistic / 10)
    found = trend_of_values(range(5), value, value - 1.96, value + 1.96)
    assert found.statistic.values[0] == pytest.approx(statistic, rel=1e-12)
    assert found.direction.tolist() == [direction]
