"""Power, reliability and the gates that turn too little data into "cannot tell"."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from services.ratings.methods.funnel import Position
from services.ratings.methods.gates import Gates, gated
from services.ratings.methods.power import (
    binomial_power,
    min_detectable_ratio,
    poisson_power,
    power_to_detect_doubling,
)
from services.ratings.methods.reliability import (
    expected_for_reliability,
    proportion_reliability,
    reliability,
    shrunk_ratio,
)

EXPECTED = [1, 2, 5, 10, 20, 50, 100]
DOUBLING = [0.142877, 0.214870, 0.416960, 0.702972, 0.956771, 0.999922, 1.000000]
SMALLEST = [5.515046, 3.952997, 2.730145, 2.143940, 1.724302, 1.433401, 1.301473]


def test_the_power_table() -> None:
    """Methods 2.9: thresholds, power for a doubling and smallest detectable ratio, seven expected numbers."""
    found = poisson_power(EXPECTED)
    assert found.threshold_count.tolist() == [4, 6, 11, 18, 30, 65, 121]
    assert found.power_to_detect_doubling.tolist() == pytest.approx(DOUBLING, abs=5.1e-7)
    assert found.min_detectable_ratio.tolist() == pytest.approx(SMALLEST, abs=5.1e-7)
    assert power_to_detect_doubling(EXPECTED).tolist() == found.power_to_detect_doubling.tolist()
    assert min_detectable_ratio(EXPECTED).tolist() == found.min_detectable_ratio.tolist()


def test_the_binomial_form() -> None:
    """Methods 2.9: p0 = .084, one-sided 5%; the published "75 operations for 70%"."""
    found = binomial_power([31, 75], 0.084)
    assert found.threshold_count.tolist() == [6, 11]
    assert found.power_to_detect_doubling.tolist() == pytest.approx([0.423511, 0.734980], abs=5.1e-7)


@given(st.lists(st.floats(1e-3, 1e5), min_size=1, max_size=20))
def test_the_threshold_is_the_smallest_count_that_signals(expected: list[float]) -> None:
    found, e = poisson_power(expected), np.array(expected)
    count = found.threshold_count
    assert np.all(poisson.sf(count - 1, e) <= 0.025 + 1e-12)
    assert np.all((count == 1) | (poisson.sf(count - 2, e) > 0.025 - 1e-12))
    np.testing.assert_allclose(found.power_to_detect_doubling, poisson.sf(count - 1, 2 * e), rtol=1e-9)
    np.testing.assert_allclose(poisson.sf(count - 1, found.min_detectable_ratio * e), 0.8, rtol=1e-8)


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20), st.floats(0.001, 0.5))
def test_the_binomial_threshold_is_the_smallest_count_that_signals(cases: list[int], rate: float) -> None:
    count, n = binomial_power(cases, rate).threshold_count, np.array(cases)
    assert np.all(binom.sf(count - 1, n, rate) <= 0.05 + 1e-12)
    assert np.all(binom.sf(count - 2, n, rate) > 0.05 - 1e-12)


@pytest.mark.parametrize("expected", [[0.0], [-1.0], [float("nan")]])
def test_power_without_an_expected_number_is_refused(expected: list[float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        poisson_power(expected)


def test_reliability_and_shrinkage() -> None:
    """Methods 2.9 (Adams 2009), tau2 = .04."""
    expected = [5.0, 25.0, 100.0]
    assert reliability(expected, 0.04).tolist() == pytest.approx([1 / 6, 0.5, 0.8], rel=1e-14)
    shrunk = shrunk_ratio([10, 50, 200], expected, 0.04)
    assert shrunk.tolist() == pytest.approx([1.122462, 1.414214, 1.741101], abs=5.1e-7)
    assert expected_for_reliability(0.7, 0.04) == pytest.approx(58.33, abs=0.005)


def test_no_true_differences_no_reliability() -> None:
    """Methods 2.9: tau2 = 0 gives r = 0."""
    assert reliability([5.0, 500.0], 0.0).tolist() == [0.0, 0.0]
    assert shrunk_ratio([10, 1000], [5.0, 500.0], 0.0).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="variance"):
        expected_for_reliability(0.7, 0.0)


def test_proportion_reliability_by_hand() -> None:
    assert proportion_reliability([21], 0.3, 0.01).tolist() == pytest.approx([0.5])


def test_grey_beats_green_and_nothing_hides_a_signal() -> None:
    #               power < .5  E < 1     E < 1            power >= .5  signal at E < 1  few cases
    position = ["within", "within", "above_warning", "within", "above_control", "within"]
    expected = [5.0, 0.5, 0.5, 10.0, 0.5, 10.0]
    found = gated(position, [100, 100, 100, 100, 2, 9], expected, Gates(minimum_cases=10))
    assert found.position.tolist() == ["", "", "", "within", "above_control", ""]
    assert found.reason.tolist() == ["too_few_cases"] * 3 + ["", "", "too_few_cases"]
    assert found.status.tolist() == ["not_rated"] * 3 + ["rated", "rated", "not_rated"]


def test_little_power_leaves_only_signals() -> None:
    """Inside the control limits the word would be "as expected", also beyond the warning limits; that needs power."""
    positions = [position.value for position in Position]
    found = gated(positions, [100] * 5, [2.0] * 5, Gates())
    assert set(found.position.tolist()) == {"", Position.ABOVE_CONTROL.value, Position.BELOW_CONTROL.value}
    assert gated(positions, [100] * 5, [10.0] * 5, Gates()).position.tolist() == positions


def test_a_reproduced_publication_keeps_its_publishers_rules() -> None:
    found = gated(["within"], [1], [0.01], Gates(None, None, None))
    assert found.position.tolist() == ["within"]


def test_an_unknown_position_is_refused() -> None:
    with pytest.raises(ValueError, match="position"):
        gated(["fine"], [1], [1.0], Gates())
