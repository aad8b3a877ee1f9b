"""Tables of any size as Parquet: written frame by frame, and read so again, in bounded memory."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

AT_ONCE: Final = 500_000  # rows held at a time
IN_GROUP: Final = 100_000  # rows: what a reader of one range of keys cannot leave out


def write_frames(path: Path, frames: Iterable[pl.DataFrame], schema: pl.Schema) -> None:
    """One after another, in their order. Raises OSError (ENOSPC where the disk is full)."""
    given: list[Exception] = []

    def each(_columns: object, _predicate: object, _rows: object, _size: object) -> Iterator[pl.DataFrame]:
        try:
            yield pl.DataFrame(schema=schema)  # an empty table has its columns too
            yield from frames
        except Exception as error:  # polars would raise one of its own, which does not say what failed
            given.append(error)
            raise

    try:
        sink(path, register_io_source(each, schema=schema))
    except Exception:
        if given:
            raise given[0] from None
        raise


def sink(path: Path, rows: pl.LazyFrame) -> None:
    """What a query gives, in its order. Raises OSError (ENOSPC where the disk is full)."""
    rows.sink_parquet(path, compression="zstd", row_group_size=IN_GROUP, maintain_order=True)


def read_frames(path: Path, columns: Sequence[str] | None = None, rows: int = AT_ONCE) -> Iterator[pl.DataFrame]:
    """The table in frames of at most `rows` rows, in its order."""
    scan = pl.scan_parquet(path)
    height = height_of(path)
    for start in range(0, height, rows):
        part = scan.slice(start, rows)
        yield (part if columns is None else part.select(columns)).collect()


def height_of(path: Path) -> int:
    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def in_order_of_line(paths: Sequence[Path], schema: pl.Schema, rows: int = AT_ONCE) -> Iterator[pl.DataFrame]:
    """Rows of several tables, each with a column `line`, as one in its order. Few lines have several rows."""
    if not paths:
        return
    every = pl.scan_parquet(list(paths)).select(schema.names())
    height, first, last = every.select(
        pl.len(), pl.col("line").min().alias("first"), pl.col("line").max().alias("last")
    ).collect().row(0)  # fmt: skip
    if not height:
        return
    width = max(1, (last - first + 1) * rows // height)
    for start in range(first, last + 1, width):
        within = every.filter((pl.col("line") >= start) & (pl.col("line") < start + width)).collect()
        yield within.sort("line", maintain_order=True)
