"""Places of values of which some are equal, beside those that a statistics library gives them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from services.ratings.methods.ties import average_places, lower_places

VALUES = st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(-0.0), st.floats(-1e150, 1e150)), max_size=40)


@given(VALUES)
def test_places_are_those_of_the_library(values: list[float]) -> None:
    given_values = np.asarray(values, dtype=np.float64)
    np.testing.assert_array_equal(average_places(given_values), rankdata(given_values, method="average"), strict=True)
    expected = np.asarray(rankdata(given_values, method="min"), dtype=np.int64)
    np.testing.assert_array_equal(lower_places(given_values), expected, strict=True)


@pytest.mark.parametrize(
    ("values", "average", "lower"),
    [([2.0, 1.0, 2.0, 3.0], [2.5, 1.0, 2.5, 4.0], [2, 1, 2, 4]), ([7.0, 7.0, 7.0], [2.0, 2.0, 2.0], [1, 1, 1])],
)
def test_equal_values_share_a_place(values: list[float], average: list[float], lower: list[int]) -> None:
    assert average_places(np.asarray(values)).tolist() == average
    assert lower_places(np.asarray(values)).tolist() == lower
