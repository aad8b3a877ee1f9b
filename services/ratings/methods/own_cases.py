"""The own-case test: tails of each subject's events given the risks of its own cases, for all subjects at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import ImpossibleExpected, Reason, Status
from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray, TextArray, counts_of, same_length
from services.ratings.methods.funnel import positions
from services.ratings.methods.levels import CONTROL, WARNING, tail_of
from services.ratings.methods.many_cases import tails_of_many
from services.ratings.methods.poisson_binomial import EXACT, EXACT_TO, FOURIER, merged, risks_of
from services.ratings.methods.sums import sum_by_group

BLOCK = 1 << 17  # numbers that are worked on together: few enough for a processor's cache


@dataclass(frozen=True, eq=False)
class OwnCaseTest:
    """Per subject, shape (n,) each: P(X <= O), P(X >= O), mid-p of the upper side, and the position they give.

    Where `reason` is given (no cases, or no risk at all) the position is "": 0 events were certain, all tails are 1.
    """

    position: TextArray
    lower_tail: FloatArray
    upper_tail: FloatArray
    mid_p: FloatArray
    expected: FloatArray
    variance: FloatArray
    status: TextArray
    reason: TextArray
    method: TextArray
    method_version: str = METHOD_VERSION


class ImpossibleOutcome(ImpossibleExpected):
    """More events than cases with any risk, or fewer than cases that were certain; `rows` holds the subjects."""

    def __init__(self, rows: list[int]) -> None:
        super().__init__(rows)
        self.args = (f"the risks of the cases rule out the events observed, at subjects {rows}",)


def own_case_test(observed: ArrayLike, subject: ArrayLike, risk: ArrayLike, cases: ArrayLike) -> OwnCaseTest:
    """Is a subject's count remarkable, given the risks of its own cases (Hong 2013)?

    `observed`: events of subjects 0..n-1, shape (n,). One row per subject and pattern: `subject` code, `risk` in
    [0, 1], `cases`, shape (m,) each. Above where P(X >= O) <= .025 (.001), below where P(X <= O) is. More than 20,000
    open cases: by the characteristic function, right to 13 decimals. Neither the order of rows nor who else is tested
    changes a bit. Raises ImpossibleOutcome for a count that the risks rule out, ValueError for a code, count or risk
    out of range.
    """
    counts, codes, sizes = (
        counts_of(a, b) for a, b in ((observed, "observed"), (subject, "subject"), (cases, "cases"))
    )
    risks = risks_of(risk)
    same_length(codes, risks, sizes)
    n = len(counts)
    expected = sum_by_group(codes, n, sizes * risks)
    variance = sum_by_group(codes, n, sizes * risks * (1 - risks))
    sure = _counted(codes, n, sizes, risks == 1)
    number = _counted(codes, n, sizes, (risks > 0) & (risks < 1))
    left = counts - sure
    if (impossible := (left < 0) | (left > number)).any():
        raise ImpossibleOutcome(np.flatnonzero(impossible).tolist())
    few = number <= EXACT_TO
    kept = few[codes]
    lower, upper, at = _tails(left, np.where(few, number, 0), *_laid_out(codes[kept], n, risks[kept], sizes[kept]))
    for row in np.flatnonzero(~few).tolist():  # a handful at most, each with cases enough for a whole nation
        own = (codes == row) & (risks > 0) & (risks < 1)
        lower[row], upper[row], at[row] = tails_of_many(int(left[row]), *merged(risks[own], sizes[own]))
    return _judged(
        (lower, upper, at), expected, variance, _counted(codes, n, sizes, sizes > 0), np.where(few, EXACT, FOURIER)
    )


def _judged(
    tails: tuple[FloatArray, FloatArray, FloatArray],
    expected: FloatArray,
    variance: FloatArray,
    cases: IntArray,
    method: TextArray,
) -> OwnCaseTest:
    lower, upper, at = tails
    warning, control = tail_of(WARNING), tail_of(CONTROL)
    position = positions(upper <= warning, upper <= control, lower <= warning, lower <= control)
    words = [Reason.NO_CASES.value, Reason.NO_EXPECTED.value]
    reason = np.select([cases == 0, expected == 0], words, default=Reason.NONE.value)
    rated = reason == Reason.NONE
    status = np.where(rated, Status.RATED.value, Status.NOT_RATED.value)
    mid_p = np.maximum(0.0, upper - at / 2)
    return OwnCaseTest(np.where(rated, position, ""), lower, upper, mid_p, expected, variance, status, reason, method)


def _counted(codes: IntArray, n: int, sizes: IntArray, which: BoolArray) -> IntArray:
    return np.bincount(codes[which], weights=sizes[which], minlength=n).astype(np.int64)


def _laid_out(codes: IntArray, n: int, risks: FloatArray, sizes: IntArray) -> tuple[FloatArray, IntArray]:
    """The risks of open cases, subject after subject and ascending, and where each subject's begin, shape (n + 1,)."""
    is_open = (risks > 0) & (risks < 1)
    order = np.lexsort((risks[is_open], codes[is_open]))
    repeats = sizes[is_open][order]
    each = np.repeat(risks[is_open][order], repeats)
    number = np.bincount(codes[is_open][order], weights=repeats, minlength=n).astype(np.int64)
    return each, np.concatenate([[0], np.cumsum(number)])


def _tails(
    left: IntArray, number: IntArray, each: FloatArray, starts: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P(X <= O), P(X >= O) and P(X = O), shape (n,) each, of subjects that have open cases; 1 for the others."""
    lower, upper, at = np.ones(len(left)), np.ones(len(left)), np.ones(len(left))
    some = np.flatnonzero(number > 0)
    some = some[np.lexsort((number[some], left[some]))]
    while len(some):
        width = left[some] + 2
        taken = max(1, int(np.searchsorted(np.arange(1, len(some) + 1) * width, BLOCK, side="right")))
        rows, some = some[:taken], some[taken:]
        rows = rows[np.argsort(-number[rows], kind="stable")]
        lower[rows], upper[rows], at[rows] = _block(left[rows], number[rows], each, starts[rows])
    return lower, upper, at


def _block(left: IntArray, number: IntArray, each: FloatArray, starts: IntArray) -> tuple[FloatArray, ...]:
    """Subjects by falling number of cases. One step per case moves all of them: a count stays, or goes up by one.

    Counts stand right-aligned: O in the last column but one, and whatever exceeds O is caught in the last, so every
    tail is a sum of positive terms, and a subject's sums are the same whoever shares the block with it.
    """
    width = int(left.max()) + 2
    mass = np.zeros((width, len(left)))
    mass[width - 2 - left, np.arange(len(left))] = 1.0
    active = np.searchsorted(-number, -np.arange(1, int(number[0]) + 1), side="right")  # subjects with a t-th case
    for step, rows in enumerate(active.tolist()):
        p = each[starts[:rows] + step]
        moving = mass[:-1, :rows] * p
        mass[:-1, :rows] *= 1 - p
        mass[1:, :rows] += moving
    lower = np.minimum(1.0, np.cumsum(mass[:-1], axis=0)[-1])
    return lower, np.minimum(1.0, mass[-2] + mass[-1]), mass[-2]
