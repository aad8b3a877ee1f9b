"""Covariate patterns brought together by their risk: what every measure of calibration starts from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods.arrays import FloatArray, IntArray, counts_of, same_length, vector_of


@dataclass(frozen=True, eq=False)
class ByRisk:
    """Risks with their counts, shape (r,) each; from `by_risk` each risk once, ascending."""

    risk: FloatArray
    cases: IntArray
    observed: IntArray

    @property
    def expected(self) -> FloatArray:
        return self.risk * self.cases


def checked(risk: ArrayLike, cases: ArrayLike, observed: ArrayLike) -> tuple[FloatArray, IntArray, IntArray]:
    """The three arrays, shape (m,). Raises ValueError for a risk outside [0, 1], for a count that is negative or
    fractional, and for observed above cases."""
    risks, sizes, events = vector_of(risk, "risk"), counts_of(cases, "cases"), counts_of(observed, "observed")
    same_length(risks, sizes, events)
    if (events > sizes).any():
        raise ValueError("observed is above cases")
    if ((risks < 0) | (risks > 1)).any():
        raise ValueError("risk must lie in [0, 1]")
    return risks, sizes, events


def by_risk(risk: ArrayLike, cases: ArrayLike, observed: ArrayLike) -> ByRisk:
    """Patterns of one risk added up, those without cases left out. Raises ValueError as `checked`."""
    risks, sizes, events = checked(risk, cases, observed)
    kept = sizes > 0
    distinct, group = np.unique(risks[kept], return_inverse=True)
    return ByRisk(
        distinct,
        counts_by_group(group, len(distinct), sizes[kept]),
        counts_by_group(group, len(distinct), events[kept]),
    )


def counts_by_group(group: IntArray, groups: int, counts: IntArray) -> IntArray:
    """Whole numbers added up per group code, shape (groups,)."""
    added = np.zeros(groups, dtype=np.int64)
    np.add.at(added, group, counts)
    return added


def risk_groups(rows: ByRisk, groups: int) -> IntArray:
    """Group 0..groups-1 of each distinct risk by where its middle case falls, so that equal risks never part.

    A risk with A cases before it and n of its own goes to group floor(groups (A + n/2) / N), at most the last.
    Raises ValueError for fewer than two groups.
    """
    if groups < 2:
        raise ValueError("there must be at least two groups")
    before = np.cumsum(rows.cases) - rows.cases
    twice_all = 2 * int(rows.cases.sum())
    return np.asarray(np.minimum(groups - 1, groups * (2 * before + rows.cases) // max(twice_all, 1)))
