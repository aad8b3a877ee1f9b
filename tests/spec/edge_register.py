"""Where the decided answers of `docs/edge-cases.md` are put down: one for each situation and method."""

from collections.abc import Callable

import numpy as np
import pytest

from services.ratings.methods.arrays import FloatArray, TextArray
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.paths import Alternatives, TargetTest
from services.ratings.methods.scales import Effect, Scale

ZERO_EVENTS, ZERO_EXPECTED, ZERO_CASES = "Zero events", "Zero expected", "Zero cases"
ONE, EQUAL, EVERY_EVENT = "One provider", "All-equal providers", "Every event"
Z2 = 1.959963984540054**2
EVERY_PATH = Alternatives(tuple(IntervalRule), tuple(TargetTest), tuple(Scale), tuple(DispersionRows), tuple(Effect))
ESTIMATING = [rows for rows in DispersionRows if rows is not DispersionRows.NONE]
Answer = Callable[[], object]
ANSWERS: dict[tuple[str, str], Answer] = {}


def decided(situation: str, method: str) -> Callable[[Answer], Answer]:
    def put_down(answer: Answer) -> Answer:
        assert (situation, method) not in ANSWERS, "one answer each"
        ANSWERS[situation, method] = answer
        return answer

    return put_down


def refused(situation: str, match: str, **calls: Answer) -> None:
    """Each call, named as its method, ends in a ValueError about `match`."""

    def answer_of(call: Answer) -> Answer:
        def answer() -> None:
            with pytest.raises(ValueError, match=match):
                call()

        return answer

    for method, call in calls.items():
        decided(situation, method)(answer_of(call))


def turns_at(test: Callable[[FloatArray], TextArray], warning: float, control: float) -> None:
    """Within, below warning and below control change at these expected numbers, seen from a hundredth to each side."""
    near = np.array([0.01, warning - 0.01, warning + 0.01, control - 0.01, control + 0.01, 50])
    words = ["within", "within", "below_warning", "below_warning", "below_control", "below_control"]
    assert test(near).tolist() == words


def none(of: FloatArray) -> FloatArray:
    return np.zeros(len(of))
