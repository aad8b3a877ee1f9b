"""The patients' rule `counts-1-7`: what is told of larger counts, so that none of them can be had exactly."""

from typing import Final

import polars as pl

STEP: Final = 5
EXACT: Final = (
    "interval_lower", "interval_upper", "interval_method", "robustness_paths", "robustness_agreeing",
    "robustness_differing", "place_lower", "place_upper", "places_of",
)  # fmt: skip


def told_to_five(rows: pl.DataFrame) -> pl.DataFrame:
    """Results whose counts are to the nearest 5, and whose estimate and position are those of such counts.

    Expected numbers and limits are told as they are: so an estimate of the exact count would give it back, and so
    would exact limits of confidence, a place, or a position that only some of the counts have which are told alike.
    Worked out from what is told, nothing says more than the count does: each but 0 stands for five counts.
    """
    observed, cases = (_nearest(pl.col(name)) for name in ("observed", "cases"))
    told = rows.with_columns(observed.alias("observed"), cases.alias("cases"))
    known = pl.col("ratio").is_not_null()
    told = told.with_columns(pl.when(known).then(pl.col("observed") / pl.col("expected")).alias("ratio"))
    told = told.with_columns(pl.when(known).then(pl.col("ratio") * pl.col("benchmark")).alias("estimate"))
    return told.with_columns(
        _position().alias("position"), *(pl.lit(None, rows.schema[name]).alias(name) for name in EXACT)
    )


def _nearest(count: pl.Expr) -> pl.Expr:
    return (2 * count + STEP) // (2 * STEP) * STEP


def _position() -> pl.Expr:
    """Where the told estimate lies among the limits; empty stays empty, for what is not compared."""
    estimate = pl.col("estimate")
    return (
        pl.when(pl.col("position").is_null() | (pl.col("position") == "")).then("position")
        .when(estimate > pl.col("control_upper")).then(pl.lit("above_control"))
        .when(estimate < pl.col("control_lower")).then(pl.lit("below_control"))
        .when(estimate > pl.col("warning_upper")).then(pl.lit("above_warning"))
        .when(estimate < pl.col("warning_lower")).then(pl.lit("below_warning"))
        .otherwise(pl.lit("within"))
    )  # fmt: skip
