"""Separation: a level or direction along which events never mix with non-events, so that no finite estimate exists."""

import numpy as np
from scipy.optimize import linprog

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.design_matrix import SingularDesign
from services.ratings.methods.designs import Pairs, Rows

OPTIMUM_ABOVE = 1e-7
NOT_SPANNED = 1e-11  # an eigenvalue of X'X, columns brought to one length, that is nothing but rounding


class SeparationFound(ValueError):
    """The likelihood has no maximum; `columns` are the coefficients that would run away."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns
        super().__init__(f"events and non-events are separated along {', '.join(columns)}; merge a level and refit")


def separating_direction(design: FloatArray, cases: IntArray, observed: IntArray) -> tuple[float, FloatArray]:
    """Largest sum of a_i'b with every a_i'b >= 0 and -1 <= b <= 1, and the b that reaches it (Konis 2007).

    `design` (m, k) with its intercept; a_i = x_i for a pattern with an event, -x_i for one with a non-event, both if
    it has both (then a_i'b = 0). An optimum above 1e-7 is separation; overlapping data give 0.
    """
    width = design.shape[1]
    mixed = (observed > 0) & (observed < cases)
    tied = np.unique(design[mixed], axis=0)
    # Patterns with both outcomes that span the whole space leave no direction: the usual case at national size.
    if len(tied) >= width and np.linalg.matrix_rank(tied) == width:
        return 0.0, np.zeros(width)
    signed = np.where((observed > 0)[:, None], design, -design)[~mixed]
    found = linprog(
        -signed.sum(axis=0) if len(signed) else np.zeros(width),
        A_ub=-signed if len(signed) else None,
        b_ub=np.zeros(len(signed)) if len(signed) else None,
        A_eq=tied if len(tied) else None,
        b_eq=np.zeros(len(tied)) if len(tied) else None,
        bounds=(-1, 1),
        method="highs",
    )
    if found.status != 0 or found.fun is None:
        raise ArithmeticError(f"the search for separation ended without an answer: {found.message}")
    return float(-found.fun), np.asarray(found.x, dtype=np.float64)


def refuse_separation(design: Rows | Pairs, cases: IntArray, observed: IntArray, names: tuple[str, ...]) -> None:
    """Raise SeparationFound, naming the coefficients without a finite estimate; no fit warns of it by itself."""
    if isinstance(design, Rows):
        optimum, direction = separating_direction(design.matrix, cases, observed)
    else:
        optimum, direction = separating_direction_of_pairs(design, cases, observed)
    if optimum > OPTIMUM_ABOVE:
        raise SeparationFound(tuple(np.asarray(names)[np.abs(direction) > OPTIMUM_ABOVE].tolist()))


def separating_direction_of_pairs(design: Pairs, cases: IntArray, observed: IntArray) -> tuple[float, FloatArray]:
    """As `separating_direction`, for a design that is too large to write out.

    a_i'b = 0 for every cell with both outcomes leaves b = N c, with N a basis of what those cells do not span: nothing
    as a rule, a few directions otherwise. In them the remaining cells have few distinct rows, which are counted. Raises
    SingularDesign where all cells together leave one, too.
    """
    mixed = (observed > 0) & (observed < cases)
    free = _not_spanned(design.information(mixed.astype(np.float64)))
    if not free.shape[1]:
        return 0.0, np.zeros(design.width)
    if _not_spanned(design.information(np.ones(len(mixed)))).shape[1]:
        raise SingularDesign("columns of the design determine one another")
    split = design.first.shape[1]
    i, j = design.i[~mixed], design.j[~mixed]
    seen = (design.first @ free[:split])[i] + (design.second @ free[split:])[j]
    signed = np.where((observed[~mixed] > 0)[:, None], seen, -seen)
    distinct, times = np.unique(np.round(signed, 9), axis=0, return_counts=True)
    found = linprog(
        -(distinct * times[:, None]).sum(axis=0),
        A_ub=np.vstack([-distinct, free, -free]),
        b_ub=np.concatenate([np.zeros(len(distinct)), np.ones(2 * len(free))]),
        bounds=(None, None),
        method="highs",
    )
    if found.status != 0 or found.fun is None or found.x is None:
        raise ArithmeticError(f"the search for separation ended without an answer: {found.message}")
    return float(-found.fun), np.asarray(free @ found.x, dtype=np.float64)


def _not_spanned(spread: FloatArray) -> FloatArray:
    """Basis (k, d) of the directions b with X b = 0, from X'X."""
    scale = 1 / np.sqrt(np.where(np.diag(spread) > 0, np.diag(spread), 1.0))
    values, vectors = np.linalg.eigh(spread * np.outer(scale, scale))
    return np.asarray(vectors[:, values <= NOT_SPANNED * max(1.0, float(values[-1]))] * scale[:, None])
