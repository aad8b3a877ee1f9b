"""Risk-adjusted CUSUM, its run lengths and thresholds (methods 2.11, 3.7; Steiner 2000)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from services.ratings.methods.cusum import (
    AfterSignal,
    NoSignal,
    average_run_length,
    cusum,
    cusum_weights,
    risk_adjusted_cusum,
    simulated_run_length,
    threshold_for,
    two_charts,
)
from tests.spec.cardiac_surgery import operations

CASES = st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans(), st.integers(0, 3)), max_size=60)


@pytest.mark.parametrize(
    ("intercept", "odds_ratio", "score", "outcome", "weight"),
    [
        (-3.68, 2, 0, 0, -0.0243),
        (-3.68, 2, 0, 1, 0.6688),
        (-3.68, 2, 50, 0, -0.4333),
        (-3.68, 2, 50, 1, 0.2598),
        (-3.68, 0.5, 0, 0, 0.0124),
        (-3.68, 0.5, 0, 1, -0.6808),
        (-3.68, 0.5, 50, 0, 0.3164),
        (-3.68, 0.5, 50, 1, -0.3768),
        (-3.67, 2, 19, 0, -0.0945),
        (-3.67, 2, 19, 1, 0.5986),
    ],
)
def test_weights(intercept: float, odds_ratio: float, score: int, outcome: int, weight: float) -> None:
    """Methods 2.11, logit p = intercept + .077 s."""
    risk = expit(intercept + 0.077 * score)
    assert cusum_weights([risk], [outcome], odds_ratio).tolist() == pytest.approx([weight], abs=5.1e-5)


def test_plain_weights() -> None:
    """Methods 2.11: +.6 / -.2 on 0 1 0 0 0 0 0 1 0 0."""
    weights = np.where(np.array([0, 1, 0, 0, 0, 0, 0, 1, 0, 0]) == 1, 0.6, -0.2)
    found = cusum(weights, threshold=1.0)
    assert found.value.tolist() == pytest.approx([0, 0.6, 0.4, 0.2, 0, 0, 0, 0.6, 0.4, 0.2], abs=1e-12)
    assert not found.signal.any()


@pytest.mark.parametrize(
    ("after", "values"), [(AfterSignal.ZERO, [1, 2, 1, 2, 1]), (AfterSignal.HALF, [1, 2, 2, 2, 2])]
)
def test_a_signal_at_the_threshold_and_the_reset(after: AfterSignal, values: list[float]) -> None:
    found = cusum([1.0] * 5, threshold=2.0, after_signal=after)
    assert found.value.tolist() == values
    assert found.signal.tolist() == [value >= 2 for value in values]


def test_uk_cardiac_signals() -> None:
    """Methods 3.7: odds ratio 2, h = 4.5, reset to 0, in file order, by surgeon and for the centre."""
    every = operations()
    charts = two_charts(every.risk, every.outcome, 2, 4.5, series=every.surgeon)
    signal = charts.rising.signals()
    assert every.surgeon[signal].tolist() == [1]
    assert charts.rising.case_number[signal].tolist() == [459]
    assert every.date[signal].tolist() == [746]
    assert charts.rising.value[signal].tolist() == pytest.approx([4.6866], abs=5.1e-5)
    assert charts.falling.signals().tolist() == []
    centre = risk_adjusted_cusum(every.risk, every.outcome, 2, 4.5)
    assert centre.signals().tolist() == [3143]
    assert (centre.case_number[3143], every.date[3143]) == (3144, 1319)
    assert centre.value[3143] == pytest.approx(4.6902, abs=5.1e-5)


def test_uk_cardiac_centre_with_falling_odds() -> None:
    """Methods 3.7 says "odds ratio 1/2: none". That holds for every surgeon; the centre as a whole signals once.

    Its first 378 operations had 10 deaths where the model of all four years expects 21.8; a plain loop says the same.
    """
    every = operations()
    found = risk_adjusted_cusum(every.risk, every.outcome, 0.5, 4.5)
    value, signals = 0.0, []
    for number, (p, y) in enumerate(zip(every.risk.tolist(), every.outcome.tolist(), strict=True), start=1):
        value = max(0.0, value + y * math.log(0.5) - math.log(1 - p + 0.5 * p))
        if value >= 4.5:
            signals.append((number, every.date[number - 1], pytest.approx(value)))
            value = 0.0
    rows = found.signals()
    assert list(zip(found.case_number[rows], every.date[rows], found.value[rows], strict=True)) == signals
    assert [(number, day) for number, day, _ in signals] == [(378, 147)]


@pytest.mark.parametrize(
    ("before_day", "threshold", "true_odds_ratio", "published"),
    [
        (730, 1.8592, 1, 370.5),
        (1461, 2.0, 1, 401.4),
        (1461, 3.0, 1, 1376.7),
        (1461, 4.5, 1, 7000),
        (1461, 2.0, 2, 73.7),
        (1461, 3.0, 2, 123.4),
        (1461, 4.5, 2, 201.6),
    ],
)
def test_run_lengths(before_day: int, threshold: float, true_odds_ratio: float, published: float) -> None:
    """Methods 2.11, to .1%; the published target of the first is 370."""
    risk, cases = operations(before_day).mix()
    found = average_run_length(risk, cases, 2, threshold, true_odds_ratio=true_odds_ratio)
    assert found == pytest.approx(published, rel=1e-3)


@pytest.mark.parametrize(("threshold", "true_odds_ratio"), [(2.0, 1), (2.0, 2), (4.5, 2)])
def test_simulation_agrees_within_three_standard_errors(threshold: float, true_odds_ratio: float) -> None:
    """Methods 2.11."""
    risk, cases = operations().mix()
    solved = average_run_length(risk, cases, 2, threshold, true_odds_ratio=true_odds_ratio)
    found = simulated_run_length(risk, cases, 2, threshold, true_odds_ratio=true_odds_ratio, runs=20_000, seed=1)
    assert abs(found.mean - solved) <= 3 * found.standard_error
    assert found.standard_error < 0.01 * solved


def test_simulation_agrees_for_falling_odds() -> None:
    risk, cases = operations().mix()
    solved = average_run_length(risk, cases, 0.5, 2.0)
    found = simulated_run_length(risk, cases, 0.5, 2.0, runs=10_000, seed=2)
    assert abs(found.mean - solved) <= 3 * found.standard_error


def test_a_run_length_by_hand() -> None:
    """R = 3, p = 1/2: an event adds ln 1.5 = .405, none takes ln 2 = .693. At h = .4 the first event signals, and
    the mean wait for it is 2; at h = .8 two in a row are needed (6), and the second after a first begins anew."""
    assert average_run_length([0.5], [10], 3.0, 0.4) == pytest.approx(2, rel=1e-12)
    assert average_run_length([0.5], [10], 3.0, 0.8) == pytest.approx(6, rel=1e-12)
    assert average_run_length([0.5], [10], 3.0, 0.4, true_odds_ratio=3) == pytest.approx(4 / 3, rel=1e-12)


def test_the_threshold_for_a_run_length() -> None:
    """The published target 370 (Steiner 2000), on the first two years: the smallest threshold that reaches it."""
    risk, cases = operations(730).mix()
    found = threshold_for(risk, cases, 2, 370)
    assert found.threshold == pytest.approx(1.8592, abs=2e-3)
    assert found.in_control >= 370 > average_run_length(risk, cases, 2, found.threshold - 1e-4)
    assert found.in_control == average_run_length(risk, cases, 2, found.threshold)
    assert found.out_of_control == average_run_length(risk, cases, 2, found.threshold, true_odds_ratio=2)


def test_the_risk_mix_counts_and_its_order_changes_no_bit() -> None:
    one = average_run_length([0.1, 0.3, 0.1], [5, 4, 15], 2, 1.5)
    assert average_run_length([0.3, 0.1, 0.9], [4, 20, 0], 2, 1.5) == one


@given(CASES, st.sampled_from(AfterSignal), st.sampled_from([2.0, 0.5]))
def test_each_series_is_what_it_is_alone(
    cases: list[tuple[float, bool, int]], after: AfterSignal, odds_ratio: float
) -> None:
    risk, outcome, series = (np.array([case[i] for case in cases]) for i in range(3))
    outcome = outcome.astype(bool)
    chart = risk_adjusted_cusum(risk, outcome, odds_ratio, 0.9, after, series=series.astype(int))
    for code in set(series.tolist()):
        value = 0.0
        for row in np.flatnonzero(series == code):
            value = max(0.0, value + float(cusum_weights(risk[[row]], outcome[[row]], odds_ratio)[0]))
            assert (chart.value[row], chart.signal[row]) == (value, value >= 0.9)
            value = value if value < 0.9 else (0.0 if after is AfterSignal.ZERO else 0.45)


def test_ties_in_time_keep_the_order_in_which_they_were_submitted() -> None:
    found = cusum([1.0, -1.0, 2.0], threshold=9.0, time=[1, 1, 0])
    assert found.value.tolist() == [3.0, 2.0, 2.0]
    assert found.case_number.tolist() == [2, 3, 1]


def test_signals_come_by_series_and_case() -> None:
    found = cusum([1.0, 1.0, 1.0, 1.0], threshold=1.0, series=[1, 0, 1, 0], time=[2, 1, 1, 2])
    assert found.signals().tolist() == [1, 3, 2, 0]


def test_no_case_no_signal() -> None:
    found = risk_adjusted_cusum([], [], 2, 4.5)
    assert (found.value.tolist(), found.signals().tolist()) == ([], [])


@pytest.mark.parametrize(
    ("risk", "outcome", "odds_ratio", "threshold"),
    [([0.0], [0], 2, 1), ([0.5], [2], 2, 1), ([0.5], [1], 1, 1), ([0.5], [1], -2, 1), ([0.5], [1], 2, 0)],
)
def test_what_cannot_be_charted_is_refused(
    risk: list[float], outcome: list[int], odds_ratio: float, threshold: float
) -> None:
    with pytest.raises(ValueError, match=r"risk|outcome|odds_ratio|threshold"):
        risk_adjusted_cusum(risk, outcome, odds_ratio, threshold)


def test_two_charts_look_both_ways_from_a_ratio_above_1() -> None:
    with pytest.raises(ValueError, match="above 1"):
        two_charts([0.5], [1], 0.5, 1)


def test_run_lengths_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one case"):
        average_run_length([0.5], [0], 2, 1)
    with pytest.raises(ValueError, match="run_length"):
        threshold_for([0.5], [1], 2, 1)
    with pytest.raises(ValueError, match="threshold"):
        simulated_run_length([0.5], [1], 2, math.inf, runs=10, seed=1)


def test_a_chart_that_hardly_ever_signals_has_no_run_length() -> None:
    """Falling odds where there is next to nothing to fall from: each case adds 5e-13 to a sum that must reach 4."""
    with pytest.raises(NoSignal):
        average_run_length([1e-12], [1], 0.5, 4.0)
    with pytest.raises(NoSignal):
        simulated_run_length([1e-12], [1], 0.5, 4.0, runs=2, seed=1, most_cases=1000)
