"""What the keys of a file say of its lines: which stand, which come again, which contradict one another.

The same rules as `fates.resolve` has for an empty feed, over digests of keys and values: sixteen bytes a row are held,
whatever the rows are. Of twenty million rows two different keys have one digest with a chance of 1 in 90,000.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ingest.checks import AGGREGATE
from services.ingest.reading.parts import LINES
from services.ingest.source import Source
from services.ingest.told import LineNumber
from shared.contracts.ingest import Fate


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
        self.digests: list[pl.DataFrame] = []
        self.standing = {Fate.ACCEPTED: 0, Fate.AGGREGATE: 0}

    def add(self, rows: pl.DataFrame) -> None:
        if self.unique:
            totals = int(rows.filter(AGGREGATE)[LINES].sum())
            self.standing[Fate.AGGREGATE] += totals
            self.standing[Fate.ACCEPTED] += int(rows[LINES].sum()) - totals
            return
        self.digests.append(
            rows.select(
                _digest(self.key).alias("key"), _digest(self.values).alias("values"),
                pl.col(LINES).cast(pl.Int32).alias("lines"), pl.col(AGGREGATE).alias("total"),
            )
        )  # fmt: skip

    def result(self) -> Keyed:
        if self.unique or not self.digests:
            return Keyed(dict(self.standing), 0, 0)
        every = pl.concat(self.digests)
        again = every.filter(pl.col("key").is_duplicated()) if self._comes_again() else every.clear()
        lines, totals = int(every["lines"].sum()), int(every.filter("total")["lines"].sum())
        lines_again, totals_again = int(again["lines"].sum()), int(again.filter("total")["lines"].sum())
        fates = {
            Fate.AGGREGATE: totals - totals_again,
            Fate.ACCEPTED: lines - totals - (lines_again - totals_again),
        }
        judged = _judged(again)
        for fate, of in judged.group_by("fate").agg(pl.col("lines").sum()).iter_rows():
            fates[Fate(fate)] = fates.get(Fate(fate), 0) + of
        later = judged.filter(~pl.col("first"))
        differing = int(later["differs"].sum())
        return Keyed(fates, later.height - differing, differing)

    def _comes_again(self) -> bool:
        """Whether any key does: in nearly no file, and it costs little to see that, for digests are sorted quickly."""
        keys = np.concatenate([frame["key"].to_numpy() for frame in self.digests])
        keys.sort()
        return bool((keys[1:] == keys[:-1]).any())


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
