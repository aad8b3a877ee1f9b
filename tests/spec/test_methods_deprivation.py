"""Deprivation as a stratum and as an inequality (methods 2.14), with statsmodels as the oracle of the slope."""

from collections.abc import Sequence

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.methods.deprivation import adjusted_for_deprivation, inequality
from services.ratings.methods.funnel import interval_test, target_test
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.levels import CONTROL, WARNING, z_of

EXACT = IntervalRule.EXACT
SIZES, VALUES, ERRORS = [1000, 2000, 3000, 2000, 2000], [20, 18, 15, 14, 12], [1, 0.8, 0.6, 0.7, 0.7]


def column(numbers: Sequence[float]) -> np.ndarray:
    return np.array(numbers, dtype=float)[:, None]


def test_equal_groups() -> None:
    """Methods 2.14: equal groups, 20 18 16 14 12: SII -10, intercept 21, RII .5238095."""
    found = inequality(column([7] * 5), column([20, 18, 16, 14, 12]), column([0] * 5), seed=1)
    assert found.slope_index.tolist() == pytest.approx([-10], abs=1e-12)
    assert found.intercept.tolist() == pytest.approx([21], abs=1e-12)
    assert found.relative_index.values.tolist() == pytest.approx([0.5238095], abs=5.1e-8)
    assert found.relative_limits.upper_95.values.tolist() == pytest.approx([11 / 21])  # no error, no width


def test_unequal_groups() -> None:
    """Methods 2.14: SII -8.6708861, intercept 19.6354430, RII .5584064; se(SII) 1.1553017."""
    found = inequality(column(SIZES), column(VALUES), column(ERRORS), seed=1)
    assert found.slope_index.tolist() == pytest.approx([-8.6708861], abs=5.1e-8)
    assert found.intercept.tolist() == pytest.approx([19.6354430], abs=5.1e-8)
    assert found.relative_index.values.tolist() == pytest.approx([0.5584064], abs=5.1e-8)
    assert found.slope_standard_error.tolist() == pytest.approx([1.1553017], abs=5.1e-8)
    width = found.slope_limits.upper_95.values - found.slope_limits.lower_95.values
    assert width.tolist() == pytest.approx([2 * z_of(WARNING) * 1.1553017], rel=1e-7)
    wider = found.slope_limits.upper_99_8.values - found.slope_index
    assert wider.tolist() == pytest.approx([z_of(CONTROL) * 1.1553017], rel=1e-7)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 900), st.floats(0, 50)), min_size=5, max_size=30))
def test_the_slope_is_that_of_statsmodels(rows: list[tuple[int, float]]) -> None:
    size, value = (np.array([row[i] for row in rows], dtype=float) for i in range(2))
    share = size / size.sum()
    oracle = sm.WLS(value, sm.add_constant(np.cumsum(share) - share / 2), weights=share).fit()
    found = inequality(size[:, None], value[:, None], np.zeros((len(rows), 1)), seed=1)
    assert [found.intercept[0], found.slope_index[0]] == pytest.approx(oracle.params.tolist(), abs=1e-8)


def test_relative_limits_are_those_of_direct_draws() -> None:
    """10,000 seeded draws of the groups' values, each refitted by least squares."""
    found = inequality(column(SIZES), column(VALUES), column(ERRORS), seed=3)
    share = np.array(SIZES) / sum(SIZES)
    x = sm.add_constant(np.cumsum(share) - share / 2)
    drawn = np.array(VALUES) + np.random.default_rng(3).standard_normal((10_000, 5)) * ERRORS
    fits = np.linalg.lstsq(x * np.sqrt(share)[:, None], (drawn * np.sqrt(share)).T, rcond=None)[0]
    ratio = fits.sum(axis=0) / fits[0]
    limits = [found.relative_limits.lower_95, found.relative_limits.upper_95]
    assert [end.values[0] for end in limits] == pytest.approx(np.quantile(ratio, [0.025, 0.975]).tolist(), rel=1e-9)
    assert found.draws == 10_000


def test_many_areas_at_once_are_what_each_is_alone() -> None:
    sizes, values, errors = (np.column_stack([one, one[::-1]]) for one in (SIZES, VALUES, ERRORS))
    both = inequality(sizes, values, errors, seed=2)
    for area in range(2):
        alone = inequality(sizes[:, [area]], values[:, [area]], errors[:, [area]], seed=2)
        assert alone.slope_index[0] == both.slope_index[area]
        lower = alone.relative_limits.lower_99_8.values[0], both.relative_limits.lower_99_8.values[area]
        assert lower[0] == pytest.approx(lower[1], rel=1e-12)


