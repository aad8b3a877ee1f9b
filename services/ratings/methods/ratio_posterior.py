"""What is believed of each provider's true ratio once its count is seen (Goldstein and Spiegelhalter 1996)."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, gammainc, gammaincinv, ndtr, ndtri

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.funnel import rated_rows

GAMMA_PRIOR = 0.5  # the events that a provider enters with (Jeffreys), so that none has a ratio of exactly 0


class Shape(StrEnum):
    NORMAL_LOG_RATIO = "normal_log_ratio"
    GAMMA = "gamma"


@dataclass(frozen=True, eq=False)
class RatioPosterior:
    """Distributions of the distinct rows, shape (u,), sorted by (O, E): no result can hang on the order of the rows.

    `row` of shape (n,) says which distribution each provider has, `copies` of shape (u,) how many share it. Normal:
    ln ratio ~ N(ln(O/E), 1/E). Gamma, for everybody as soon as one provider has no event: ratio ~ G(O + .5, rate E).
    """

    shape: Shape
    observed: FloatArray
    expected: FloatArray
    copies: IntArray
    row: IntArray

    @classmethod
    def of(cls, observed: ArrayLike, expected: ArrayLike) -> "RatioPosterior":
        """From counts and expected numbers of shape (n,); raises ValueError for a bad count or E not above 0."""
        counts, expects = rated_rows(observed, expected)
        rows, row, copies = np.unique(
            np.column_stack([counts.astype(np.float64), expects]), axis=0, return_inverse=True, return_counts=True
        )
        shape = Shape.GAMMA if (counts == 0).any() else Shape.NORMAL_LOG_RATIO
        return cls(shape, rows[:, 0], rows[:, 1], copies.astype(np.int64), row.reshape(-1).astype(np.int64))

    @property
    def centre(self) -> FloatArray:
        """ln(O/E) of the normal form, shape (u,)."""
        return np.asarray(np.log(self.observed / self.expected))

    @property
    def spread(self) -> FloatArray:
        """Standard deviation 1/sqrt E of the normal form, shape (u,)."""
        return np.asarray(1 / np.sqrt(self.expected))

    def chance_below(self, these: IntArray, those: IntArray) -> FloatArray:
        """P(ratio of each of `those` lies below that of each of `these`), shape (these, those); closed form."""
        if self.shape is Shape.NORMAL_LOG_RATIO:
            y, variance = self.centre, 1 / self.expected
            apart = y[these, None] - y[None, those]
            return np.asarray(ndtr(apart / np.sqrt(variance[these, None] + variance[None, those])))
        a, rate = self.observed + GAMMA_PRIOR, self.expected
        share = rate[None, those] / (rate[None, those] + rate[these, None])
        return np.asarray(betainc(a[None, those], a[these, None], share))

    def quantiles(self, row: int, levels: FloatArray) -> FloatArray:
        """Quantiles of one row, shape (levels,): of the log ratio (normal form) or of the ratio (gamma form)."""
        if self.shape is Shape.NORMAL_LOG_RATIO:
            return np.asarray(self.centre[row] + self.spread[row] * ndtri(levels))
        return np.asarray(gammaincinv(self.observed[row] + GAMMA_PRIOR, levels) / self.expected[row])

    def cumulative(self, at: FloatArray) -> FloatArray:
        """P(each row <= each point of `at`), shape (u, at), on the scale that `quantiles` speaks."""
        if self.shape is Shape.NORMAL_LOG_RATIO:
            return np.asarray(ndtr((at[None, :] - self.centre[:, None]) / self.spread[:, None]))
        return np.asarray(gammainc(self.observed[:, None] + GAMMA_PRIOR, at[None, :] * self.expected[:, None]))

    def draw(self, generator: np.random.Generator, draws: int) -> FloatArray:
        """Draws for every provider in sorted order, copies side by side, shape (draws, n)."""
        each = np.repeat(np.arange(len(self.copies)), self.copies)
        if self.shape is Shape.NORMAL_LOG_RATIO:
            normal = generator.standard_normal((draws, len(each)))
            normal *= self.spread[each]
            normal += self.centre[each]
            return normal
        shapes = np.broadcast_to((self.observed + GAMMA_PRIOR)[each], (draws, len(each)))
        return np.asarray(generator.standard_gamma(shapes) / self.expected[each])
