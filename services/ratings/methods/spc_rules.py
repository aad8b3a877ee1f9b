"""The four rules of an XmR chart, by priority: what is no longer noise (Wheeler 2000, NHS England "Making data count").

1 a point outside a limit; 2 seven points in a row, each after the first higher (or each lower) than the one before;
3 two of three beyond the same near limit, all three on that side of the mean; 4 seven in a row on one side of the
mean. Rules 2 and 4 mark the whole run, rule 3 only the points beyond. A point at a line is beyond it on neither side.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray

RUN = 7
PAIR_WITHIN = 3


def rules_of(
    values: FloatArray, centre: FloatArray, half: FloatArray, near_half: FloatArray
) -> tuple[IntArray, IntArray]:
    """The first rule that marks each point (0: none) and its side (+1, -1, 0), shape (points, series) each.

    Lines of shape (series,): centre, and half widths of the limits and of the near limits.
    """
    side = np.sign(values - centre).astype(np.int64)
    steps = np.sign(np.diff(values, axis=0)).astype(np.int64)
    rule, which = np.zeros_like(side), np.zeros_like(side)
    marks = [
        (values - centre > half, values - centre < -half),
        (rising_runs(steps > 0), rising_runs(steps < 0)),
        (_pairs(values - centre, side, near_half), _pairs(centre - values, -side, near_half)),
        (runs(side > 0), runs(side < 0)),
    ]
    for number in range(len(marks), 0, -1):  # the first rule is written last
        for sign, marked in zip((-1, 1), reversed(marks[number - 1]), strict=True):
            rule, which = np.where(marked, number, rule), np.where(marked, sign, which)
    return rule, which


def _pairs(above: FloatArray, side: IntArray, near_half: FloatArray) -> BoolArray:
    near = above > near_half
    return in_pairs(near, side > 0) & near


def runs(flags: BoolArray, length: int = RUN) -> BoolArray:
    """Points that belong to a run of at least `length` flags, shape (points, series)."""
    return _covered(np.asarray(_windows(flags, length).all(axis=-1)), length, flags.shape)


def rising_runs(rising: BoolArray) -> BoolArray:
    """Points of runs of seven of which each after the first rises; `rising` has one row fewer than there are points."""
    return _covered(np.asarray(_windows(rising, RUN - 1).all(axis=-1)), RUN, (len(rising) + 1, *rising.shape[1:]))


def in_pairs(near: BoolArray, same_side: BoolArray) -> BoolArray:
    """Points in a window of three of which two are beyond the near limit and all on that side of the mean."""
    hit = (_windows(near, PAIR_WITHIN).sum(axis=-1) >= 2) & _windows(same_side, PAIR_WITHIN).all(axis=-1)
    return _covered(hit, PAIR_WITHIN, near.shape)


def _windows(flags: BoolArray, length: int) -> BoolArray:
    """Stretches of `length` points, shape (points - length + 1, series, length); none where there are too few."""
    if len(flags) < length:
        return np.zeros((0, *flags.shape[1:], length), dtype=np.bool_)
    return sliding_window_view(flags, length, axis=0)


def _covered(hit: BoolArray, length: int, shape: tuple[int, ...]) -> BoolArray:
    covered = np.zeros(shape, dtype=np.bool_)
    for offset in range(length):
        covered[offset : offset + len(hit)] |= hit
    return covered
