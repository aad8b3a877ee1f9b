"""Maximum likelihood by damped Newton steps, for models whose design need not be written out row by row."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.design_matrix import SingularDesign

MAX_ITERATIONS = 50
SMALL_STEP = 1e-9  # Newton's error falls with the square of its step: the step below this one leaves nothing to correct
HALVINGS = 40
ROUNDING = 1e-12  # of the log likelihood: a fall within it is the sum's own rounding


class NoVariation(ValueError):
    """No events, or only events: there is nothing to model."""


class NotConverged(ArithmeticError):
    """The fit stopped short of the maximum; no figure may rest on it."""


class Design(Protocol):
    """A design X of m cells and k columns, the intercept first. Cells have any shape that counts have too."""

    @property
    def width(self) -> int:
        """k, the number of coefficients."""

    def linear(self, coefficients: FloatArray) -> FloatArray:
        """X b, one number per cell."""

    def totals(self, residuals: FloatArray) -> FloatArray:
        """X'r, shape (k,)."""

    def information(self, weights: FloatArray) -> FloatArray:
        """X'WX, shape (k, k)."""


class Family(Protocol):
    """A distribution of the events of a cell, with its canonical link."""

    def link(self, share: float) -> float:
        """The linear predictor at which `share` events are expected for each case."""

    def expected(self, linear: FloatArray, cases: IntArray) -> FloatArray:
        """Events expected in each cell."""

    def weight(self, expected: FloatArray, cases: IntArray) -> FloatArray:
        """Variance of the events of each cell."""

    def log_likelihood(self, linear: FloatArray, cases: IntArray, observed: IntArray) -> float:
        """Up to a constant of the data."""


class Logistic:
    """Events among cases, each with the same risk within a cell."""

    def link(self, share: float) -> float:
        return float(np.log(share / (1 - share)))

    def expected(self, linear: FloatArray, cases: IntArray) -> FloatArray:
        with np.errstate(over="ignore"):  # exp(-x) = infinity is a risk of 0
            return np.asarray(cases / (1 + np.exp(-linear)))

    def weight(self, expected: FloatArray, cases: IntArray) -> FloatArray:
        return np.asarray(expected - expected * expected / np.maximum(cases, 1))

    def log_likelihood(self, linear: FloatArray, cases: IntArray, observed: IntArray) -> float:
        softplus = np.maximum(linear, 0.0) + np.log1p(np.exp(-np.abs(linear)))
        return float(np.sum(observed * linear - cases * softplus))


class Poisson:
    """Counts (days, events) that add up over the cases of a cell, each with the same mean."""

    def link(self, share: float) -> float:
        return float(np.log(share))

    def expected(self, linear: FloatArray, cases: IntArray) -> FloatArray:
        return np.asarray(cases * np.exp(linear))

    def weight(self, expected: FloatArray, cases: IntArray) -> FloatArray:  # noqa: ARG002 - the family's signature
        return expected

    def log_likelihood(self, linear: FloatArray, cases: IntArray, observed: IntArray) -> float:
        with np.errstate(over="ignore"):  # a step too far makes it -inf, and is halved
            return float(np.sum(observed * linear - cases * np.exp(linear)))


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the likelihood is largest: coefficients (k,), their covariance (k, k), events expected per cell."""

    coefficients: FloatArray
    covariance: FloatArray
    expected: FloatArray
    log_likelihood: float
    iterations: int

    @property
    def standard_errors(self) -> FloatArray:
        """Model-based: the square roots of the inverse Fisher information's diagonal."""
        return np.sqrt(np.diag(self.covariance))


def maximise(
    design: Design,
    family: Family,
    cases: IntArray,
    observed: IntArray,
    *,
    offset: FloatArray | float = 0.0,
    max_iter: int = MAX_ITERATIONS,
) -> Maximum:
    """Newton's method from the overall share, a step halved while it would lower the likelihood (Nelder and
    Wedderburn 1972 with the canonical links, where Newton and Fisher scoring are one).

    `cases` and `observed` in the shape of the design's cells; `offset` is added to each linear predictor. Raises
    SingularDesign, and NotConverged after `max_iter` steps. Separation is the caller's to refuse first.
    """
    coefficients = np.zeros(design.width)
    coefficients[0] = family.link(float(observed.sum() / cases.sum()))
    linear = design.linear(coefficients) + offset
    reached = family.log_likelihood(linear, cases, observed)
    for iteration in range(1, max_iter + 1):
        expected = family.expected(linear, cases)
        step = _solved(design.information(family.weight(expected, cases)), design.totals(observed - expected))
        for halving in range(HALVINGS):
            tried = coefficients + step * 0.5**halving
            linear = design.linear(tried) + offset
            likelihood = family.log_likelihood(linear, cases, observed)
            if likelihood >= reached - ROUNDING * abs(reached):
                break
        else:
            raise NotConverged("no step along the gradient raises the likelihood")
        small = np.abs(tried - coefficients).max() <= SMALL_STEP * max(1.0, float(np.abs(tried).max()))
        coefficients, reached = tried, likelihood
        if small and halving == 0:
            expected = family.expected(linear, cases)
            covariance = _solved(design.information(family.weight(expected, cases)), np.eye(design.width))
            return Maximum(coefficients, covariance, expected, reached, iteration)
    raise NotConverged(f"no maximum found in {max_iter} iterations")


def _solved(information: FloatArray, right: FloatArray) -> FloatArray:
    """Columns are brought to one scale first, so that a column of large numbers costs no digits."""
    scale = 1 / np.sqrt(np.maximum(np.diag(information), np.finfo(np.float64).tiny))
    try:
        solved = np.linalg.solve(information * np.outer(scale, scale), (right.T * scale).T)
    except np.linalg.LinAlgError as error:
        raise SingularDesign("columns of the design determine one another") from error
    return np.asarray((solved.T * scale).T)
