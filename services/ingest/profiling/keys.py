"""What the keys of a file say of its lines: which stand, which come again, which contradict one another.

The same rules as `fates.resolve` has for an empty feed, over digests of keys: eight bytes a row are held, whatever the
rows are, and of those whose key comes again a digest of their values. Of twenty million rows two different keys have
one digest with a chance of 1 in 90,000.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from services.ingest.checks import AGGREGATE
from services.ingest.reading.parts import LINES
from services.ingest.source import Source
from services.ingest.told import LineNumber
from shared.contracts.ingest import Fate

Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Keyed:
    """Physical lines by fate; rows whose key came before, with the same values and with others."""

    fates: dict[Fate, int]
    repeated: int
    contradicted: int


class KeyTally:
    """Fed with frames of rows in order; `result` once they are all in."""

    def __init__(self, source: Source) -> None:
        own = {column.name for column in source.columns if isinstance(column, LineNumber)}
        self.unique = bool(own & set(source.key))  # every line has its own key
        self.key, self.values = source.key, source.values
        self.digests: list[Digests] = []
        self.lines = self.totals = 0

    def add(self, rows: pl.DataFrame) -> None:
        self.lines += int(rows[LINES].sum())
        if rows[AGGREGATE].any():
            self.totals += int(rows.filter(AGGREGATE)[LINES].sum())
        if not self.unique:
            self.digests.append(rows.select(_digest(self.key)).to_series().to_numpy())

    def result(self, frames: Callable[[], Iterable[pl.DataFrame]]) -> Keyed:
        """`frames`: the same once more, which are looked at again where a key comes twice."""
        fates = {Fate.AGGREGATE: self.totals, Fate.ACCEPTED: self.lines - self.totals}
        if not len(repeated := self._repeated()):
            return Keyed(fates, 0, 0)
        judged = _judged(pl.concat([self._again(rows, repeated) for rows in frames()], rechunk=True))
        for total, lines in judged.group_by("total").agg(pl.col("lines").sum()).iter_rows():
            fates[Fate.AGGREGATE if total else Fate.ACCEPTED] -= lines
        for fate, lines in judged.group_by("fate").agg(pl.col("lines").sum()).iter_rows():
            fates[Fate(fate)] = fates.get(Fate(fate), 0) + lines
        later = judged.filter(~pl.col("first"))
        differing = int(later["differs"].sum())
        return Keyed(fates, later.height - differing, differing)

    def _repeated(self) -> Digests:
        """Digests of keys that come again: of nearly no file are there any, and that is seen quickly, by sorting."""
        if not self.digests:
            return np.empty(0, np.uint64)
        every = np.concatenate(self.digests)
        every.sort()
        return np.unique(every[1:][every[1:] == every[:-1]])

    def _again(self, rows: pl.DataFrame, repeated: Digests) -> pl.DataFrame:
        key = _digest(self.key)
        return rows.filter(key.is_in(pl.Series(repeated).implode())).select(
            key.alias("key"), _digest(self.values).alias("values"),
            pl.col(LINES).alias("lines"), pl.col(AGGREGATE).alias("total"),
        )  # fmt: skip


def _digest(columns: list[str]) -> pl.Expr:
    """Of the values of a row in these columns, a seed for each: the same in another column is something else. A third
    of what it costs to hash them together."""
    if not columns:
        return pl.lit(0, pl.UInt64)
    return pl.sum_horizontal(pl.col(name).hash(seed) for seed, name in enumerate(columns))


def _judged(again: pl.DataFrame) -> pl.DataFrame:
    differs = pl.col("values") != pl.col("values").first().over("key")
    judged = again.with_columns(pl.int_range(pl.len()).over("key").eq(0).alias("first"), differs.alias("differs"))
    differs = pl.col("differs")
    judged = judged.with_columns(
        differs.any().over("key").alias("any"), differs.cast(pl.Int8).cum_max().over("key").eq(1).alias("since")
    )
    stands = pl.when("total").then(pl.lit(Fate.AGGREGATE.value)).otherwise(pl.lit(Fate.ACCEPTED.value))
    fate = (
        pl.when(pl.col("since") | (pl.col("first") & pl.col("any")))
        .then(pl.lit(Fate.CONFLICT.value))
        .when("first")
        .then(stands)
        .otherwise(pl.lit(Fate.DUPLICATE.value))
    )
    return judged.with_columns(fate.alias("fate"))
