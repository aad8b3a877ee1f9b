"""Logistic risk models fitted on covariate patterns, and the expected numbers that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit, xlog1py, xlogy

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import FloatArray, IntArray, counts_of
from services.ratings.methods.design_matrix import SingularDesign, Term, coefficient_names, design_matrix, terms_as_seen
from services.ratings.methods.newton import NotConverged, NoVariation
from services.ratings.methods.separation import refuse_separation
from services.ratings.methods.sums import sum_by_group, total

GRADIENT_TOLERANCE = 1e-8
MAX_ITERATIONS = 200
BALANCE = 1e-6  # sum of predictions against sum of outcomes
POLISHING_STEPS = 8


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A logistic model as fitted. `terms` hold the levels that the fit saw; arrays have shape (k,), `names` order.

    `deviance` is that of single cases (-2 log likelihood), so that it does not hang on how cases are grouped.
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
    method: str = "logistic"
    method_version: str = METHOD_VERSION


def fit_logistic(
    patterns: pl.DataFrame,
    terms: Sequence[Term],
    *,
    gradient_tol: float = GRADIENT_TOLERANCE,
    max_iter: int = MAX_ITERATIONS,
) -> FittedModel:
    """Fit on rows of the terms' columns with whole numbers `cases` and `observed`; rows of one pattern are added up.

    Raises NoVariation, SingularDesign, UnknownLevel, SeparationFound, NotConverged; ValueError for counts that are
    negative, fractional or observed above cases. Never falls back to a penalty. The order of rows changes no bit.
    """
    collapsed = collapse(patterns, [term.column for term in terms])
    cases, observed = _counts(collapsed)
    if not 0 < observed.sum() < cases.sum():
        raise NoVariation("the outcome has no events, or nothing but events")
    seen = terms_as_seen(collapsed, terms)
    names, design = coefficient_names(seen), design_matrix(collapsed, seen)
    _refuse_singular(design)
    refuse_separation(design, cases, observed, names)
    start, iterations = _fit_with_glum(design, cases, observed, gradient_tol, max_iter)
    coefficients = _polished(design, cases, observed, start)
    return FittedModel(
        names,
        coefficients,
        np.sqrt(np.diag(np.linalg.inv(_information(design, cases, expit(design @ coefficients))))),
        seen,
        iterations,
        _deviance(cases, observed, expit(design @ coefficients)),
        int(cases.sum()),
        int(observed.sum()),
        collapsed.height,
    )


def collapse(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Sums of whole-number `cases` and `observed` per key, sorted by the full key, patterns without cases left out."""
    summed = rows.select(*key, "cases", "observed")
    _counts(summed)
    summed = summed.with_columns(pl.col("cases", "observed").cast(pl.Int64))  # a 32-bit sum would wrap round
    if key:
        summed = summed.group_by(*key).agg(pl.col("cases", "observed").sum())
        return summed.filter(pl.col("cases") > 0).sort(*key, nulls_last=True)
    return summed.sum()


def _counts(frame: pl.DataFrame) -> tuple[IntArray, IntArray]:
    if any(not frame.schema[name].is_integer() or frame[name].null_count() for name in ("cases", "observed")):
        raise ValueError("cases and observed must be whole numbers, none missing")
    cases, observed = (counts_of(frame[name].to_numpy(), name) for name in ("cases", "observed"))
    if (observed > cases).any():
        raise ValueError("observed is above cases")
    return cases, observed


def _refuse_singular(design: FloatArray) -> None:
    scaled = design / np.maximum(np.abs(design).max(axis=0), np.finfo(np.float64).tiny)
    if np.linalg.matrix_rank(scaled) < design.shape[1]:
        raise SingularDesign("columns of the design determine one another")


def _fit_with_glum(
    design: FloatArray, cases: IntArray, observed: IntArray, gradient_tol: float, max_iter: int
) -> tuple[FloatArray, int]:
    from glum import GeneralizedLinearRegressor  # noqa: PLC0415 - seconds to import; a service that starts must not wait

    share = observed / cases
    if design.shape[1] == 1 or np.unique(share).size == 1:  # glum refuses both; the overall share is the answer
        overall = observed.sum() / cases.sum()
        return np.concatenate([[np.log(overall / (1 - overall))], np.zeros(design.shape[1] - 1)]), 0
    model = GeneralizedLinearRegressor(family="binomial", alpha=0, gradient_tol=gradient_tol, max_iter=max_iter)
    try:
        model.fit(np.ascontiguousarray(design[:, 1:]), share, sample_weight=cases.astype(np.float64))
    except np.linalg.LinAlgError as error:
        raise SingularDesign("columns of the design determine one another") from error
    if model.n_iter_ >= max_iter:
        raise NotConverged(f"no maximum found in {max_iter} iterations")
    return np.concatenate([[model.intercept_], model.coef_]), int(model.n_iter_)


def _information(design: FloatArray, cases: IntArray, risk: FloatArray) -> FloatArray:
    """Fisher information, shape (k, k). Its inverse is the covariance: glum's own is scaled by N / (N - k)."""
    return np.asarray(design.T @ (design * (cases * risk * (1 - risk))[:, None]))


def _polished(design: FloatArray, cases: IntArray, observed: IntArray, start: FloatArray) -> FloatArray:
    """Newton steps to the last digits. glum's tolerance is per case: at a million cases it alone leaves the sums of
    predictions and outcomes up to .01 apart. Raises NotConverged where they still differ by more than 1e-6."""
    coefficients = start
    for _ in range(POLISHING_STEPS):
        risk = expit(design @ coefficients)
        try:
            step = np.linalg.solve(_information(design, cases, risk), design.T @ (observed - cases * risk))
        except np.linalg.LinAlgError as error:
            raise SingularDesign("columns of the design determine one another") from error
        coefficients = coefficients + step
        if np.abs(step).max() <= 1e-13 * max(1.0, float(np.abs(coefficients).max())):
            break
    if not abs(total(cases * expit(design @ coefficients)) - float(observed.sum())) <= BALANCE:
        raise NotConverged("the sum of predictions differs from the sum of outcomes")
    return coefficients


def _deviance(cases: IntArray, observed: IntArray, risk: FloatArray) -> float:
    likelihood = xlogy(observed, risk) + xlog1py(cases - observed, -risk)
    return -2 * total(np.asarray(likelihood, dtype=np.float64))


def predict(model: FittedModel, patterns: pl.DataFrame) -> FloatArray:
    """Risk in (0, 1) of each row, shape (m,); raises UnknownLevel for a level that the fit did not see."""
    return np.asarray(expit(design_matrix(patterns, model.terms) @ model.coefficients))


def expected_by(rows: pl.DataFrame, model: FittedModel, by: str) -> pl.DataFrame:
    """`by`, `cases`, `observed`, `expected` per subject, sorted by `by`, from rows of subject x pattern with counts.

    expected = sum over patterns of cases x predicted risk, added in an order that the rows do not decide. Raises
    UnknownLevel, and ValueError for bad counts or a missing subject.
    """
    if rows[by].null_count():
        raise ValueError(f"{by} is missing")
    full = collapse(rows, [by, *(term.column for term in model.terms)])
    subjects = collapse(rows, [by])
    group = full.select(pl.col(by).rank("dense") - 1).to_series().to_numpy().astype(np.int64)
    risks = full["cases"].to_numpy() * predict(model, full)
    return subjects.with_columns(pl.Series("expected", sum_by_group(group, subjects.height, risks)))