def test_groups_that_are_all_equal_show_no_inequality() -> None:
    found = inequality(column(SIZES), column([0.1] * 5), column([0.01] * 5), seed=1)
    assert (found.slope_index.tolist(), found.relative_index.values.tolist()) == ([0.0], [1.0])


def test_an_index_relative_to_nothing_is_absent() -> None:
    none = inequality(column(SIZES), column([0] * 5), column([0] * 5), seed=1)
    assert (none.slope_index.tolist(), none.relative_index.present.tolist()) == ([0.0], [False])
    unsure = inequality(column(SIZES), column(VALUES), column([9] * 5), seed=1)
    assert unsure.relative_index.present.tolist() == [True]
    assert unsure.relative_limits.upper_95.present.tolist() == [False]  # some draws start below 0
    assert np.isfinite(unsure.relative_limits.upper_95.values).all()


@pytest.mark.parametrize(
    ("size", "se"),
    [([5, 5, 0, 5, 5], [1] * 5), ([5] * 5, [1, 1, -1, 1, 1]), ([5] * 4, [1] * 4), ([5] * 101, [1] * 101)],
)
def test_groups_that_cannot_be_are_refused(size: list[float], se: list[float]) -> None:
    """Methods 2, table: a group with size 0 is an error; 2.14: 5 to 100 groups."""
    with pytest.raises(ValueError, match="5 to 100 groups"):
        inequality(column(size), column([1.0] * len(size)), column(se), seed=1)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(*[st.integers(0, 60)] * 10), min_size=1, max_size=12),
    st.lists(st.tuples(*[st.integers(1, 9)] * 5), min_size=2, max_size=2),
)
def test_rates_that_differ_only_by_deprivation_give_a_ratio_of_1(
    mixes: list[tuple[int, ...]], rates: list[tuple[int, ...]]
) -> None:
    """Methods 2.14, invariant: every adjusted ratio is 1 and every position `within`."""
    cases = np.array(mixes).reshape(len(mixes), 2, 5) * 10
    observed = cases * np.array(rates) // 10
    provider, stratum, fifth = (code.ravel() for code in np.indices(cases.shape))
    found = adjusted_for_deprivation(provider, stratum, fifth + 1, observed.ravel(), cases.ravel(), rule=EXACT)
    rated = found.adjusted.rated
    assert found.adjusted.ratio.values[rated].tolist() == pytest.approx([1.0] * int(rated.sum()), abs=1e-12)
    assert found.adjusted.reason[~rated].tolist() == ["no_cases"] * int((~rated).sum())
    own, expected = observed.sum(axis=(1, 2))[rated], found.adjusted.expected[rated]
    for positions in (interval_test(own, expected, EXACT), target_test(own, expected)):
        assert positions.tolist() == ["within"] * len(own)


def test_both_ratios_and_the_shift() -> None:
    """Two practices, one stratum, one of two fifths each; twice the events in the most deprived one."""
    found = adjusted_for_deprivation([0, 1], [0, 0], [1, 5], [20, 10], [100, 100], rule=EXACT)
    assert found.unadjusted.ratio.values.tolist() == pytest.approx([20 / 15, 10 / 15])
    assert found.adjusted.ratio.values.tolist() == [1.0, 1.0]
    assert found.deprivation_shift.values.tolist() == pytest.approx([15 / 20, 15 / 10])


def test_nothing_observed_anywhere_has_no_ratio_and_no_shift() -> None:
    found = adjusted_for_deprivation([0, 1, 2], [0, 0, 0], [1, 5, 5], [0, 4, 0], [50, 50, 0], rule=EXACT)
    assert found.unadjusted.ratio.values.tolist() == [0.0, 2.0, 0.0]
    assert found.adjusted.reason.tolist() == ["no_expected", "", "no_cases"]
    assert found.deprivation_shift.present.tolist() == [False, True, False]


@pytest.mark.parametrize(("fifth", "observed"), [(0, 1), (6, 1), (3, 11)])
def test_rows_that_cannot_be_are_refused(fifth: int, observed: int) -> None:
    with pytest.raises(ValueError, match="fifths"):
        adjusted_for_deprivation([0], [0], [fifth], [observed], [10], rule=EXACT)


def test_one_group_that_holds_all_but_everybody_is_refused() -> None:
    with pytest.raises(ValueError, match="everybody"):
        inequality(column([1e140, 1e-280, 1e-280, 1e-280, 1e-280]), column(VALUES), column(ERRORS), seed=1)
