"""What a feed holds: one table of rows in the order of their keys, or a list of such tables, kept as a table itself.

A stretch of the list has all of the state from its first key to its last. It is a table in the form of a state, or a
piece of a reading as it was read, whose rows all stand: what a file brings that is new need not be written again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import polars as pl

from services.ingest.fates import SUBMISSION
from services.ingest.source import Source
from services.ingest.store.files import Files
from services.ingest.store.tables import height_of

TABLE: Final = "_table"
ROWS: Final = "_rows"

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Stored:
    """A table of a state by its digest. `submission`: of a piece of a reading, whose rows they are; None of a table in
    the form of a state."""

    table: str
    submission: str | None


@dataclass(frozen=True)
class Stretch:
    """A table of a state, from its first key to its last, with so many rows (at least one)."""

    table: str
    submission: str | None
    rows: int
    first: Key
    last: Key


def stored_in(files: Files, state: str) -> list[Stored]:
    """The tables of a state, in order of the key. Raises OSError where it is not there."""
    listed = _list(files.table(state))
    if listed is None:
        return [Stored(state, None)]
    return [Stored(*row) for row in listed.select(TABLE, SUBMISSION).iter_rows()]


def named_by(files: Files, state: str) -> set[str]:
    """The state itself, and every table that it is made of. Raises OSError where it is not there."""
    return {state, *(one.table for one in stored_in(files, state))}


def is_kept(files: Files, state: str) -> bool:
    """Whether it is there, and every table that it is made of."""
    return files.table(state).exists() and all(files.table(table).exists() for table in named_by(files, state))


def stretches_of(files: Files, state: str | None, key: Sequence[str]) -> tuple[Stretch, ...]:
    """None where the feed has no state, or one without rows. Raises OSError where it is not there."""
    if state is None:
        return ()
    listed = _list(files.table(state))
    if listed is None:
        return _of_table(state, files.table(state), key)
    edges = [[f"{edge} {name}" for name in key] for edge in ("first", "last")]
    return tuple(
        Stretch(one[TABLE], one[SUBMISSION], one[ROWS], *(tuple(one[name] for name in names) for names in edges))
        for one in listed.iter_rows(named=True)
    )


def keep_state(files: Files, stretches: Sequence[Stretch], source: Source) -> str:
    """The digest of the state of these stretches, at least one, which are kept already. Raises OSError."""
    if len(stretches) == 1 and stretches[0].submission is None:
        return stretches[0].table
    rows = [(one.table, one.submission, one.rows, *one.first, *one.last) for one in stretches]
    return files.keep_table(pl.DataFrame(rows, schema=_schema(source), orient="row"))


def are_apart(stretches: Sequence[Stretch]) -> bool:
    """Whether no key of one is between the first and the last of another; they come by their first keys."""
    return all(one.last < other.first for one, other in pairwise(stretches))


def _schema(source: Source) -> pl.Schema:
    kinds = source.canonical
    edges = {f"{edge} {name}": kinds[name] for edge in ("first", "last") for name in source.key}
    return pl.Schema({TABLE: pl.String(), SUBMISSION: pl.String(), ROWS: pl.Int64(), **edges})


def _list(path: Path) -> pl.DataFrame | None:
    """None where it is a table of rows."""
    return pl.read_parquet(path) if TABLE in pl.read_parquet_schema(path) else None


def _of_table(state: str, path: Path, key: Sequence[str]) -> tuple[Stretch, ...]:
    height = height_of(path)
    if not height:
        return ()
    keys = pl.scan_parquet(path).select(key)
    first, last = (keys.slice(place, 1).collect().row(0) for place in (0, height - 1))
    return (Stretch(state, None, height, first, last),)
