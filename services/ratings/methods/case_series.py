"""Cases in their order, many series at once: one step takes the next case of every series that still has one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import FloatArray, IntArray, counts_of, same_length, vector_of


@dataclass(frozen=True, eq=False)
class CaseSeries:
    """`rows` of shape (n,): positions in the input, series by series in time order. `start`, `length`: per series.

    Longest series first, so that those with a case left are always the first ones; `code` is the series' own.
    """

    rows: IntArray
    code: IntArray
    start: IntArray
    length: IntArray

    @classmethod
    def of(cls, cases: int, series: ArrayLike | None = None, time: ArrayLike | None = None) -> "CaseSeries":
        """Order of `cases` rows by series code (whole numbers >= 0) and time; ties in time keep the input's order.

        Without `series` all rows are one series, without `time` they stand in order. Raises ValueError for codes or
        times that are not numbers, or of another length.
        """
        codes = np.zeros(cases, dtype=np.int64) if series is None else counts_of(series, "series")
        times = np.zeros(cases) if time is None else vector_of(time, "time")
        same_length(codes, times, np.empty(cases))
        rows = np.lexsort((times, codes))
        code, start, length = np.unique(codes[rows], return_index=True, return_counts=True)
        longest = np.argsort(-length, kind="stable")
        return cls(rows, code[longest], start[longest].astype(np.int64), length[longest].astype(np.int64))

    def steps(self) -> Iterator[IntArray]:
        """For step 0, 1, ...: the input row of that case in every series long enough, which are always the first."""
        left = len(self.length) - np.searchsorted(
            self.length[::-1], np.arange(self.length.max(initial=0)), side="right"
        )
        for step, series in enumerate(left.tolist()):
            yield self.rows[self.start[:series] + step]

    def numbers(self) -> IntArray:
        """The number of each input row within its own series, from 1, shape (n,)."""
        number = np.empty(len(self.rows), dtype=np.int64)
        for step, rows in enumerate(self.steps()):
            number[rows] = step + 1
        return number


def outcomes_of(numbers: ArrayLike) -> IntArray:
    """Outcomes of shape (n,): 1 the event, 0 none; raises ValueError for anything else."""
    outcome = counts_of(
        np.asarray(numbers).astype(np.int64) if np.asarray(numbers).dtype == np.bool_ else numbers, "outcome"
    )
    if (outcome > 1).any():
        raise ValueError("outcome must be 0 or 1")
    return outcome


def risks_of(numbers: ArrayLike) -> FloatArray:
    """Risks of shape (n,), each inside (0, 1); raises ValueError otherwise."""
    risk = vector_of(numbers, "risk")
    if ((risk <= 0) | (risk >= 1)).any():
        raise ValueError("risk must lie in (0, 1)")
    return risk
