"""Each way to do it, in a process of its own, so that its peak memory is its own:
`python -m benchmarks.rate.contenders WAY FILE ANSWER`.

The clock runs from the Parquet file to observed over expected of every consultant; imports are done before. What was
found goes to ANSWER (an .npz), seconds and MiB to standard output as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.rate.world import COLUMNS, LEVELS, OUTCOME, TERMS, UNITS
from services.ratings.casemix.contingency import contingency
from services.ratings.casemix.grouping import count_by
from services.ratings.casemix.rating import rate_table
from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.design_matrix import design_matrix
from services.ratings.methods.risk import fit_logistic

LOOSE, TIGHT = 1e-8, 1e-13  # glum's gradient_tol: of methods 2.5, and where nothing moves any more
SUBSET = 1_000_000
MEBI = 1 << 10  # the kernel tells KiB


@dataclass(frozen=True, eq=False)
class Answer:
    """Coefficients in the order of the terms, their standard errors where the way gives them, and the consultants'
    observed, cases and expected in order of their codes; empty where the way does not go so far."""

    coefficients: FloatArray
    standard_errors: FloatArray
    consultants: pl.DataFrame


NOTHING = Answer(np.zeros(0), np.zeros(0), pl.DataFrame())


def bare(path: Path) -> Answer:
    """The limit: polars reads the same columns and does nothing with them."""
    pl.read_parquet(path, columns=list(COLUMNS))
    return NOTHING


def embedded(path: Path) -> Answer:
    """The product's own: a dense table of counts, Newton on the counts."""
    table = contingency(pl.scan_parquet(path), UNITS, LEVELS, OUTCOME)
    assert table is not None
    rated = rate_table(table, TERMS)
    return Answer(rated.model.coefficients, rated.model.standard_errors, _consultants(rated.units))


def embedded_subset(path: Path) -> Answer:
    """The same fit on the cases that statsmodels gets, by the group-by."""
    counts = count_by(pl.scan_parquet(path).head(SUBSET), [term.column for term in TERMS], OUTCOME)
    model = fit_logistic(counts, TERMS)
    return Answer(model.coefficients, model.standard_errors, pl.DataFrame())


def glum_on_rows(path: Path) -> Answer:
    return _glum_on_rows(path, LOOSE)


def glum_on_rows_by_default(path: Path) -> Answer:
    return _glum_on_rows(path, None)


def _glum_on_rows(path: Path, tolerance: float | None) -> Answer:
    """Every episode is a row; columns of words are handed over as glum likes them best, as categorical codes."""
    from tabmat import CategoricalMatrix, SplitMatrix  # noqa: PLC0415 - of this way only

    rows = pl.read_parquet(path, columns=list(COLUMNS))
    outcome, who = rows[OUTCOME].to_numpy().astype(np.float64), rows.select("consultant", OUTCOME)
    codes = [rows[term.column].cast(pl.Enum(_reference_first(term))).to_physical().to_numpy() for term in TERMS]
    del rows
    matrices = [
        CategoricalMatrix(code.astype(np.int32), categories=np.array(_reference_first(term)), drop_first=True)
        for term, code in zip(TERMS, codes, strict=True)
    ]
    del codes
    model = _glum(tolerance).fit(design := SplitMatrix(matrices), outcome)
    expected = who.with_columns(expected=pl.Series(model.predict(design)))
    found = expected.group_by("consultant").agg(
        cases=pl.len(), observed=pl.col(OUTCOME).cast(pl.Int64).sum(), expected=pl.col("expected").sum()
    )
    return Answer(_with_intercept(model), np.zeros(0), found.sort("consultant"))


