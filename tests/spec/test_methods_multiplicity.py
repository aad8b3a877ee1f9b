"""Methods 2.3: many providers, many chances to cross a limit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from services.ratings.methods.multiplicity import benjamini_hochberg, expected_false_alarms, two_sided_p


def test_the_published_ten_p_values_keep_two() -> None:
    """Methods 2.3 (Benjamini and Hochberg 1995, q = .05)."""
    found = benjamini_hochberg([0.216, 0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212])
    assert np.flatnonzero(found.kept).tolist() == [1, 2]
    assert (found.threshold, found.method) == (0.008, "benjamini_hochberg")


def test_sixteen_of_eight_thousand() -> None:
    """Methods 2.3: at 99.8% expect 0.2% of in-control rows outside."""
    assert expected_false_alarms(8000, 0.998) == 16
    assert expected_false_alarms(8000, 0.95) == 400
    assert expected_false_alarms(0, 0.998) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_same_as_another_library_keeps(p_values: list[float], q: float) -> None:
    found = benjamini_hochberg(p_values, q)
    ordered, steps = np.sort(p_values), np.arange(1, len(p_values) + 1) * q
    if np.abs(ordered * len(p_values) - steps).min() < 1e-12:
        return  # at the very edge two ways of dividing may disagree
    assert found.kept.tolist() == multipletests(p_values, q, method="fdr_bh")[0].tolist()


def test_nothing_remarkable_keeps_nothing_and_equal_values_share_their_fate() -> None:
    assert not benjamini_hochberg([0.5, 0.9, 0.2]).kept.any()
    assert benjamini_hochberg([]).kept.tolist() == []
    assert benjamini_hochberg([0.0, 0.025, 0.025, 0.9]).kept.tolist() == [True, True, True, False]


def test_two_sided_is_twice_the_smaller_tail_and_at_most_one() -> None:
    assert two_sided_p([0.01, 0.7, 1.0], [0.995, 0.6, 0.2]).tolist() == [0.02, 1.0, 0.4]


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="p_value"):
        benjamini_hochberg([p])
    with pytest.raises(ValueError, match="tail"):
        two_sided_p([p], [0.5])
    with pytest.raises(ValueError, match=r"q in"):
        benjamini_hochberg([0.5], 1.0)
    with pytest.raises(ValueError, match="providers"):
        expected_false_alarms(-1, 0.998)


def test_a_p_value_at_its_threshold_is_kept() -> None:
    """Methods 2.3 (Benjamini and Hochberg 1995): p_(k) <= k q / n, equality included."""
    assert benjamini_hochberg([0.05], 0.05).kept.tolist() == [True]
    assert benjamini_hochberg([0.25, 0.5], 0.5).kept.tolist() == [True, True]
