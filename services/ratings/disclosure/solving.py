"""The same question as `covering`, put to a solver: for the few cases in which a search by size would take too long."""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from services.ratings.disclosure.covering import Demand, Search

AT_ONCE: Final = 12  # people whose order one objective tells apart, by powers of two
Terms: TypeAlias = dict[int, float]


class Unsolved(RuntimeError):
    """The solver has stopped without an answer."""


class Program:
    """Binary variables, one per person, and continuous ones that measure the largest few of each demand.

    The `k` largest of x are the least k·θ + Σ max(0, x - θ) over θ, which is linear once each max is a variable.
    """

    def __init__(self, search: Search) -> None:
        self.search, self.people = search, len(search.people)
        self.variables = self.people
        self.terms: list[Terms] = []
        self.least: list[float] = []
        for demand in search.demands:
            self._add_demand(demand)
        for people, most in search.limits:
            self._add({one: -1.0 for one, name in enumerate(search.people) if name in people}, -float(most))

    def first(self) -> frozenset[str] | None:
        """The first smallest set; None where there is none. Raises Unsolved."""
        fewest = self._solve(np.ones(self.people))
        if fewest is None:
            return None
        everybody = dict.fromkeys(range(self.people), 1.0)
        self._add(everybody, len(fewest))
        self._add(dict.fromkeys(everybody, -1.0), -len(fewest))
        for start in range(0, self.people, AT_ONCE):
            if not any(one >= start for one in fewest):
                break
            fewest = self._settled(range(start, min(start + AT_ONCE, self.people)))
        return frozenset(self.search.people[one] for one in fewest)

    def _settled(self, these: range) -> frozenset[int]:
        """The solution in which the first of these people are hidden rather than the later ones, which then holds."""
        cost = np.zeros(self.people)
        cost[these.start : these.stop] = -(2.0 ** np.arange(len(these))[::-1])
        found = self._solve(cost)
        if found is None:
            raise Unsolved("a smallest set was found, and then none of the same size: the solver contradicts itself")
        for one in these:
            self._add({one: 1.0 if one in found else -1.0}, 1.0 if one in found else 0.0)
        return found

    def _solve(self, cost: np.ndarray[tuple[int], np.dtype[np.float64]]) -> frozenset[int] | None:
        """The cheapest set that holds when counted exactly. One that holds only within the solver's tolerance is cut
        off with everything within it: whoever leaves out somebody of the others covers no more."""
        while True:
            found = self._solved(cost)
            if found is None or self.search.holds(frozenset(self.search.people[one] for one in found)):
                return found
            self._add({one: 1.0 for one in range(self.people) if one not in found}, 1.0)

    def _solved(self, cost: np.ndarray[tuple[int], np.dtype[np.float64]]) -> frozenset[int] | None:
        binary = np.arange(self.variables) < self.people
        result = milp(
            np.concatenate([cost, np.zeros(self.variables - self.people)]),
            integrality=binary.astype(np.int64),
            bounds=Bounds(0, np.where(binary, 1.0, np.inf)),
            constraints=self._constraints(),
            options={"mip_rel_gap": 0.0},
        )
        if result.status == 2:
            return None
        if result.status != 0:
            raise Unsolved(f"the solver stopped with status {result.status}: {result.message}")
        return frozenset(int(one) for one in np.flatnonzero(result.x[: self.people] > 0.5))

    def _constraints(self) -> list[LinearConstraint]:
        places = [(row, column, value) for row, terms in enumerate(self.terms) for column, value in terms.items()]
        rows, columns, values = np.array(places, dtype=np.float64).reshape(-1, 3).T
        where = (rows.astype(np.int64), columns.astype(np.int64))
        matrix = coo_array((values, where), shape=(len(self.terms), self.variables)).tocsr()
        return [LinearConstraint(matrix, lb=np.array(self.least), ub=np.inf)]

    def _add(self, terms: Terms, least: float) -> None:
        self.terms.append(terms)
        self.least.append(least)

    def _variable(self) -> int:
        self.variables += 1
        return self.variables - 1

    def _add_demand(self, demand: Demand) -> None:
        """In units of the need, so that one tolerance suits all measures."""
        unit = max(demand.need, 1.0)
        giving: Sequence[tuple[int, float]] = [
            (one, size / unit) for one, size in enumerate(demand.gives) if size is not None
        ]
        self._add(dict.fromkeys((one for one, _ in giving), 1.0), float(demand.k + 1 - demand.count))
        enough: Terms = {one: size for one, size in giving if size > 0}
        if demand.k:
            threshold = self._variable()
            enough[threshold] = -float(demand.k)
            for size in demand.largest:
                enough[self._above(threshold, {}, size / unit)] = -1.0
            for one, size in giving:
                if size > 0:
                    enough[self._above(threshold, {one: -size}, 0.0)] = -1.0
        self._add(enough, (demand.need - demand.total) / unit)

    def _above(self, threshold: int, taken: Terms, least: float) -> int:
        """A variable of at least what somebody's size exceeds the threshold by."""
        excess = self._variable()
        self._add({excess: 1.0, threshold: 1.0, **taken}, least)
        return excess
