"""Where a word stands as a whole: in bytes, in texts, in tables of Parquet. A word is letters and digits."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

EDGE: Final = "[^0-9A-Za-z]"


def whole(word: str) -> re.Pattern[bytes]:
    """Finds the word in bytes of any encoding that has ASCII in it. Raises ValueError for what is no word."""
    if not (word.isascii() and word.isalnum()):
        raise ValueError("a word of letters and digits is expected")
    return re.compile(rb"(?<![0-9A-Za-z])" + word.encode() + rb"(?![0-9A-Za-z])")


def stands_in(word: str, value: Any) -> bool:
    """Whether the word stands in any text of a value of JSON."""
    if isinstance(value, str):
        return whole(word).search(value.encode()) is not None
    if isinstance(value, dict):
        return any(stands_in(word, part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(stands_in(word, part) for part in value)


def rows_with(path: Path, word: str) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file that have the word in some text, without their empty cells. Reads in pieces, and holds
    only what it has found."""
    frame = pl.scan_parquet(path)
    schema = frame.collect_schema()
    found = [expression for name, kind in schema.items() if (expression := _has(name, kind, word)) is not None]
    if not found:
        return
    rows = frame.filter(pl.any_horizontal(found)).collect(engine="streaming")
    for row in rows.iter_rows(named=True):
        yield {name: value for name, value in row.items() if value is not None}


def _has(name: str, kind: pl.DataType, word: str) -> pl.Expr | None:
    pattern = f"(^|{EDGE}){word}($|{EDGE})"
    if kind == pl.String:
        return pl.col(name).str.contains(pattern)
    if kind == pl.List(pl.String):
        return pl.col(name).list.join("\n", ignore_nulls=True).str.contains(pattern)
    return None
