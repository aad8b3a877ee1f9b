"""The number of events when each case has a risk of its own (Hong 2013): one subject's whole distribution.

The right law for a consultant's few cases; a Poisson with the same expected number is too wide. For the tails of many
subjects at once see `own_cases`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import FloatArray, IntArray, counts_of, same_length, vector_of
from services.ratings.methods.many_cases import law_of_many
from services.ratings.methods.sums import total

EXACT_TO = 20_000  # cases whose outcome is open; above, adding one after another costs more than it tells
EXACT, FOURIER = "poisson_binomial_exact", "poisson_binomial_fourier"


@dataclass(frozen=True, eq=False)
class PoissonBinomial:
    """P(X = k) for k = 0..cases, shape (cases + 1,); `method` says whether added case by case or inverted."""

    mass: FloatArray
    expected: float
    variance: float
    method: str
    method_version: str = METHOD_VERSION

    @property
    def cases(self) -> int:
        return len(self.mass) - 1

    def lower_tail(self, observed: int) -> float:
        """P(X <= observed). Raises ValueError for a count outside 0..cases."""
        return min(1.0, total(self.mass[: self._possible(observed) + 1]))

    def upper_tail(self, observed: int) -> float:
        """P(X >= observed), added from its own terms and never as 1 minus the rest: a tiny tail keeps its digits."""
        return min(1.0, total(self.mass[self._possible(observed) :]))

    def mid_p(self, observed: int) -> float:
        """P(X > observed) + P(X = observed) / 2, for the upper side."""
        place = self._possible(observed)
        return total(np.append(self.mass[place + 1 :], self.mass[place] / 2))

    def _possible(self, observed: int) -> int:
        if not 0 <= observed <= self.cases or observed != int(observed):
            raise ValueError(f"observed must be a whole number from 0 to {self.cases}, not {observed}")
        return int(observed)


def poisson_binomial(risk: ArrayLike, cases: ArrayLike) -> PoissonBinomial:
    """Distribution of the events of one subject from its patterns: `risk` in [0, 1] and `cases`, shape (m,) each.

    Binomials (cases_k, risk_k) are convolved pattern by pattern, ascending by risk, one case at a time: every term is
    positive, so no digit is lost, and the order of the rows changes no bit. Cases of risk 0 or 1 are settled before.
    With more than 20,000 open cases: the characteristic function inverted, right to 13 decimals (methods 2.8 has the
    normal law there, which is wrong wherever events are rare). Raises ValueError for a risk outside [0, 1].
    """
    risks, sizes = risks_of(risk), counts_of(cases, "cases")
    same_length(risks, sizes)
    sure, whole = int(sizes[risks == 1].sum()), int(sizes.sum())
    is_open = (risks > 0) & (risks < 1)
    number, mass = int(sizes[is_open].sum()), np.zeros(whole + 1)
    if number <= EXACT_TO:
        each = np.sort(np.repeat(risks[is_open], sizes[is_open]))
        mass[sure : sure + number + 1] = _convolved(each)
        return PoissonBinomial(mass, sure + total(each), total(each * (1 - each)), EXACT)
    risk, count = merged(risks[is_open], sizes[is_open])
    first, window = law_of_many(risk, count)
    mass[sure + first : sure + first + len(window)] = window
    return PoissonBinomial(mass, sure + total(count * risk), total(count * risk * (1 - risk)), FOURIER)


def merged(risk: FloatArray, cases: IntArray) -> tuple[FloatArray, IntArray]:
    """Each distinct risk that has cases once, ascending, with all of them."""
    distinct, place = np.unique(risk[cases > 0], return_inverse=True)
    return distinct, np.bincount(place, weights=cases[cases > 0], minlength=len(distinct)).astype(np.int64)


def risks_of(risk: ArrayLike) -> FloatArray:
    """Probabilities in [0, 1], shape (m,); raises ValueError otherwise."""
    risks = vector_of(risk, "risk")
    if (risks < 0).any() or (risks > 1).any():
        raise ValueError("risk must lie in [0, 1]")
    return risks


def _convolved(risk: FloatArray) -> FloatArray:
    """P(X = k), shape (m + 1,), of m single cases: each case keeps the count, or moves it up by one."""
    mass = np.zeros(len(risk) + 1)
    mass[0] = 1.0
    for seen, p in enumerate(risk.tolist(), start=1):
        up = mass[:seen] * p
        mass[:seen] *= 1 - p
        mass[1 : seen + 1] += up
    return mass
