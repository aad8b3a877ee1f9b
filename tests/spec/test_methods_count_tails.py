"""Limits from the tails of counts: against tails summed by hand, and their false alarms and finds in worlds whose truth
is known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, norm, poisson

from services.ratings.methods.count_tails import count_tail_curve, count_tail_limits, count_tail_test

TAILS = {"above_control": 0.001, "below_control": 0.001, "above_warning": 0.025, "below_warning": 0.025}


def mass(count: int, expected: float, variance: float) -> float:
    """P(X = count) from the definitions, by logarithms of the gamma function."""
    if not variance:
        return math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
    size = 1 / variance
    share = size / (size + expected)
    return math.exp(
        math.lgamma(count + size) - math.lgamma(size) - math.lgamma(count + 1)
        + size * math.log(share) + count * math.log(1 - share)
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(observed=st.integers(0, 60), expected=st.floats(0.05, 40), variance=st.sampled_from([0.0, 0.005, 0.05, 0.5]))
def test_a_position_is_its_tail(observed: int, expected: float, variance: float) -> None:
    up_to = sum(mass(count, expected, variance) for count in range(observed + 1))
    from_here = 1 - up_to + mass(observed, expected, variance)
    if min(abs(tail - limit) for tail in (up_to, from_here) for limit in (0.001, 0.025)) < 1e-9:
        return  # too near a limit for two ways of adding to agree on its side
    position = str(count_tail_test([observed], [expected], variance)[0])
    wanted = "within"
    for name, tail in (("above", from_here), ("below", up_to)):
        if tail <= TAILS[f"{name}_warning"]:
            wanted = f"{name}_control" if tail <= TAILS[f"{name}_control"] else f"{name}_warning"
    assert position == wanted


def test_no_event_is_remarkable_only_where_some_were_to_be_expected() -> None:
    """P(X = 0 | E) = exp(-E): .025 at 3.69, .001 at 6.91."""
    expected = [0.5, 3.68, 3.70, 6.90, 6.92]
    positions = count_tail_test([0] * 5, expected).tolist()
    assert positions == ["within", "within", "below_warning", "below_warning", "below_control"]


def test_variance_widens_and_never_moves_anybody_outwards() -> None:
    expected = np.geomspace(0.5, 200, 60)
    narrow, wide = count_tail_limits(expected), count_tail_limits(expected, 0.05)
    assert (wide.upper_99_8.values >= narrow.upper_99_8.values).all()
    assert (wide.lower_99_8.values <= narrow.lower_99_8.values).all()


def test_the_curve_is_smooth_and_goes_with_the_limits() -> None:
    expected = np.geomspace(1, 300, 400)
    for variance in (0.0, 0.02):
        limits, curve = count_tail_limits(expected, variance), count_tail_curve(expected, variance)
        assert (np.abs(limits.upper_99_8.values - curve.upper_99_8.values) * expected <= 1 + 1e-9).all()
        assert (np.abs(limits.lower_99_8.values - curve.lower_99_8.values) * expected <= 1 + 1e-9).all()
        assert np.diff(curve.upper_99_8.values).max() < 0.01


@pytest.mark.parametrize("variance", [0.0, 0.02])
def test_false_alarms_are_no_more_than_promised(variance: float) -> None:
    """200,000 providers as expected, from 0.5 to 60 expected events: each side within its tail, and not asleep."""
    chance = np.random.Generator(np.random.PCG64(7))
    expected = chance.uniform(0.5, 60, 200_000)
    truth = chance.gamma(1 / variance, variance, expected.size) if variance else np.ones(expected.size)
    positions = count_tail_test(chance.poisson(truth * expected), expected, variance)
    for side in ("above", "below"):
        control = float(np.mean(positions == f"{side}_control"))
        beyond = control + float(np.mean(positions == f"{side}_warning"))
        error = 4 * math.sqrt(0.025 / expected.size)
        assert 0.0003 < control <= 0.001 + 4 * math.sqrt(0.001 / expected.size)
        assert 0.01 < beyond <= 0.025 + error


def test_a_trebled_rate_at_seventeen_expected_is_seen() -> None:
    assert count_tail_test([49], [16.55]).tolist() == ["above_control"]


@pytest.mark.parametrize("variance", [-0.01, math.inf, math.nan])
def test_no_variance_below_nothing(variance: float) -> None:
    with pytest.raises(ValueError, match="between_provider_variance"):
        count_tail_limits([1.0], variance)


def test_a_small_variance_counts_where_there_are_many_events() -> None:
    """10^9 events and variance 9e-11: E + tau2 E^2 is 9% above E. The normal law is right to three digits here."""
    expected, variance = 1e9, 9e-11
    limits = count_tail_limits([expected], variance)
    assert limits.method == "count_tails_gamma_poisson"
    deviation = math.sqrt(expected + variance * expected**2)
    first_outside = round(limits.upper_99_8.values[0] * expected) + 1
    assert norm.sf((first_outside - 0.5 - expected) / deviation) == pytest.approx(0.001, rel=1e-3)


@pytest.mark.parametrize("variance", [1e-9, 1e-11, 1e-16, 1e-300])
def test_next_to_no_variance_is_none(variance: float) -> None:
    expected = np.geomspace(0.5, 5000, 80)
    plain, found = count_tail_limits(expected), count_tail_limits(expected, variance)
    assert found.upper_99_8.values.tolist() == plain.upper_99_8.values.tolist()
    assert found.lower_95.values.tolist() == plain.lower_95.values.tolist()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 3e4), min_size=1, max_size=20), st.sampled_from([0.0, 0.002, 0.02, 0.3, 3.0]))
def test_the_outermost_counts_inside_are_quantiles_by_another_library(expected: list[float], variance: float) -> None:
    means = np.array(expected)
    law = nbinom(1 / variance, 1 / (1 + variance * means)) if variance else poisson(means)
    found = count_tail_limits(means, variance)
    for lower, upper, tail in (
        (found.lower_95, found.upper_95, 0.025),
        (found.lower_99_8, found.upper_99_8, 0.001),
    ):
        low, high = np.rint(lower.values * means), np.rint(upper.values * means)
        assert (law.cdf(low) > tail).all()
        assert (law.cdf(low - 1) <= tail + 1e-12).all()
        assert (law.sf(high - 1) > tail - 1e-12).all()
        assert (law.sf(high) <= tail + 1e-12).all()
