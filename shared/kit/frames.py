"""The digest of a frame's content: schema and rows in key order, independent of file format and writer version."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from shared.kit.ahead import mapped_ahead

AT_ONCE: Final = 1_000_000  # values of one column that are held at a time
FEW: Final = 4_000  # different values
SAMPLE: Final = 10_000  # values that are asked first whether few are different


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
    columns = (_heading(name, ordered.schema[name]) + _framed(ordered[name]) for name in ordered.columns)
    return _digest(ordered.height, columns)


def file_digest(paths: Path | Sequence[Path], columns: Sequence[str] | None = None) -> str:
    """`ordered_digest` of a Parquet file, or of several of the same columns one after another as one frame, or of some
    of their columns; in bounded memory, however long they are. Values are read and spelled in two threads, some of one
    column at a time; the digest takes them in their order. Raises OSError, PolarsError; ValueError of no file."""
    if not (files := [paths] if isinstance(paths, Path) else list(paths)):
        raise ValueError("no file is no frame: its columns are not known")
    scan = pl.scan_parquet(files)
    height, schema = int(scan.select(pl.len()).collect().item()), scan.collect_schema()
    kinds = {name: schema[name] for name in (schema.names() if columns is None else columns)}

    def spelled(part: tuple[str, int]) -> bytes:
        name, start = part
        values = _framed(scan.select(name).slice(start, AT_ONCE).collect().to_series()) if start < height else b""
        return values if start else _heading(name, kinds[name]) + values

    every = ((name, start) for name in kinds for start in range(0, max(1, height), AT_ONCE))
    return _digest(height, mapped_ahead(spelled, every))


def _digest(height: int, told: Iterable[bytes]) -> str:
    digest = hashlib.sha256(f"{height}".encode())
    for part in told:
        digest.update(part)
    return f"sha256:{digest.hexdigest()}"


def _heading(name: str, kind: pl.DataType) -> bytes:
    return f"\x1d{name}\x1f{kind}\x1e".encode()


def _framed(values: pl.Series) -> bytes:
    """Each value as text behind its length. Where few are different each is spelled once, which costs half; not so
    floats, of which two that are equal can be spelled otherwise."""
    few = not values.dtype.is_float() and values.head(SAMPLE).n_unique() <= FEW
    different = values.unique() if few else values
    if 0 < different.len() <= FEW < values.len():
        return _joined(values.replace_strict(different, _spelled(different), return_dtype=pl.String))
    return _joined(_spelled(values))


def _joined(spelled: pl.Series) -> bytes:
    joined: bytes = spelled.str.join("").cast(pl.Binary).item()
    return joined


def _spelled(values: pl.Series) -> pl.Series:
    text = values.cast(pl.String)
    lengths = text.str.len_bytes()
    if values.null_count() == 0 and lengths.n_unique() == 1:
        return f"{int(lengths[0])}:" + text
    return (lengths.cast(pl.String) + ":" + text).fill_null("-")


def snapshot_name(kind: str, schema_version: int, content: str) -> str:
    """The name of a snapshot, `sha256:…` of its kind, schema version and content digest, each on a line of its own."""
    bound = f"{kind}\n{schema_version}\n{content}\n"
    return f"sha256:{hashlib.sha256(bound.encode()).hexdigest()}"
