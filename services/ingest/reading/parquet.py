"""Parquet files: typed columns as the text that a CSV file of the same would have, some rows at a time."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import polars as pl

from services.ingest.reading.batches import Batch, Opened
from services.ingest.reading.header import head_of
from services.ingest.reading.limits import (
    BYTES_IN_CELL,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_FOOTER,
    MOST_LINES,
    MOST_RATIO,
)
from services.ingest.reading.tables import Table
from services.ingest.refusals import Refused
from services.ingest.source import Source

MAGIC: Final = b"PAR1"
CELLS: Final = 4_000_000
"""Cells in a batch, about."""
WHOLE_BELOW: Final = 2.0**53
MIDNIGHT: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00$"
NEEDLESS: Final = r"\.?0+$"
AS_IT_IS: Final = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date, pl.Null)


def open_parquet(path: Path, source: Source) -> Opened:
    """Raises Refused where the file as a whole cannot be taken, now or from its batches. There is no line of a header:
    row 1 is line 1."""
    _screen(path)
    schema, rows = _contents(path)
    _refuse_large(path, rows, len(schema))
    head = replace(head_of([list(schema)], source), lines=0)
    table = Table(source.as_sent(head.names), head)
    spare = dict(zip(head.columns[len(head.names) :], head.spare, strict=True))
    return Opened("parquet", table.source, spare, _batches(path, table, rows), rows)


def as_texts(path: Path) -> Iterator[pl.DataFrame]:
    """Its rows as text, some at a time. Raises Refused."""
    schema, rows = _contents(path)
    texts, most, found = [_text(name, dtype) for name, dtype in schema.items()], max(1, CELLS // len(schema)), 0
    scanned = pl.scan_parquet(path, glob=False, low_memory=True)
    try:
        for frame in scanned.collect_batches(chunk_size=most, maintain_order=True, lazy=True):
            for part in frame.iter_slices(most):
                found += part.height
                yield part.select(texts)
    except (pl.exceptions.PolarsError, ValueError):
        raise _broken() from None
    if found != rows:
        raise _broken()


def _contents(path: Path) -> tuple[pl.Schema, int]:
    try:
        schema = pl.Schema(pl.read_parquet_schema(path))
        rows = int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    except (pl.exceptions.PolarsError, ValueError):
        raise _broken() from None
    if not schema:
        raise _parquet("wrong-header", "no columns", "the columns of this source")
    return schema, rows


def _batches(path: Path, table: Table, rows: int) -> Iterator[Batch]:
    at = 0
    for texts in as_texts(path):
        at += texts.height
        yield table.batch(texts, at - texts.height + 1, at)
    if at != rows:
        raise _broken()


def _screen(path: Path) -> None:
    """Begins and ends as Parquet does, and its own table of contents is inside of it."""
    size = path.stat().st_size
    with path.open("rb") as opened:
        begins = opened.read(4)
        opened.seek(max(0, size - 8))
        tail = opened.read(8)
    if not size:
        raise Refused("empty-file", "The file is empty. Nothing was taken from it.", "no bytes", "a Parquet file")
    if begins != MAGIC or tail[4:] != MAGIC or size < 12:
        raise _broken()
    if int.from_bytes(tail[:4], "little") > min(size - 12, MOST_FOOTER):
        raise _broken()


def _refuse_large(path: Path, rows: int, columns: int) -> None:
    if not rows:
        raise Refused("no-rows", "The file has columns and no rows. Nothing was taken from it.", "no rows", "rows")
    if columns > MOST_COLUMNS:
        raise _parquet("too-many-columns", f"{columns:,} columns", f"at most {MOST_COLUMNS:,}")
    if rows > MOST_LINES:
        raise _parquet("too-many-lines", f"{rows:,} rows", f"at most {MOST_LINES:,}")
    unfolded, size = rows * columns * BYTES_IN_CELL, path.stat().st_size
    if rows * columns > MOST_CELLS and unfolded > MOST_RATIO * size:
        raise _parquet("expands-too-far", f"{rows * columns:,} cells in {size:,} bytes", "fewer cells, or more bytes")


def _text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, AS_IT_IS) or dtype.is_integer():
        return column.cast(pl.String).fill_null("")
    if dtype.is_float():
        return _of_float(column).fill_null("").alias(name)
    if isinstance(dtype, pl.Decimal):
        text = column.cast(pl.String)
        return pl.when(text.str.contains(".", literal=True)).then(text.str.replace(NEEDLESS, "")).otherwise(
            text
        ).fill_null("").alias(name)  # fmt: skip
    if isinstance(dtype, pl.Datetime):
        return column.dt.strftime("%Y-%m-%d %H:%M:%S%.f").str.replace(MIDNIGHT, "$1").fill_null("").alias(name)
    raise _parquet("unsupported-type", "a column of lists, structures, bytes or times", "text, numbers and days")


def _of_float(column: pl.Expr) -> pl.Expr:
    whole = (column.floor() == column) & (column.abs() < WHOLE_BELOW)
    text = column.cast(pl.String)
    spelt = pl.when(text.str.contains("e", literal=True)).then(
        text.map_elements(_without_exponent, return_dtype=pl.String)
    )
    return pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(
        pl.coalesce(spelt, text)
    )  # fmt: skip


def _without_exponent(text: str) -> str:
    return f"{Decimal(text):f}" if "e" in text else text


def _broken() -> Refused:
    return _parquet("broken-parquet", "bytes that do not make a Parquet file", "a whole Parquet file")


def _parquet(code: str, found: str, expected: str) -> Refused:
    detail = f"The Parquet file has {found}; expected: {expected}. Write it again, or send it as CSV."
    return Refused(code, detail, found, expected)
