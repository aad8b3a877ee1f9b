"""The recipe of figures that others have published: shown as they are, and not judged here."""

import numpy as np
import polars as pl

from services.ratings.assembly.absences import DATA_QUALITY, NOT_APPLICABLE, NOT_GIVEN, OF_PUBLISHERS, STATUS_OF
from services.ratings.assembly.feed_rows import feed_rows
from services.ratings.assembly.schema import RESULTS, BuildRefused, Computed, Span, as_declared
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.plain import Figure
from services.ratings.methods.intervals import IntervalRule, count_interval, wilson_interval
from services.ratings.methods.levels import WARNING

AS_PUBLISHED = "as_published"
NO_LIMITS = "none"
NOT_JUDGED = "not_judged"
KEY = ["provider", "period_start", "period_end"]
SAID = ["word", "verdict", "estimate", "interval_lower", "interval_upper", "interval_method", "cases", "observed",
        "status", "reason"]  # fmt: skip
FEED = "feed "  # before the names of the feed's own columns, which may be any
SHOWN = 3  # of what is not in a list


def from_published(frame: pl.DataFrame, definition: Definition) -> Computed | None:
    """One row per organisation and period of the slice; None where it has none. Aggregates are nobody's row.

    A figure that is absent has its publisher's reason. Two different figures of one organisation and period are none:
    which of them holds was not published. Raises BuildRefused for a word that is not in the indicator's list.
    """
    assert definition.figure is not None
    rows = feed_rows(frame, definition).filter(~pl.col("aggregate"))
    if rows.is_empty():
        return None
    said = _once(_with_status(_said(rows, definition.figure, definition)))
    if definition.figure.only_where_done:
        said = said.filter(pl.col("reason") != NOT_APPLICABLE)
    return Computed(
        as_declared([_results(said, definition)], "results"),
        as_declared([_periods(said, definition)], "comparisons"),
        *(as_declared([], name) for name in ("members", "cells", "models")),
    )


def _said(rows: pl.DataFrame, figure: Figure, definition: Definition) -> pl.DataFrame:
    """KEY, what SAID has of the figure's form, and `reason`, which is null where there is a figure."""
    own = [pl.col(name).alias(f"{FEED}{name}") for name in dict.fromkeys(figure.columns)]
    told = rows.select(*KEY, *_listed(rows, figure, definition), *own)
    if figure.word is not None:
        return _with_reason(told, pl.col("word").is_null())
    if figure.value is not None:
        return _with_reason(_of_value(told, figure), pl.col("estimate").is_null())
    return _of_counts(told, figure, definition.id, definition.kind == "proportion")


def _with_reason(told: pl.DataFrame, absent: pl.Expr) -> pl.DataFrame:
    return told.with_columns(pl.when(absent).then(pl.coalesce("why", pl.lit(NOT_GIVEN))).alias("reason"))


def _listed(rows: pl.DataFrame, figure: Figure, definition: Definition) -> list[pl.Expr]:
    """`word`, `verdict`, and `why`: the reason that is given where there is neither, nor a figure."""
    texts = {"word": (figure.word, figure.words), "verdict": (figure.verdict, figure.verdicts)}
    found, reasons = [], []
    for name, (column, known) in texts.items():
        if column is None:
            found.append(pl.lit(None, pl.String).alias(name))
            continue
        if odd := set(rows[column].drop_nulls()) - set(known) - set(figure.absences):
            shown = ", ".join(sorted(odd)[:SHOWN])
            raise BuildRefused(f"{definition.id}: {column} says {shown}, which is not in the indicator's list")
        found.append(pl.when(pl.col(column).is_in(known)).then(pl.col(column)).alias(name))
        reasons.append(pl.col(column).replace_strict(figure.absences, default=None, return_dtype=pl.String))
    if figure.reasons is not None:
        said = pl.col(figure.reasons).replace_strict(OF_PUBLISHERS, default=NOT_GIVEN, return_dtype=pl.String)
        reasons.insert(0, pl.when(pl.col(figure.reasons).is_not_null()).then(said))
    return [*found, pl.coalesce(*reasons, pl.lit(None, pl.String)).alias("why")]


def _of_value(told: pl.DataFrame, figure: Figure) -> pl.DataFrame:
    columns = {"estimate": figure.value, "interval_lower": figure.lower, "interval_upper": figure.upper,
               "cases": figure.records}  # fmt: skip
    given = [pl.col(f"{FEED}{column}").alias(name) for name, column in columns.items() if column is not None]
    method = pl.lit(AS_PUBLISHED if figure.lower is not None else None, pl.String).alias("interval_method")
    return told.with_columns(method, *given)


