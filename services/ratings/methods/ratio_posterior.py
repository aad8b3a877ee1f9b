"""What is believed of each provider's true ratio once its count is seen (Goldstein and Spiegelhalter 1996).

Two priors. Flat: any ratio is as likely as any other, as Goldstein and Spiegelhalter have it; the further a small
provider's count strays by chance, the further its true ratio is taken to be. Random effects: true ratios spread around
1 with a known variance, so that a count says less the fewer events it has (Clayton and Kaldor 1987).
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, gammainc, gammaincinv, ndtr, ndtri

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.funnel import rated_rows

GAMMA_PRIOR = 0.5  # the events that a provider enters with (Jeffreys), so that none has a ratio of exactly 0
VARIANCES = (1e-6, 50.0)
"""Between-provider variances that are told apart: published ones have three decimals. Below, incomplete beta integrals
lose digits; above, the quantiles of a provider without events underflow to 0, and two such could not be ordered."""


class Shape(StrEnum):
    NORMAL_LOG_RATIO = "normal_log_ratio"
    GAMMA = "gamma"
    GAMMA_RANDOM_EFFECTS = "gamma_random_effects"


@dataclass(frozen=True, eq=False)
class RatioPosterior:
    """Distributions of the distinct rows, shape (u,), sorted by (O, E): no result can hang on the order of the rows.

    `row` of shape (n,) says which distribution each provider has, `copies` of shape (u,) how many share it. Normal:
    ln ratio ~ N(ln(O/E), 1/E). Gamma, for everybody as soon as one provider has no event: ratio ~ G(O + .5, rate E).
    Random effects, with tau2 the between-provider variance: ratio ~ G(O + 1/tau2, rate E + 1/tau2), the prior having
    mean 1 and variance tau2.
    """

    shape: Shape
    observed: FloatArray
    expected: FloatArray
    copies: IntArray
    row: IntArray
    prior_events: float = GAMMA_PRIOR
    prior_expected: float = 0.0

    @classmethod
    def of(
        cls, observed: ArrayLike, expected: ArrayLike, between_provider_variance: float | None = None
    ) -> "RatioPosterior":
        """From counts and expected numbers of shape (n,), flat without a variance; variances outside VARIANCES stand at
        the nearer end. Raises ValueError for a bad count, E not above 0 or a variance that is not finite and above 0.
        """
        counts, expects = rated_rows(observed, expected)
        rows, row, copies = np.unique(
            np.column_stack([counts.astype(np.float64), expects]), axis=0, return_inverse=True, return_counts=True
        )
        told = (rows[:, 0], rows[:, 1], copies.astype(np.int64), row.reshape(-1).astype(np.int64))
        if between_provider_variance is None:
            return cls(Shape.GAMMA if (counts == 0).any() else Shape.NORMAL_LOG_RATIO, *told)
        if not 0 < between_provider_variance < math.inf:
            raise ValueError("between_provider_variance must be finite and above 0")
        prior = 1 / min(max(between_provider_variance, VARIANCES[0]), VARIANCES[1])
        return cls(Shape.GAMMA_RANDOM_EFFECTS, *told, prior_events=prior, prior_expected=prior)

    @property
    def centre(self) -> FloatArray:
        """ln(O/E) of the normal form, shape (u,)."""
        return np.asarray(np.log(self.observed / self.expected))

    @property
    def spread(self) -> FloatArray:
        """Standard deviation 1/sqrt E of the normal form, shape (u,)."""
        return np.asarray(1 / np.sqrt(self.expected))

    @property
    def events(self) -> FloatArray:
        """Shape parameter of the gamma forms, shape (u,)."""
        return self.observed + self.prior_events

    @property
    def rate(self) -> FloatArray:
        """Rate parameter of the gamma forms, shape (u,)."""
        return self.expected + self.prior_expected

    def chance_below(self, these: IntArray, those: IntArray) -> FloatArray:
        """P(ratio of each of `those` lies below that of each of `these`), shape (these, those); closed form."""
        if self.shape is Shape.NORMAL_LOG_RATIO:
            y, variance = self.centre, 1 / self.expected
            apart = y[these, None] - y[None, those]
            return np.asarray(ndtr(apart / np.sqrt(variance[these, None] + variance[None, those])))
        a, rate = self.events, self.rate
        share = rate[None, those] / (rate[None, those] + rate[these, None])
        below = betainc(a[None, those], a[these, None], share)
        return np.where(these[:, None] == those[None, :], 0.5, below)  # equals: the integral's last bit is not even

    def quantiles(self, row: int, levels: FloatArray) -> FloatArray:
        """Quantiles of one row, shape (levels,): of the log ratio (normal form) or of the ratio (gamma form)."""
        if self.shape is Shape.NORMAL_LOG_RATIO:
            return np.asarray(self.centre[row] + self.spread[row] * ndtri(levels))
        return np.asarray(gammaincinv(self.events[row], levels) / self.rate[row])

    def cumulative(self, at: FloatArray) -> FloatArray:
        """P(each row <= each point of `at`), shape (u, at), on the scale that `quantiles` speaks."""
        if self.shape is Shape.NORMAL_LOG_RATIO:
            return np.asarray(ndtr((at[None, :] - self.centre[:, None]) / self.spread[:, None]))
        return np.asarray(gammainc(self.events[:, None], at[None, :] * self.rate[:, None]))

    def draw(self, generator: np.random.Generator, draws: int) -> FloatArray:
        """Draws for every provider in sorted order, copies side by side, shape (draws, n)."""
        each = np.repeat(np.arange(len(self.copies)), self.copies)
        if self.shape is Shape.NORMAL_LOG_RATIO:
            normal = generator.standard_normal((draws, len(each)))
            normal *= self.spread[each]
            normal += self.centre[each]
            return normal
        shapes = np.broadcast_to(self.events[each], (draws, len(each)))
        return np.asarray(generator.standard_gamma(shapes) / self.rate[each])
