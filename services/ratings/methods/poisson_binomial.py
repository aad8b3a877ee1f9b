"""The number of events when each case has a risk of its own (Hong 2013): one subject's whole distribution.

The right law for a consultant's few cases; a Poisson with the same expected number is too wide. For the tails of many
subjects at once see `own_cases`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import FloatArray, counts_of, same_length, vector_of
from services.ratings.methods.sums import total

EXACT_TO = 20_000  # cases whose outcome is open; above, the normal law is right to the digits that anybody publishes
EXACT, NORMAL = "poisson_binomial_exact", "poisson_binomial_normal_continuity"


@dataclass(frozen=True, eq=False)
class PoissonBinomial:
    """P(X = k) for k = 0..cases, shape (cases + 1,); `method` says whether exact or by the normal law."""

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
    With more than 20,000 open cases: normal with continuity correction. Raises ValueError for a risk outside [0, 1].
    """
    risks, sizes = risks_of(risk), counts_of(cases, "cases")
    same_length(risks, sizes)
    sure, whole = int(sizes[risks == 1].sum()), int(sizes.sum())
    is_open = (risks > 0) & (risks < 1)
    each = np.sort(np.repeat(risks[is_open], sizes[is_open]))
    expected, variance = sure + total(each), total(each * (1 - each))
    exact = len(each) <= EXACT_TO
    mass = np.zeros(whole + 1)
    mass[sure : sure + len(each) + 1] = _convolved(each) if exact else _normal(len(each), total(each), variance)
    return PoissonBinomial(mass, expected, variance, EXACT if exact else NORMAL)


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


def _normal(cases: int, expected: float, variance: float) -> FloatArray:
    """Steps of the normal law at half counts, shape (cases + 1,); what lies beyond the ends belongs to the ends."""
    edges = (np.arange(1, cases + 1) - 0.5 - expected) / np.sqrt(variance)
    below, above = ndtr(edges), ndtr(-edges)
    # each step from the side where it is small: a difference of two numbers near 1 has no digits
    inner = np.where(edges[1:] <= 0, below[1:] - below[:-1], above[:-1] - above[1:])
    return np.concatenate([below[:1], inner, above[-1:]])
