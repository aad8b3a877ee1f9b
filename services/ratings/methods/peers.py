"""Providers in like circumstances: the nearest by declared context, and the nearest that is separably different."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import LARGEST, FloatArray, IntArray, row_blocks
from services.ratings.methods.levels import WARNING
from services.ratings.methods.ordering import separable_from
from services.ratings.methods.sums import total

PEERS = 10
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Peers:
    """Rows of each provider's peers, nearest first, shape (n, peers); -1 where there is none. Distance: 0 there.

    A provider lacking a context column has no peers and is nobody's peer.
    """

    rows: IntArray
    distance: FloatArray
    method: str = "euclidean_standardised"
    method_version: str = METHOD_VERSION


def nearest_peers(code: ArrayLike, context: ArrayLike, present: ArrayLike, peers: int = PEERS) -> Peers:
    """The nearest by Euclidean distance on context columns, shape (n, columns), each standardised over those present.

    Sample deviation; a column without spread tells nobody apart. `present` says, shape (n,), who has every column.
    Ties go by code, so that the order of the rows changes nothing. Raises ValueError for a repeated code, a context
    that is not finite where present, or fewer than one peer asked for.
    """
    codes, values, has = np.asarray(code, dtype=np.str_), np.asarray(context, dtype=np.float64), np.asarray(present)
    if values.ndim != 2 or has.dtype != np.bool_ or not len(codes) == len(values) == len(has):
        raise ValueError("codes of shape (n,), context of shape (n, columns), present of shape (n,)")
    if len(np.unique(codes)) != len(codes) or not (np.abs(values[has]) <= LARGEST).all() or peers < 1:
        raise ValueError("codes must differ, context must be finite where present, and peers at least 1")
    rows, distance = np.full((len(codes), peers), NOBODY), np.zeros((len(codes), peers))
    members = np.flatnonzero(has)[np.argsort(codes[has])]
    standard = _standardised(values[members])
    found = min(peers, max(len(members) - 1, 0))
    for block in row_blocks(len(members)):
        near, apart = _nearest(standard, block, found)
        rows[members[block], :found], distance[members[block], :found] = members[near], apart
    return Peers(rows, distance)


def nearest_separable(
    subject: int,
    peers: Peers,
    observed: ArrayLike,
    expected: ArrayLike,
    *,
    lower_is_better: bool,
    confidence: float = WARNING,
) -> int | None:
    """The row of the subject's nearest peer that is separable (2.13) in the preferred direction; None if none is.

    `observed`, `expected` of shape (n,), for the same rows as `peers`. Raises as `ordering.separable_from`.
    """
    words = separable_from(subject, observed, expected, confidence)
    preferred = "lower" if lower_is_better else "higher"
    near = peers.rows[subject][peers.rows[subject] != NOBODY]
    wanted = near[words[near] == preferred]
    return int(wanted[0]) if len(wanted) else None


def _standardised(values: FloatArray) -> FloatArray:
    columns = [_one(values[:, column]) for column in range(values.shape[1])]
    return np.column_stack(columns) if columns else np.zeros((len(values), 0))


def _one(column: FloatArray) -> FloatArray:
    if len(column) < 2 or column.min() == column.max():
        return np.zeros_like(column)
    mean = total(column) / len(column)
    return np.asarray((column - mean) / (total((column - mean) ** 2) / (len(column) - 1)) ** 0.5)


def _nearest(standard: FloatArray, block: IntArray, found: int) -> tuple[IntArray, FloatArray]:
    """Nearest rows in order and their distances, shape (block, found); equal distances in the order of the rows."""
    squares = sum(
        ((standard[block, None, column] - standard[None, :, column]) ** 2 for column in range(standard.shape[1])),
        start=np.zeros((len(block), len(standard))),
    )
    squares[np.arange(len(block)), block] = np.inf
    order = np.sort(np.argpartition(squares, found - 1, axis=1)[:, :found], axis=1) if found else block[:, None][:, :0]
    apart = np.take_along_axis(squares, order, axis=1)
    # a partition takes any of those that are equally far; only such rows need the whole sort
    tied = (squares <= apart.max(axis=1, initial=0.0)[:, None]).sum(axis=1) > found
    order[tied] = np.argsort(squares[tied], axis=1, kind="stable")[:, :found]
    apart = np.take_along_axis(squares, order, axis=1)
    sorted_ = np.argsort(apart, axis=1, kind="stable")
    return np.take_along_axis(order, sorted_, axis=1), np.sqrt(np.take_along_axis(apart, sorted_, axis=1))
