"""Rows and state in parts by ranges of the key, so that each part fits into memory: fates are per key.

A part has all rows and all of the state with its keys, in the order of their lines, and the parts come in order of the
key. What is small is one part. Rows that come in order of the key are taken as they come; others are sorted into files,
one for each part.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Final

import polars as pl

from services.ingest.checks import row_schema
from services.ingest.fates import in_full, standing, state_schema
from services.ingest.source import Source
from services.ingest.store.files import Files
from services.ingest.store.states import Key, Stretch

SAMPLES: Final = 200  # keys looked at for each part

Part = tuple[pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True)
class Rows:
    """Rows that pass, one Parquet file after another in order of line, and how many there are."""

    files: Sequence[Path]
    height: int

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        for file in self.files:
            yield pl.read_parquet(file, columns=None if columns is None else list(columns))


@dataclass(frozen=True)
class Held:
    """What a feed holds, or all of it between two keys: stretch by stretch, in order of the key."""

    files: Files
    stretches: Sequence[Stretch]
    source: Source

    @property
    def height(self) -> int:
        return sum(one.rows for one in self.stretches)

    def slice(self, start: int, end: int) -> pl.DataFrame:
        """As `state_schema` says, whatever form the tables have."""
        some, before = [], 0
        for one in self.stretches:
            first, last = max(start - before, 0), min(end - before, one.rows)
            if first < last:
                some.append(self._in_form(one, self.scan(one).slice(first, last - first).collect()))
            before += one.rows
        return pl.concat(some) if some else pl.DataFrame(schema=state_schema(self.source))

    def scan(self, one: Stretch) -> pl.LazyFrame:
        return pl.scan_parquet(self.files.table(one.table))

    def places(self, bounds: Sequence[Key]) -> list[int]:
        """How many rows lie before each bound."""
        places = [0] * len(bounds)
        for one in self.stretches:
            within = [i for i, bound in enumerate(bounds) if one.first < bound <= one.last]
            asked = [(~at_least(self.source.key, bounds[i])).sum().alias(str(i)) for i in within]
            found = self.scan(one).select(asked).collect(engine="streaming").row(0) if asked else ()
            before = dict(zip(within, found, strict=True))
            for i, bound in enumerate(bounds):
                places[i] += one.rows if one.last < bound else before.get(i, 0)
        return places

    def _in_form(self, one: Stretch, rows: pl.DataFrame) -> pl.DataFrame:
        told = rows if one.submission is None else standing(rows, one.submission)
        return in_full(told, self.source).select(state_schema(self.source).names())


def parts(rows: Rows, held: Held, scratch: Path, most: int) -> Iterator[Part]:
    """Rows and state, about `most` rows at a time. `scratch` is a folder of the caller's."""
    key, behind = held.source.key, held.height
    number = -(-(rows.height + behind) // most)
    if number <= 1:
        yield _together(rows.files, held.source), held.slice(0, behind)
        return
    bounds = _of_sorted(rows, key) if behind <= most else None
    if bounds is not None:
        files: Sequence[Sequence[Path]] = [[file] for file in rows.files]
    else:
        bounds = _sampled(rows, held, number)
        files = _spilled(rows, key, bounds, scratch)
    places = [0, *held.places(bounds), behind]
    for i, of_part in enumerate(files):
        yield _together(of_part, held.source), held.slice(places[i], places[i + 1])


def _together(files: Sequence[Path], source: Source) -> pl.DataFrame:
    rows = [in_full(pl.read_parquet(file), source) for file in files]
    return pl.concat(rows) if rows else in_full(pl.DataFrame(schema=row_schema(source)), source)


def _of_sorted(rows: Rows, key: list[str]) -> list[Key] | None:
    """The first key of every file but the first, where all rows are in order of the key and no key is in two files."""
    bounds, last = [], None
    for frame in rows.frames(key):
        first = frame.row(0)
        if (last is not None and not last < first) or not _is_sorted(frame, key):
            return None
        bounds.append(first)
        last = frame.row(-1)
    return bounds[1:]


def _is_sorted(frame: pl.DataFrame, key: list[str]) -> bool:
    """Nothing is before what stands before it."""
    follows = [(pl.col(name), pl.col(name).shift(1)) for name in key]
    ordered = reduce(_then, reversed(follows), pl.lit(True))
    return bool(frame.lazy().select(ordered.slice(1).all()).collect().item())


def at_least(key: Sequence[str], bound: Key) -> pl.Expr:
    named = [(pl.col(name), pl.lit(value)) for name, value in zip(key, bound, strict=True)]
    return reduce(_then, reversed(named), pl.lit(True))


def _then(rest: pl.Expr, pair: tuple[pl.Expr, pl.Expr]) -> pl.Expr:
    this, other = pair
    return (this > other) | ((this == other) & rest)


def _sampled(rows: Rows, held: Held, number: int) -> list[Key]:
    """Keys that part all keys into about `number` equal parts, none of them empty."""
    key, step = held.source.key, max(1, (rows.height + held.height) // (SAMPLES * number))
    every = [frame.gather_every(step) for frame in rows.frames(key)]
    every += [held.scan(one).select(key).gather_every(step).collect() for one in held.stretches]
    ordered = pl.concat(every).sort(key)
    chosen = ordered[[ordered.height * i // number for i in range(1, number)]]
    return list(chosen.unique(maintain_order=True).iter_rows())


def _spilled(rows: Rows, key: list[str], bounds: Sequence[Key], scratch: Path) -> list[list[Path]]:
    """The rows as files of their own, those of each part together and in order of line."""
    numbers = pl.sum_horizontal(at_least(key, bound).cast(pl.UInt32) for bound in bounds)
    files: list[list[Path]] = [[] for _ in range(len(bounds) + 1)]
    for i, frame in enumerate(rows.frames()):
        numbered = frame.with_columns(numbers.alias(""))
        for (part,), some in numbered.group_by("", maintain_order=True):
            file = scratch / f"rows-{part}-{i}"
            some.drop("").write_parquet(file, compression="lz4", statistics=False)
            files[int(str(part))].append(file)
    return files
