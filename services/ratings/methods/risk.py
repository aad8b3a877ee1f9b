"""Risk models fitted on covariate patterns, logistic and Poisson, and the expected numbers that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from scipy.special import expit, xlogy

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.design_matrix import SingularDesign, Term, coefficient_names, design_matrix
from services.ratings.methods.designs import Grid, Pairs, Rows
from services.ratings.methods.newton import (
    MAX_ITERATIONS,
    Family,
    Logistic,
    Maximum,
    NotConverged,
    NoVariation,
    Poisson,
    maximise,
)
from services.ratings.methods.pair_counts import PairCounts, paired
from services.ratings.methods.pattern_counts import collapse
from services.ratings.methods.separation import refuse_separation
from services.ratings.methods.sums import sum_by_group, total

__all__ = [  # what callers of a fit need, wherever it is written
    "FittedModel", "NoVariation", "NotConverged", "SingularDesign", "collapse", "expected_by", "fit_logistic",
    "fit_logistic_pairs", "fit_poisson", "predict",
]  # fmt: skip
BALANCE = 1e-6  # sum of predictions against sum of outcomes, for up to a million of either; in proportion beyond
WRITTEN_OUT = 1 << 22  # numbers in a design matrix; a larger one is held as pairs
GRID_PER_CELL = 4  # of those pairs that could be, so many for each that is: more, and a grid would be mostly empty


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model as fitted. `terms` hold the levels that the fit saw; arrays have shape (k,), `names` order.

    `deviance` of a logistic model is that of single cases (-2 log likelihood), so that it does not hang on how cases
    are grouped; of a Poisson model it is that of the patterns. `dispersion`: Pearson's, of a Poisson model whose
    patterns came with sums of squares; the standard errors are those of dispersion 1.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    standard_errors: FloatArray
    terms: tuple[Term, ...]
    iterations: int
    deviance: float
    cases: int
    observed: int
    patterns: int
    method: Literal["logistic", "poisson"] = "logistic"
    dispersion: float | None = None
    method_version: str = METHOD_VERSION


def fit_logistic(patterns: pl.DataFrame, terms: Sequence[Term], *, max_iter: int = MAX_ITERATIONS) -> FittedModel:
    """Fit on rows of the terms' columns with whole numbers `cases` and `observed`; rows of one pattern are added up.

    Raises NoVariation, SingularDesign, UnknownLevel, SeparationFound, NotConverged; ValueError for counts that are
    negative, fractional or observed above cases. Never falls back to a penalty. The order of rows changes no bit.
    """
    return fit_logistic_pairs(paired(collapse(patterns, _columns(terms)), terms), terms, max_iter=max_iter)


def fit_logistic_pairs(counts: PairCounts, terms: Sequence[Term], *, max_iter: int = MAX_ITERATIONS) -> FittedModel:
    """As `fit_logistic`, from counts of pairs: what a million cells take, where each need not be written out."""
    if not 0 < counts.observed.sum() < counts.cases.sum():
        raise NoVariation("the outcome has no events, or nothing but events")
    seen = counts.seen(terms)
    design = _design(counts, seen)
    refuse_separation(design, counts.cases, counts.observed, coefficient_names(seen))
    found = _fitted(design, Logistic(), counts, max_iter)
    return _model(seen, found, counts, deviance=-2 * found.log_likelihood)


def fit_poisson(patterns: pl.DataFrame, terms: Sequence[Term], *, max_iter: int = MAX_ITERATIONS) -> FittedModel:
    """Poisson model with log link of a count per case, such as days in hospital: `observed` is its sum per pattern.

    With `observed_squared`, the sum of its squares, Pearson's dispersion follows: sum of (y - mu)^2 / mu over cases,
    divided by cases - k (McCullagh and Nelder 1989). Raises as `fit_logistic`, except that a count may exceed the
    cases; ArithmeticError where there are no more cases than coefficients to leave a dispersion.
    """
    squares = [name for name in ("observed_squared",) if name in patterns.columns]
    collapsed = collapse(patterns, _columns(terms), limited=False, also=squares)
    counts = paired(collapsed, terms)
    if not counts.observed.sum():
        raise NoVariation("nothing was counted")
    seen = counts.seen(terms)
    design = _design(counts, seen)
    some = (counts.observed > 0).astype(np.int64)
    twice = np.full(len(some), 2)  # a pattern with a count would allow none as well; one without leans one way
    refuse_separation(design, twice, some, coefficient_names(seen))
    found = _fitted(design, Poisson(), counts, max_iter)
    expected = np.asarray(counts.cases * np.exp(design.linear(found.coefficients)), dtype=np.float64)
    deviance = 2 * total(xlogy(counts.observed, counts.observed / expected) - (counts.observed - expected))
    dispersion = _pearson(collapsed[squares[0]].to_numpy(), counts, expected, design.width) if squares else None
    return replace(_model(seen, found, counts, deviance=deviance, dispersion=dispersion), method="poisson")


def _pearson(squares: IntArray, counts: PairCounts, expected: FloatArray, width: int) -> float:
    left = int(counts.cases.sum()) - width
    if left < 1:
        raise ArithmeticError("there are too few cases to estimate a dispersion")
    mean = expected / counts.cases
    return total((squares - 2 * mean * counts.observed) / mean + expected) / left


def _columns(terms: Sequence[Term]) -> list[str]:
    return [term.column for term in terms]


def _design(counts: PairCounts, seen: tuple[Term, ...]) -> Rows | Pairs:
    """Raises SingularDesign where columns determine one another; of pairs, the search for separation does."""
    pairs = counts.design(seen)
    if len(counts.cases) * pairs.width > WRITTEN_OUT:
        return pairs
    rows = pairs.written_out()
    scaled = rows.matrix / np.maximum(np.abs(rows.matrix).max(axis=0), np.finfo(np.float64).tiny)
    if np.linalg.matrix_rank(scaled) < rows.width:
        raise SingularDesign("columns of the design determine one another")
    return rows


def _fitted(design: Rows | Pairs, family: Family, counts: PairCounts, max_iter: int) -> Maximum:
    cases, observed = counts.cases, counts.observed
    if isinstance(design, Pairs) and len(design.first) * len(design.second) <= GRID_PER_CELL * len(cases):
        cases, observed = counts.table(cases), counts.table(observed)
        found = maximise(Grid(design.first, design.second), family, cases, observed, max_iter=max_iter)
    else:
        found = maximise(design, family, cases, observed, max_iter=max_iter)
    events = int(observed.sum())
    if not abs(found.expected - events) <= BALANCE * max(1.0, events / 1e6):
        raise NotConverged("the sum of predictions differs from the sum of outcomes")
    return found


def _model(
    seen: tuple[Term, ...], found: Maximum, counts: PairCounts, *, deviance: float, dispersion: float | None = None
) -> FittedModel:
    return FittedModel(
        coefficient_names(seen),
        found.coefficients,
        found.standard_errors,
        seen,
        found.iterations,
        deviance,
        int(counts.cases.sum()),
        int(counts.observed.sum()),
        len(counts.cases),
        dispersion=dispersion,
    )


def predict(model: FittedModel, patterns: pl.DataFrame) -> FloatArray:
    """Risk in (0, 1), or mean count, of each row, shape (m,); raises UnknownLevel for a level the fit did not see."""
    linear = design_matrix(patterns, model.terms) @ model.coefficients
    return np.asarray(expit(linear) if model.method == "logistic" else np.exp(linear))


def expected_by(rows: pl.DataFrame, model: FittedModel, by: str) -> pl.DataFrame:
    """`by`, `cases`, `observed`, `expected` per subject, sorted by `by`, from rows of subject x pattern with counts.

    expected = sum over patterns of cases x predicted risk, added in an order that the rows do not decide. Raises
    UnknownLevel, and ValueError for bad counts or a missing subject.
    """
    if rows[by].null_count():
        raise ValueError(f"{by} is missing")
    limited = model.method == "logistic"
    full = collapse(rows, [by, *_columns(model.terms)], limited=limited)
    subjects = collapse(rows, [by], limited=limited)
    group = full.select(pl.col(by).rank("dense") - 1).to_series().to_numpy().astype(np.int64)
    risks = full["cases"].to_numpy() * predict(model, full)
    return subjects.with_columns(pl.Series("expected", sum_by_group(group, subjects.height, risks)))
