"""Variable life-adjusted display: expected minus observed events, case after case (Lovegrove 1997)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import FloatArray, IntArray, same_length
from services.ratings.methods.case_series import CaseSeries, outcomes_of, risks_of


@dataclass(frozen=True, eq=False)
class Vlad:
    """Running value after each case and the case's number in its own series, shape (n,), in the input's order.

    Above 0: fewer events than expected. `series` and `end`, shape (s,): the value after each series' last case.
    """

    value: FloatArray
    case_number: IntArray
    series: IntArray
    end: FloatArray
    method: str = "vlad"
    method_version: str = METHOD_VERSION


def vlad(
    risk: ArrayLike, outcome: ArrayLike, *, series: ArrayLike | None = None, time: ArrayLike | None = None
) -> Vlad:
    """Cumulative sum of risk - outcome over the cases of each series, all series at once; shape (n,) each.

    Cases stand in order, or in the order of `time` with ties as submitted. No case: empty arrays. A display, not a
    test: it has no limits of its own. Raises ValueError for a risk outside (0, 1) or an outcome that is not 0 or 1.
    """
    risks, outcomes = risks_of(risk), outcomes_of(outcome)
    same_length(risks, outcomes)
    cases = CaseSeries.of(len(risks), series, time)
    value, running = np.empty(len(risks)), np.zeros(len(cases.code))
    for rows in cases.steps():
        running[: len(rows)] += risks[rows] - outcomes[rows]
        value[rows] = running[: len(rows)]
    by_code = np.argsort(cases.code)
    return Vlad(value, cases.numbers(), cases.code[by_code], running[by_code])