def glum_on_patterns(path: Path) -> Answer:
    """Patterns by polars' group-by, glum's IRLS on them as weighted rows, the risks joined back to the consultants."""
    columns = [term.column for term in TERMS]
    episodes = pl.scan_parquet(path)
    patterns = count_by(episodes, columns, OUTCOME)
    from tabmat import CategoricalMatrix, SplitMatrix  # noqa: PLC0415 - of this way only

    matrices = [
        CategoricalMatrix(
            patterns[term.column].cast(pl.Enum(_reference_first(term))).to_physical().to_numpy().astype(np.int32),
            categories=np.array(_reference_first(term)), drop_first=True,
        )
        for term in TERMS
    ]  # fmt: skip
    cases = patterns["cases"].to_numpy().astype(np.float64)
    design, share = SplitMatrix(matrices), patterns["observed"].to_numpy() / cases
    model = _glum(TIGHT).fit(design, share, sample_weight=cases)
    risks = patterns.select(columns).with_columns(expected=pl.Series(model.predict(design)))
    found = (
        episodes.join(risks.lazy(), on=columns)
        .group_by("consultant")
        .agg(cases=pl.len(), observed=pl.col(OUTCOME).cast(pl.Int64).sum(), expected=pl.col("expected").sum())
        .collect()
    )
    return Answer(_with_intercept(model), np.zeros(0), found.sort("consultant"))


def statsmodels_on_subset(path: Path) -> Answer:
    """The first million episodes, one row each; all ten would need a design of 13 GB and its copies."""
    import statsmodels.api as sm  # noqa: PLC0415 - of this way only

    rows = pl.read_parquet(path, columns=list(COLUMNS), n_rows=SUBSET)
    design = design_matrix(rows, TERMS)
    fit = sm.GLM(rows[OUTCOME].to_numpy(), design, family=sm.families.Binomial()).fit(tol=1e-12, maxiter=50)
    return Answer(fit.params, fit.bse, pl.DataFrame())


def _glum(tolerance: float | None) -> Any:
    from glum import GeneralizedLinearRegressor  # noqa: PLC0415 - seconds to import, and of some ways only

    settings = {} if tolerance is None else {"gradient_tol": tolerance, "max_iter": 500}
    return GeneralizedLinearRegressor(family="binomial", alpha=0, **settings)


def _with_intercept(model: Any) -> FloatArray:
    return np.concatenate([[model.intercept_], model.coef_])


def _reference_first(term: Any) -> list[str]:
    return [term.reference, *(level for level in term.levels if level != term.reference)]


def _consultants(units: pl.DataFrame) -> pl.DataFrame:
    return units.group_by("consultant").agg(pl.col("cases", "observed", "expected").sum()).sort("consultant")


WAYS: dict[str, Callable[[Path], Answer]] = {
    "bare read": bare,
    "embedded": embedded,
    "embedded, subset": embedded_subset,
    "glum on rows": glum_on_rows,
    "glum on rows, default tolerance": glum_on_rows_by_default,
    "glum on patterns": glum_on_patterns,
    "statsmodels on a subset": statsmodels_on_subset,
}
IMPORTED = {"glum": ("glum", "tabmat"), "statsmodels": ("statsmodels.api",)}


def peak_mebibytes() -> float:
    """The largest resident memory that this process ever had, as the kernel tells it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / MEBI
    raise RuntimeError("the kernel does not tell the peak memory of a process")


def main(way: str, path: Path, answer: Path) -> None:
    for module in IMPORTED.get(way.split(maxsplit=1)[0], ()):
        __import__(module)
    began, busy = time.perf_counter(), time.process_time()
    found = WAYS[way](path)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    told = {"seconds": seconds, "processor_seconds": busy, "peak_mebibytes": peak_mebibytes()}
    whole = [name for name in ("cases", "observed", "expected") if name in found.consultants.columns]
    consultants = np.column_stack([found.consultants[name] for name in whole]) if whole else np.zeros((0, 3))
    np.savez(
        answer,
        coefficients=found.coefficients,
        standard_errors=found.standard_errors,
        consultants=consultants.astype(np.float64),  # counts of cases are exact in it
    )
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
