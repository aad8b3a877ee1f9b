"""Observed against expected: published figures, the rules of absence, and the cap."""

import numpy as np
import pytest

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import ImpossibleExpected
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.standardisation import UnknownStratum, adjusted_rate, indirect_expected, standardise


def test_indirectly_standardised_ratio() -> None:
    """Methods 2.2: 895 observed, Byar at both levels (Breslow and Day 1987)."""
    ratio = standardise([895], [10_000], [835.88356123117433], rule=IntervalRule.BYAR)
    assert ratio.ratio.values[0] == pytest.approx(1.0707232939020275, rel=1e-14)
    assert ratio.limits.lower_95.values[0] == pytest.approx(1.0017147712553987, rel=1e-13)
    assert ratio.limits.upper_95.values[0] == pytest.approx(1.1432332872498949, rel=1e-13)
    assert ratio.limits.lower_99_8.values[0] == pytest.approx(0.96351556196144372, rel=1e-13)
    assert ratio.limits.upper_99_8.values[0] == pytest.approx(1.1860070415876287, rel=1e-13)
    assert ratio.method_version == METHOD_VERSION == "2026.2"


def test_risk_adjusted_rate_and_the_interval_rule_that_decides_a_verdict() -> None:
    """Methods 2.2 (New York State: NYU Hospitals Center, CABG 2011): 4.58%, 1.23 to 11.73; the rule decides."""
    byar = standardise([4], [132], [0.82 * 132 / 100], rule=IntervalRule.BYAR)
    exact = standardise([4], [132], [0.82 * 132 / 100], rule=IntervalRule.EXACT)
    rate = adjusted_rate(byar, 107 / 8627)
    assert 100 * rate.rate.values[0] == pytest.approx(4.58, abs=0.005)
    assert 100 * rate.limits.lower_95.values[0] == pytest.approx(1.23, abs=0.005)
    assert 100 * rate.limits.upper_95.values[0] == pytest.approx(11.73, abs=0.005)
    assert byar.limits.lower_95.values[0] == pytest.approx(0.994226, abs=5e-7)
    assert exact.limits.lower_95.values[0] == pytest.approx(1.006897, abs=5e-7)


def test_absences_carry_their_reason() -> None:
    ratio = standardise([0, 0, 0, 3], [0, 5, 5, 5], [0.0, 0.0, 2.0, 2.0], rule=IntervalRule.EXACT)
    assert ratio.status.tolist() == ["not_rated", "not_rated", "rated", "rated"]
    assert ratio.reason.tolist() == ["no_cases", "no_expected", "", ""]
    assert ratio.ratio.as_series("standardised_ratio").to_list() == [None, None, 0.0, 1.5]
    assert ratio.rated.tolist() == [False, False, True, True]
    limits = ratio.limits
    for figures in (limits.lower_95, limits.upper_95, limits.lower_99_8, limits.upper_99_8):
        assert figures.present.tolist() == [False, False, True, True]
        assert np.isfinite(figures.values).all()
    assert adjusted_rate(ratio, 0.1).rate.present.tolist() == [False, False, True, True]


def test_no_events_give_ratio_0_with_an_upper_limit() -> None:
    ratio = standardise([0], [50], [2.0], rule=IntervalRule.EXACT)
    assert ratio.limits.lower_95.values.tolist() == [0.0]
    assert ratio.limits.upper_95.values[0] == pytest.approx(3.6888794541139354 / 2)


def test_events_without_any_expected_risk_stop_everything() -> None:
    with pytest.raises(ImpossibleExpected) as refused:
        standardise([1, 0, 2], [5, 5, 5], [1.0, 0.0, 0.0], rule=IntervalRule.BYAR)
    assert refused.value.rows == [2]


@pytest.mark.parametrize(
    ("observed", "cases", "expected"),
    [
        ([-1], [5], [1.0]),
        ([0.5], [5], [1.0]),
        ([1], [5], [float("nan")]),
        ([1], [5], [float("inf")]),
        ([1], [5], [-1.0]),
        ([1], [0], [0.0]),
        ([0], [0], [1.0]),
        ([1, 2], [5], [1.0]),
    ],
)
def test_nothing_is_clipped(observed: list[float], cases: list[int], expected: list[float]) -> None:
    with pytest.raises(ValueError, match=r"observed|expected|cases|lengths"):
        standardise(observed, cases, expected, rule=IntervalRule.BYAR)


def test_the_cap_touches_published_upper_limits_only() -> None:
    ratio = standardise([2, 2], [2, 200], [0.1, 2.0], rule=IntervalRule.BYAR)
    free, capped = adjusted_rate(ratio, 0.2), adjusted_rate(ratio, 0.2, cap_percent=100)
    assert free.limits.upper_95.values[0] > 1
    assert capped.limits.upper_95.values.tolist() == [1.0, free.limits.upper_95.values[1]]
    assert capped.limits.upper_99_8.values[0] == 1.0
    assert capped.rate.values.tolist() == free.rate.values.tolist()
    assert capped.limits.lower_95.values.tolist() == free.limits.lower_95.values.tolist()


def test_overall_rate_may_differ_by_row() -> None:
    ratio = standardise([2, 2], [20, 20], [1.0, 2.0], rule=IntervalRule.EXACT)
    np.testing.assert_allclose(adjusted_rate(ratio, np.array([0.1, 0.2])).rate.values, [0.2, 0.2])


def test_indirect_expected_by_hand() -> None:
    expected = indirect_expected([0, 0, 2, 1], [0, 1, 1, 0], [100, 50, 10, 0], [10, 40], [1000, 400])
    np.testing.assert_allclose(expected, [1 + 5, 0, 1], rtol=1e-15)


def test_cases_in_a_stratum_without_reference_are_refused() -> None:
    for stratum, reference in ((1, [100]), (0, [0])):
        with pytest.raises(UnknownStratum):
            indirect_expected([0], [stratum], [5], [0], reference)
