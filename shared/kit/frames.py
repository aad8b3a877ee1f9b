"""The digest of a frame's content: schema and rows in key order, independent of file format and writer version."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Final

import polars as pl

from shared.kit.ahead import mapped_ahead
from shared.kit.spelling import Bytes, framed

AT_ONCE: Final = 500_000  # values of one column that are held at a time
Part = tuple[str, int]  # a column, and the row from which on


def content_digest(frame: pl.DataFrame, key: Sequence[str]) -> str:
    """`sha256:…` over column names, types and values, rows sorted by `key`.

    Values are fed as text, one column after another, each value preceded by its length, so that no two different
    frames give the same bytes. Floats are written in shortest round-trip form. Raises ValueError where `key` does not
    tell every row apart: then the order, and with it the digest, would be arbitrary.
    """
    if frame.select(key).is_duplicated().any():
        raise ValueError(f"rows are not told apart by {list(key)}")
    return ordered_digest(frame.sort(list(key)))


def ordered_digest(ordered: pl.DataFrame) -> str:
    """`content_digest` of a frame whose rows are in key order already, for those who do not know its key."""

    def spelled(part: Part) -> Bytes:
        return framed(ordered[part[0]].slice(part[1], AT_ONCE))

    return _digest(ordered.height, ordered.schema, lambda parts: map(spelled, parts))


def file_digest(paths: Path | Sequence[Path], columns: Sequence[str] | None = None) -> str:
    """`ordered_digest` of a Parquet file, or of several of the same columns one after another as one frame, or of some
    of their columns; in bounded memory, however long they are. Values are read and spelled in two threads, some of one
    column at a time; the digest takes them in their order. Raises OSError, PolarsError; ValueError of no file."""
    if not (files := [paths] if isinstance(paths, Path) else list(paths)):
        raise ValueError("no file is no frame: its columns are not known")
    scan = pl.scan_parquet(files)
    height, schema = int(scan.select(pl.len()).collect().item()), scan.collect_schema()

    def spelled(part: Part) -> Bytes:
        return framed(scan.select(part[0]).slice(part[1], AT_ONCE).collect().to_series())

    kinds = schema if columns is None else {name: schema[name] for name in columns}
    return _digest(height, kinds, lambda parts: mapped_ahead(spelled, parts))


def _digest(height: int, kinds: Mapping[str, pl.DataType], spelled: Callable[[Iterable[Part]], Iterable[Bytes]]) -> str:
    digest = hashlib.sha256(f"{height}".encode())
    starts = range(0, height, AT_ONCE)
    parts = iter(spelled(product(kinds, starts)))
    for name, kind in kinds.items():
        digest.update(f"\x1d{name}\x1f{kind}\x1e".encode())
        for _ in starts:
            digest.update(next(parts))
    return f"sha256:{digest.hexdigest()}"


def snapshot_name(kind: str, schema_version: int, content: str) -> str:
    """The name of a snapshot, `sha256:…` of its kind, schema version and content digest, each on a line of its own."""
    bound = f"{kind}\n{schema_version}\n{content}\n"
    return f"sha256:{hashlib.sha256(bound.encode()).hexdigest()}"
