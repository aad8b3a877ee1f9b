"""Two definitions of one verdict must agree: limits turned around, tails, and the laws of special cases."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.count_tails import count_tail_limits, count_tail_test
from services.ratings.methods.funnel import interval_test
from services.ratings.methods.funnel_proportions import binomial_tail_test
from services.ratings.methods.intervals import IntervalRule, exact_binomial_interval
from services.ratings.methods.multiplicity import two_sided_p
from services.ratings.methods.own_cases import own_case_test
from services.ratings.methods.power import poisson_power

ROWS = st.lists(st.tuples(st.integers(0, 300), st.floats(0.05, 300)), min_size=1, max_size=20)
PARTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
RISK = st.floats(0.001, 0.999)


def clear(*tails: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Rows whose tails are so far from .025 and .001 that rounding cannot decide."""
    near = [np.abs(tail - limit) < 1e-9 for tail in tails for limit in (0.025, 0.001)]
    return np.asarray(~np.any(near, axis=0))


@settings(deadline=None)
@given(ROWS)
def test_the_exact_interval_test_is_the_test_of_the_counts_own_tails(rows: list[tuple[int, float]]) -> None:
    """1 lies under Garwood's lower limit of O/E exactly where P(X >= O | E) is under the tail (methods 2.1 and 2.3)."""
    observed, expected = np.array([o for o, _ in rows]), np.array([e for _, e in rows])
    settled = clear(np.asarray(poisson.sf(observed - 1, expected)), np.asarray(poisson.cdf(observed, expected)))
    by_interval = interval_test(observed, expected, IntervalRule.EXACT)
    assert by_interval[settled].tolist() == count_tail_test(observed, expected)[settled].tolist()


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=20), RISK)
def test_the_target_lies_outside_the_exact_binomial_limits_where_a_tail_is_reached(
    parts: list[tuple[int, int]], target: float
) -> None:
    x, n = np.array([x for x, _ in parts]), np.array([n for _, n in parts])
    settled = clear(np.asarray(binom.sf(x - 1, n, target)), np.asarray(binom.cdf(x, n, target)))
    inner, outer = exact_binomial_interval(x, n, 0.95), exact_binomial_interval(x, n, 0.998)
    crossed = [
        outer.lower.above(target),
        outer.upper < target,
        inner.lower.above(target),
        inner.upper < target,
    ]
    words = np.select(crossed, ["above_control", "below_control", "above_warning", "below_warning"], default="within")
    assert words[settled].tolist() == binomial_tail_test(x, n, target)[settled].tolist()


@settings(deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=20), RISK)
def test_own_cases_of_one_risk_are_the_binomial(parts: list[tuple[int, int]], risk: float) -> None:
    """Methods 2.8 against 2.3: where all cases have the same risk the two tests are one."""
    x, n = np.array([x for x, _ in parts]), np.array([n for _, n in parts])
    own = own_case_test(x, np.arange(len(parts)), np.full(len(parts), risk), n)
    upper, lower = np.asarray(binom.sf(x - 1, n, risk)), np.asarray(binom.cdf(x, n, risk))
    # under 1e-280 the powers that a tail is made of are denormal, and have fewer digits
    np.testing.assert_allclose(own.upper_tail, upper, rtol=1e-9, atol=1e-280)
    np.testing.assert_allclose(own.lower_tail, lower, rtol=1e-9, atol=1e-280)
    settled = clear(upper, lower)
    assert own.position[settled].tolist() == binomial_tail_test(x, n, risk)[settled].tolist()


@settings(max_examples=30, deadline=None)
@given(st.floats(1, 40), st.integers(0, 60))
def test_many_cases_of_little_risk_are_nearly_poisson_and_never_wider(expected: float, observed: int) -> None:
    """Methods 2.8: a Poisson with the same expected number is too wide; Le Cam (1960) bounds by how much."""
    cases = 2000
    own = own_case_test([observed], [0], [expected / cases], [cases])
    bound = 2 * cases * (expected / cases) ** 2
    assert abs(own.upper_tail[0] - poisson.sf(observed - 1, expected)) <= bound
    assert own.variance[0] < expected


@settings(deadline=None)
@given(st.lists(st.floats(0.05, 2000), min_size=1, max_size=20))
def test_the_threshold_of_power_is_the_first_count_above_the_warning_limit(expected: list[float]) -> None:
    """Methods 2.9 and the count tails speak of one limit."""
    means, power = np.array(expected), poisson_power(expected)
    last_inside = np.rint(count_tail_limits(means).upper_95.values * means)
    assert (last_inside + 1).tolist() == power.threshold_count.tolist()


def test_a_two_sided_p_value_below_a_twentieth_is_a_position() -> None:
    """Methods 2.3: p-values for the correction and positions come from the same tails."""
    n = np.full(41, 40)
    own = own_case_test(np.arange(41), np.arange(41), np.full(41, 0.3), n)
    p = two_sided_p(own.lower_tail, own.upper_tail)
    assert (p <= 0.05).tolist() == (own.position != "within").tolist()
    assert (p <= 0.002).tolist() == np.char.endswith(own.position, "control").tolist()
