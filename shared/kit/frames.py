"""The digest of a frame's content: schema and rows in key order, independent of file format and writer version."""

import hashlib
from collections.abc import Sequence

import polars as pl


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
    digest = hashlib.sha256(f"{len(ordered)}".encode())
    for name in ordered.columns:
        column = ordered[name]
        digest.update(f"\x1d{name}\x1f{column.dtype}\x1e".encode())
        text = column.cast(pl.String)
        length = text.str.len_bytes().cast(pl.String)
        framed = (length + ":" + text).fill_null("-")
        digest.update(framed.str.join("").item().encode())
    return f"sha256:{digest.hexdigest()}"


def snapshot_name(kind: str, schema_version: int, content: str) -> str:
    """The name of a snapshot, `sha256:…` of its kind, schema version and content digest, each on a line of its own."""
    bound = f"{kind}\n{schema_version}\n{content}\n"
    return f"sha256:{hashlib.sha256(bound.encode()).hexdigest()}"
