"""Maximum likelihood by damped Newton steps, for models whose design need not be written out row by row."""

from collections.abc import Iterator
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

    def parts(self) -> Iterator[tuple[slice, "Design"]]:
        """Cells in pieces that fit a processor's cache, each with its own part of the design: X'r and X'WX add up."""


class Family(Protocol):
    """A distribution of the events of a cell, with its canonical link."""

    def link(self, share: float) -> float:
        """The linear predictor at which `share` events are expected for each case."""

    def at(self, linear: FloatArray, cases: FloatArray, observed: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Log likelihood up to a constant of the data, and of each cell the events expected and their variance."""


class Logistic:
    """Events among cases, each with the same risk within a cell."""

    def link(self, share: float) -> float:
        return float(np.log(share / (1 - share)))

    def at(self, linear: FloatArray, cases: FloatArray, observed: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        small = np.exp(-np.abs(linear))  # never overflows, and serves the risk, its variance and the likelihood
        rest = 1 / (1 + small)
        likelihood = observed * linear - cases * (np.maximum(linear, 0.0) + np.log1p(small))
        expected = cases * np.where(linear >= 0, rest, small * rest)
        return float(likelihood.sum()), expected, cases * small * rest * rest


class Poisson:
    """Counts (days, events) that add up over the cases of a cell, each with the same mean."""

    def link(self, share: float) -> float:
        return float(np.log(share))

    def at(self, linear: FloatArray, cases: FloatArray, observed: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        with np.errstate(over="ignore"):  # a step too far makes the likelihood -inf, and is halved
            expected = cases * np.exp(linear)
        return float((observed * linear - expected).sum()), expected, expected


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the likelihood is largest: coefficients (k,), their covariance (k, k), all events expected there."""

    coefficients: FloatArray
    covariance: FloatArray
    expected: float
    log_likelihood: float
    iterations: int

    @property
    def standard_errors(self) -> FloatArray:
        """Model-based: the square roots of the inverse Fisher information's diagonal."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True, eq=False)
class _Point:
    """What is known at some coefficients."""

    coefficients: FloatArray
    log_likelihood: float
    expected: float
    gradient: FloatArray
    information: FloatArray


def maximise(
    design: Design,
    family: Family,
    cases: IntArray,
    observed: IntArray,
    *,
    offset: FloatArray | None = None,
    max_iter: int = MAX_ITERATIONS,
) -> Maximum:
    """Newton's method from the overall share, a step halved while it would lower the likelihood (Nelder and
    Wedderburn 1972 with the canonical links, where Newton and Fisher scoring are one).

    `cases` and `observed` in the shape of the design's cells; `offset`, of the same shape, is added to each linear
    predictor. Raises SingularDesign, and NotConverged after `max_iter` steps. Separation is the caller's to refuse
    first.
    """
    counts = cases.astype(np.float64), observed.astype(np.float64)
    start = np.zeros(design.width)
    start[0] = family.link(float(counts[1].sum() / counts[0].sum()))
    point = _point(design, family, start, counts, offset)
    for iteration in range(1, max_iter + 1):
        step = _solved(point.information, point.gradient)
        for halving in range(HALVINGS):
            tried = _point(design, family, point.coefficients + step * 0.5**halving, counts, offset)
            if tried.log_likelihood >= point.log_likelihood - ROUNDING * abs(point.log_likelihood):
                break
        else:
            raise NotConverged("no step along the gradient raises the likelihood")
        largest = max(1.0, float(np.abs(tried.coefficients).max()))
        small = np.abs(tried.coefficients - point.coefficients).max() <= SMALL_STEP * largest
        point = tried
        if small and halving == 0:
            covariance = _solved(point.information, np.eye(design.width))
            return Maximum(point.coefficients, covariance, point.expected, point.log_likelihood, iteration)
    raise NotConverged(f"no maximum found in {max_iter} iterations")


def _point(
    design: Design,
    family: Family,
    coefficients: FloatArray,
    counts: tuple[FloatArray, FloatArray],
    offset: FloatArray | None,
) -> _Point:
    likelihood, sum_expected = 0.0, 0.0
    gradient, information = np.zeros(design.width), np.zeros((design.width, design.width))
    for cells, part in design.parts():
        cases, observed = counts[0][cells], counts[1][cells]
        linear = part.linear(coefficients) if offset is None else part.linear(coefficients) + offset[cells]
        likely, expected, variance = family.at(linear, cases, observed)
        likelihood, sum_expected = likelihood + likely, sum_expected + float(expected.sum())
        gradient += part.totals(observed - expected)
        information += part.information(variance)
    return _Point(coefficients, likelihood, sum_expected, gradient, information)


def _solved(information: FloatArray, right: FloatArray) -> FloatArray:
    """Columns are brought to one scale first, so that a column of large numbers costs no digits."""
    scale = 1 / np.sqrt(np.maximum(np.diag(information), np.finfo(np.float64).tiny))
    try:
        solved = np.linalg.solve(information * np.outer(scale, scale), (right.T * scale).T)
    except np.linalg.LinAlgError as error:
        raise SingularDesign("columns of the design determine one another") from error
    return np.asarray((solved.T * scale).T)
