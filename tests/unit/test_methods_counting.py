"""The search for the smallest count that holds: any guess finds it, and a question without an answer ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray
from services.ratings.methods.counting import smallest_count

ROWS = st.lists(st.tuples(st.integers(0, 10**6), st.floats(-1e7, 1e7)), max_size=30)


@given(ROWS, st.integers(0, 5))
def test_any_guess_finds_it(rows: list[tuple[int, float]], lowest: int) -> None:
    turn, guess = np.array([t for t, _ in rows], dtype=float), np.array([g for _, g in rows])

    def holds(count: FloatArray, row: IntArray) -> BoolArray:
        assert (count >= lowest).all()
        return np.asarray(count >= turn[row])

    assert smallest_count(holds, guess, lowest).tolist() == np.maximum(turn, lowest).tolist()


@given(st.integers(1, 10**6))
def test_a_good_guess_takes_two_questions(turn: int) -> None:
    asked = []

    def holds(count: FloatArray, row: IntArray) -> BoolArray:
        asked.append(count[0])
        return np.asarray(count >= turn)

    smallest_count(holds, np.array([turn + 0.5]), 0)
    assert len(asked) == 2


def test_what_never_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="no count"):
        smallest_count(lambda count, row: np.zeros(count.shape, dtype=np.bool_), np.array([3.0]), 0)