def _of_counts(told: pl.DataFrame, figure: Figure, name: str, is_share: bool) -> pl.DataFrame:
    """Estimate and interval from counts. Nobody to count: it is not done there. More than there are, or fewer than
    none: the publisher's counts contradict each other, and nothing is made of them. Raises BuildRefused for halves."""
    observed = _sum(figure.numerator) - _sum(figure.less)
    counted = told.with_columns(observed.alias("observed"), _sum(figure.denominator).alias("cases"))
    x, n = pl.col("observed"), pl.col("cases")
    if counted.select(((x % 1 != 0) | (n % 1 != 0)).any()).item():
        raise BuildRefused(f"{name}: parts of a person are counted, and an interval of counts does not hold for them")
    counted = counted.with_columns(
        pl.when(x.is_null() | n.is_null()).then(pl.coalesce("why", pl.lit(NOT_GIVEN)))
        .when((x < 0) | (n < 0) | (pl.lit(is_share) & (x > n))).then(pl.lit(DATA_QUALITY))
        .when(n == 0).then(pl.lit(NOT_APPLICABLE)).alias("reason")
    )  # fmt: skip
    there, absent = counted.filter(pl.col("reason").is_null()), counted.filter(pl.col("reason").is_not_null())
    return pl.concat([there.with_columns(_rates(there, figure, is_share)), absent], how="diagonal")


def _sum(names: list[str]) -> pl.Expr:
    """Of columns of the feed; null where one of them is."""
    return pl.sum_horizontal([pl.lit(0), *(pl.col(f"{FEED}{name}") for name in names)], ignore_nulls=False)


def _rates(there: pl.DataFrame, figure: Figure, is_share: bool) -> list[pl.Series]:
    observed, cases = there["observed"].to_numpy(), there["cases"].to_numpy()
    scale = figure.scale if is_share else figure.scale / cases.astype(np.float64)
    interval = (
        wilson_interval(observed, cases, WARNING)
        if is_share
        else count_interval(observed, WARNING, IntervalRule.EXACT_BELOW_10_THEN_BYAR)
    )
    return [
        pl.Series("estimate", observed / cases * figure.scale),
        interval.lower.times(scale).as_series("interval_lower"),
        pl.Series("interval_upper", interval.upper * scale),
        pl.Series("interval_method", interval.method.tolist(), pl.String),
    ]


def _with_status(said: pl.DataFrame) -> pl.DataFrame:
    """KEY and SAID; a row without a figure has none of the rest either."""
    status = pl.col("reason").replace_strict(STATUS_OF, default=None, return_dtype=pl.String)
    there = pl.col("reason").is_null()
    figures = [
        (pl.when(there).then(pl.col(name)) if name in said.columns else pl.lit(None)).cast(RESULTS[name]).alias(name)
        for name in SAID[:-2]
    ]
    return said.select(*KEY, *figures, status.fill_null("published").alias("status"), pl.col("reason").fill_null(""))


def _once(said: pl.DataFrame) -> pl.DataFrame:
    """One row per organisation and period."""
    distinct = said.unique(maintain_order=True)
    several = pl.len().over(KEY) > 1
    agreed = distinct.filter(~several)
    disputed = distinct.filter(several).select(KEY).unique(maintain_order=True)
    none = disputed.with_columns(
        *(pl.lit(None, RESULTS[name]).alias(name) for name in SAID[:-2]),
        pl.lit(STATUS_OF[DATA_QUALITY]).alias("status"), pl.lit(DATA_QUALITY).alias("reason"),
    )  # fmt: skip
    return pl.concat([agreed, none]).sort(KEY)


def _results(said: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    known = _with_key(said, definition).with_columns(
        pl.col("provider").alias("subject"), pl.col("provider").alias("provider_id")
    )
    missing = [pl.lit(None, kind).alias(name) for name, kind in RESULTS.items() if name not in known.columns]
    return known.with_columns(missing)


def _periods(said: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    periods = said.select("period_start", "period_end").unique(maintain_order=True)
    return _with_key(periods, definition).with_columns(
        pl.lit(NO_LIMITS).alias("limits_method"), pl.lit(NOT_JUDGED).alias("dispersion"),
        pl.lit(None, pl.Float64).alias("between_provider_variance"), pl.lit("").alias("merges"),
    )  # fmt: skip


def _with_key(rows: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    spans = [Span(start, end).id for start, end in rows.select("period_start", "period_end").iter_rows()]
    return rows.with_columns(
        pl.lit(definition.id).alias("indicator"), pl.lit("provider").alias("level"),
        pl.Series("period_id", spans, pl.String),
    )  # fmt: skip
