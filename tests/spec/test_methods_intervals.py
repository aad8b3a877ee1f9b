"""Limits of counts and proportions, against the numbers of the methods page, section 2.1, and other libraries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2, gamma, norm
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson
from statsmodels.stats.weightstats import DescrStatsW

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.intervals import (
    IntervalRule,
    LowerWhenNegative,
    byar_interval,
    byar_lower,
    count_interval,
    exact_binomial_interval,
    exact_interval,
    mean_interval,
    wilson_interval,
)
from services.ratings.methods.levels import z_of

COUNTS = st.integers(0, 10**6)
LEVELS = st.sampled_from([0.95, 0.998])
PARTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_z_at_full_precision() -> None:
    """Methods 1: the quantiles of both levels, to the last digit."""
    assert (z_of(0.95), z_of(0.998)) == (1.959963984540054, 3.090232306167813)


@pytest.mark.parametrize(
    ("count", "level", "lower", "upper"),
    [
        (65, 0.95, 50.163187710459454, 82.849138545939837),
        (1045, 0.95, 982.59320180733255, 1110.3312129856499),
        (10, 0.998, 2.916318374695686, 24.193724927880535),
    ],
)
def test_byar(count: int, level: float, lower: float, upper: float) -> None:
    """Methods 2.1 (Breslow and Day 1987)."""
    interval = byar_interval([count], level)
    assert interval.lower.values[0] == pytest.approx(lower, rel=1e-14)
    assert interval.upper[0] == pytest.approx(upper, rel=1e-14)
    assert interval.method.tolist() == ["byar"]


def test_byar_lower_limit_below_zero_is_absent_or_zero_as_the_indicator_says() -> None:
    """Methods 2.1: Byar 1 at 99.8%: raw -0.0028144815, upper 9.362180217908362."""
    absent = byar_interval([1], 0.998)
    zero = byar_interval([1], 0.998, LowerWhenNegative.ZERO)
    assert byar_lower(np.array([1.0]), 0.998)[0] == pytest.approx(-0.0028144815, abs=5.1e-11)
    assert absent.upper[0] == pytest.approx(9.362180217908362, rel=1e-14)
    assert absent.lower.present.tolist() == [False]
    assert absent.lower.as_series("lower_99_8").to_list() == [None]
    assert (zero.lower.present.tolist(), zero.lower.values.tolist()) == ([True], [0.0])


@pytest.mark.parametrize(
    ("count", "level", "lower", "upper"),
    [
        (0, 0.95, 0.0, 3.6888794541139354),
        (0, 0.998, 0.0, 6.907755278982137),
        (1, 0.95, 0.025317807984290, 5.571643390938898),
        (1, 0.998, 0.001000500333584, 9.233413476451585),
        (5, 0.95, 1.623486390118421, 11.66833207932267),
    ],
)
def test_exact_poisson(count: int, level: float, lower: float, upper: float) -> None:
    """Methods 2.1 (Garwood 1936)."""
    interval = exact_interval([count], level)
    assert interval.lower.values[0] == pytest.approx(lower, abs=5.1e-16)
    assert interval.upper[0] == pytest.approx(upper, rel=1e-14)


@pytest.mark.parametrize(
    ("count", "cases", "level", "limits"),
    [
        (65, 100, 0.95, (0.55254443296887967, 0.73635751756902468)),
        (1045, 5000, 0.95, (0.19795549880013297, 0.22049130373189027)),
        (1, 100, 0.998, (0.00087306569730, 0.10455445283706)),
        (0, 10, 0.95, (0.0, 0.2775327998628892)),
        (10, 10, 0.95, (0.7224672001371107, 1.0)),
    ],
)
def test_wilson(count: int, cases: int, level: float, limits: tuple[float, float]) -> None:
    """Methods 2.1 (Wilson 1927)."""
    interval = wilson_interval([count], [cases], level)
    stated = 6e-15 if cases == 100 and count == 1 else 1e-15  # the page gives this one row to 14 decimals
    assert (interval.lower.values[0], interval.upper[0]) == pytest.approx(limits, abs=stated)


def test_the_public_health_rule_changes_formula_at_ten() -> None:
    interval = count_interval([0, 9, 10, 11], 0.95, IntervalRule.EXACT_BELOW_10_THEN_BYAR)
    exact, byar = exact_interval([0, 9, 10, 11], 0.95), byar_interval([0, 9, 10, 11], 0.95)
    assert interval.method.tolist() == ["exact", "exact", "byar", "byar"]
    assert interval.upper.tolist() == [*exact.upper[:2], *byar.upper[2:]]
    assert interval.lower.values.tolist() == [*exact.lower.values[:2], *byar.lower.values[2:]]


@given(st.lists(COUNTS, min_size=1, max_size=30), LEVELS)
def test_exact_limits_are_the_chi_squared_quantiles(counts: list[int], level: float) -> None:
    interval, x, tail = exact_interval(counts, level), np.array(counts), (1 - level) / 2
    lower = np.where(x > 0, chi2.ppf(tail, 2 * np.maximum(x, 1)) / 2, 0)
    np.testing.assert_allclose(interval.lower.values, lower, rtol=1e-10)
    np.testing.assert_allclose(interval.upper, chi2.isf(tail, 2 * x + 2) / 2, rtol=1e-10)


@given(st.lists(COUNTS, min_size=1, max_size=30), LEVELS, st.sampled_from(IntervalRule))
def test_limits_hold_the_count_and_no_nan_leaves(counts: list[int], level: float, rule: IntervalRule) -> None:
    interval, x = count_interval(counts, level, rule), np.array(counts)
    assert np.isfinite(interval.lower.values).all()
    assert np.isfinite(interval.upper).all()
    assert (interval.lower.values <= x).all()
    assert (interval.upper > x).all()


@pytest.mark.parametrize("counts", [[-1], [1.5], [float("nan")], [float("inf")], [[1, 2]], [True], ["1"]])
def test_what_is_not_a_count_is_refused(counts: list[object]) -> None:
    with pytest.raises(ValueError, match="observed"):
        exact_interval(counts, 0.95)  # type: ignore[arg-type] # the point is to hand over what the type forbids


@pytest.mark.parametrize(("count", "cases"), [(-1, 10), (1, 0), (11, 10)])
def test_wilson_refuses_what_is_not_a_proportion(count: int, cases: int) -> None:
    with pytest.raises(ValueError, match=r"cases|observed"):
        wilson_interval([count], [cases], 0.95)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_confidence_outside_0_to_1_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        exact_interval([1], level)


@pytest.mark.parametrize("level", [1 - 1e-13, 1 - 1e-11, float(np.nextafter(1.0, 0.0))])
def test_a_confidence_that_leaves_no_tail_is_refused_and_no_limit_is_infinite(level: float) -> None:
    for rule in IntervalRule:
        with pytest.raises(ValueError, match="tail too small"):
            count_interval([0, 5], level, rule)
        assert np.isfinite(count_interval([0, 5], 1 - 1e-8, rule).upper).all()


def test_a_count_that_floats_cannot_tell_from_its_neighbour_is_refused() -> None:
    assert exact_interval([2**53 - 1], 0.95).upper[0] > 2**53
    for count in (2**53, 2**53 + 1, 2**62):
        with pytest.raises(ValueError, match="whole numbers"):
            exact_interval([count], 0.95)


def test_a_masked_count_is_refused_and_not_read_from_behind_the_mask() -> None:
    with pytest.raises(ValueError, match="masked"):
        exact_interval(np.ma.masked_equal([3, 7, 4], 7), 0.95)
    assert (
        exact_interval(np.ma.masked_equal([3, 7, 4], 8), 0.95).upper.tolist()
        == exact_interval([3, 7, 4], 0.95).upper.tolist()
    )


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="jeffreys"):
        count_interval([1], 0.95, "jeffreys")  # type: ignore[arg-type] # an indicator file may hold any word


@pytest.mark.parametrize("level", [0.95, 0.998])
def test_mean_by_student(level: float) -> None:
    """Methods 2.1: m -/+ t s / sqrt n. With two cases t is the Cauchy quantile, tan(pi (confidence) / 2)."""
    found = mean_interval([10.0], [3.0], [2], level)
    half = np.tan(np.pi * level / 2) * 3 / np.sqrt(2)
    assert found.upper[0] == pytest.approx(10 + half, rel=1e-12)
    assert found.lower.values[0] == pytest.approx(10 - half, rel=1e-12)
    assert mean_interval([10.0], [0.0], [2], level).upper.tolist() == [10.0]


@pytest.mark.parametrize(("deviation", "cases"), [(1.0, 1), (1.0, 0), (-1.0, 5)])
def test_a_mean_of_fewer_than_two_has_no_interval(deviation: float, cases: int) -> None:
    with pytest.raises(ValueError, match="mean"):
        mean_interval([1.0], [deviation], [cases], 0.95)


@pytest.mark.parametrize(("count", "lower", "upper"), [(0, 0.0, 1 - 0.025**0.1), (10, 0.025**0.1, 1.0)])
def test_exact_binomial_at_the_ends(count: int, lower: float, upper: float) -> None:
    """Methods 2.1 (Clopper and Pearson 1934): 0 at none, 1 at all; the other end solves p^10 = .025."""
    found = exact_binomial_interval([count], [10], 0.95)
    assert found.lower.values[0] == pytest.approx(lower, abs=1e-14)
    assert found.upper[0] == pytest.approx(upper, abs=1e-14)


@given(PARTS, LEVELS)
def test_exact_binomial_limits_are_those_at_which_a_tail_is_reached(part: tuple[int, int], level: float) -> None:
    (x, n), tail = part, round((1 - level) / 2, 12)
    found = exact_binomial_interval([x], [n], level)
    if x > 0:
        assert binom.sf(x - 1, n, found.lower.values[0]) == pytest.approx(tail, rel=1e-7)
    if x < n:
        assert binom.cdf(x, n, found.upper[0]) == pytest.approx(tail, rel=1e-7)
    assert found.lower.values[0] <= x / n <= found.upper[0]


@pytest.mark.parametrize("level", [0.95, 0.998])
def test_a_grid_of_counts_against_other_libraries(level: float) -> None:
    """Garwood and Byar against scipy and statsmodels over every count from 0 to 2,000."""
    x, alpha = np.arange(2001), round(1 - level, 12)
    exact, byar = exact_interval(x, level), byar_interval(x, level, LowerWhenNegative.ZERO)
    low, high = confint_poisson(x[1:], 1.0, method="exact-c", alpha=alpha)
    np.testing.assert_allclose(exact.lower.values[1:], low, rtol=1e-11)
    np.testing.assert_allclose(exact.upper[1:], high, rtol=1e-11)
    np.testing.assert_allclose(exact.upper, gamma.isf(alpha / 2, x + 1), rtol=1e-11)
    # Byar is the cube-root approximation (Wilson and Hilferty 1931) of the quantiles that Garwood takes exactly
    np.testing.assert_allclose(byar.upper, cube_root_quantile(1 - alpha / 2, 2 * x + 2) / 2, rtol=1e-12)
    low = np.maximum(cube_root_quantile(alpha / 2, 2 * x[1:]) / 2, 0)
    np.testing.assert_allclose(byar.lower.values[1:], low, rtol=1e-12)


def cube_root_quantile(p: float, freedom: IntArray) -> FloatArray:
    """Chi-squared quantiles by the normal law of their cube roots."""
    return np.asarray(freedom * norm(1 - 2 / (9 * freedom), np.sqrt(2 / (9 * freedom))).ppf(p) ** 3)


@pytest.mark.parametrize("level", [0.95, 0.998])
def test_a_grid_of_proportions_against_another_library(level: float) -> None:
    """Wilson and Clopper-Pearson against statsmodels over every x of n from 1 to 60, and of 1,000 and 100,000."""
    pairs = [(x, n) for n in range(1, 61) for x in range(n + 1)]
    pairs += [(x, n) for n in (1000, 100_000) for x in range(0, n + 1, n // 50)]
    x, n = (np.array(part) for part in zip(*pairs, strict=True))
    for found, method in ((wilson_interval, "wilson"), (exact_binomial_interval, "beta")):
        low, high = proportion_confint(x, n, round(1 - level, 12), method)
        interval = found(x, n, level)
        np.testing.assert_allclose(interval.lower.values, low, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose(interval.upper, high, rtol=1e-9, atol=1e-15)


def test_a_grid_of_means_against_another_library() -> None:
    chance = np.random.Generator(np.random.PCG64(11))
    for n in (2, 3, 5, 30, 500):
        sample = DescrStatsW(chance.normal(3, 2, n))
        for level in (0.95, 0.998):
            found = mean_interval([sample.mean], [np.std(sample.data, ddof=1)], [n], level)
            low, high = sample.tconfint_mean(round(1 - level, 12))
            assert (found.lower.values[0], found.upper[0]) == (
                pytest.approx(low, rel=1e-9),
                pytest.approx(high, rel=1e-9),
            )


@given(st.permutations(range(20)))
def test_the_order_of_rows_changes_no_bit(order: list[int]) -> None:
    x, n, o = np.arange(20) ** 2, np.arange(20) ** 2 + 7, np.array(order)
    pairs = [
        (count_interval(x, 0.998, IntervalRule.EXACT_BELOW_10_THEN_BYAR),
         count_interval(x[o], 0.998, IntervalRule.EXACT_BELOW_10_THEN_BYAR)),
        (exact_binomial_interval(x, n, 0.95), exact_binomial_interval(x[o], n[o], 0.95)),
        (wilson_interval(x, n, 0.95), wilson_interval(x[o], n[o], 0.95)),
    ]  # fmt: skip
    for one, two in pairs:
        assert one.lower.values[o].tolist() == two.lower.values.tolist()
        assert one.upper[o].tolist() == two.upper.tolist()
