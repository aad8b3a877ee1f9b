"""The rows of a feed that belong to an indicator, under the names that every recipe has for them."""

import polars as pl

from services.ratings.assembly.schema import BuildRefused
from services.ratings.indicators.definition import Definition


def feed_rows(frame: pl.DataFrame, definition: Definition) -> pl.DataFrame:
    """The slice with `provider`, `period_start`, `period_end` and `aggregate` (bool), beside the feed's own columns.
    A row without a period belongs to none, and is left out: its publisher has not said of when it is.

    Raises BuildRefused, with their names, where the feed lacks columns.
    """
    columns, source = definition.source.columns, definition.source
    _refuse_without(frame, {columns.provider, *source.slice, *_read(definition), *_days(definition)}, definition)
    wanted = [pl.col(name).is_in(value if isinstance(value, list) else [value]) for name, value in source.slice.items()]
    kept = frame.filter(*wanted) if wanted else frame
    start, end = _period(definition)
    is_sum = pl.col(columns.aggregate) if frame.schema.get(columns.aggregate) == pl.Boolean else pl.lit(False)
    rows = kept.with_columns(
        pl.col(columns.provider).alias("provider"), is_sum.alias("aggregate"),
        start.alias("period_start"), end.alias("period_end"),
    )  # fmt: skip
    return rows.filter(pl.col("period_start").is_not_null() & pl.col("period_end").is_not_null())


def _read(definition: Definition) -> set[str]:
    """Columns of the feed that the recipe reads."""
    if definition.figure is not None:
        return set(definition.figure.columns)
    columns, expected = definition.source.columns, definition.expected
    assert expected is not None
    return {columns.cases, columns.observed, expected.number or expected.column or ""}


def _days(definition: Definition) -> set[str]:
    columns = definition.source.columns
    if definition.period is not None:
        return set()
    return {columns.start, columns.end} if columns.year is None else {columns.year}


def _period(definition: Definition) -> tuple[pl.Expr, pl.Expr]:
    columns = definition.source.columns
    if definition.period is not None:
        return pl.lit(definition.period.start), pl.lit(definition.period.end)
    if columns.year is None:
        return pl.col(columns.start), pl.col(columns.end)
    year = pl.col(columns.year).cast(pl.Int32)
    return pl.date(year, 1, 1), pl.date(year, 12, 31)


def _refuse_without(frame: pl.DataFrame, needed: set[str], definition: Definition) -> None:
    if lacking := sorted(needed - set(frame.columns)):
        raise BuildRefused(f"{definition.id}: {definition.source.feed} has no column {', '.join(lacking)}")
