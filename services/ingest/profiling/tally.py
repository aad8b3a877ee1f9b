"""The values of one column counted, in bounded memory, from frames in order.

Up to `MOST` different values are counted one by one. Of numbers with more, neighbours in rank are put together under
the lower of them, again whenever there are too many: each time the rank of a value moves by less than one in `KEPT`.
Other columns are counted no further. Whoever gives the same frames gets the same counts.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

MOST: Final = 25_000
KEPT: Final = 10_000
FEW: Final = 5  # values: of more it costs less to count all at once than to look for each
VALUE: Final = "value"
ROWS: Final = "rows"
Floats = npt.NDArray[np.float64]


@dataclass
class Moments:
    """Number, mean and sum of squares about it; those of two parts give those of the whole (Chan, Golub and LeVeque
    1983)."""

    number: int = 0
    mean: float = 0.0
    squares: float = 0.0
    total: float = 0.0

    def add(self, values: Floats) -> None:
        if not len(values):
            return
        number, mean = len(values), float(values.mean())
        apart = mean - self.mean
        both = self.number + number
        self.squares += float(np.square(values - mean).sum()) + apart * apart * self.number * number / both
        self.mean += apart * number / both
        self.total += float(values.sum())
        self.number = both

    @property
    def spread(self) -> float | None:
        """Standard deviation, with one less than their number below the line."""
        return (self.squares / (self.number - 1)) ** 0.5 if self.number > 1 else None


@dataclass
class Tally:
    """`counts`: `value` and `rows`, in order of value; None where there are too many and they are no numbers."""

    numeric: bool
    measured: bool
    counts: pl.DataFrame | None = None
    exact: bool = True
    present: int = 0
    missing: int = 0
    lowest: Any = None
    highest: Any = None
    moments: Moments = field(default_factory=Moments)
    lengths: tuple[int, int] | None = None

    def add(self, values: pl.Series) -> None:
        held = values.drop_nulls()
        self.present += len(held)
        self.missing += len(values) - len(held)
        if not len(held):
            return
        if held.dtype != pl.String():
            self._extremes(held)
        if self.numeric:
            self.moments.add(held.cast(pl.Float64).to_numpy())
        fresh = self._count(held)
        if self.measured:
            self._measure(held if fresh is None else fresh[VALUE])

    def _extremes(self, held: pl.Series) -> None:
        low: Any = held.min()
        high: Any = held.max()
        self.lowest = low if self.lowest is None else min(self.lowest, low)
        self.highest = high if self.highest is None else max(self.highest, high)

    def _measure(self, held: pl.Series) -> None:
        lengths = held.str.len_chars().to_numpy()
        low, high = int(lengths.min()), int(lengths.max())
        if self.lengths is not None:
            low, high = min(low, self.lengths[0]), max(high, self.lengths[1])
        self.lengths = (low, high)

    def _count(self, held: pl.Series) -> pl.DataFrame | None:
        """What is `held`, each value once, with its rows; None where it is not counted."""
        if not self.exact and not self.numeric:
            return None
        if not self.numeric and self.counts is None and held.head(2 * MOST).n_unique() > MOST:
            self.exact = False
            return None
        if (fresh := self._seen(held)) is None:
            fresh = held.alias(VALUE).value_counts(name=ROWS).with_columns(pl.col(ROWS).cast(pl.Int64))
        found = fresh
        if self.counts is not None:
            fresh = pl.concat([self.counts, fresh]).group_by(VALUE).agg(pl.col(ROWS).sum())
        if fresh.height <= MOST:
            self.counts = fresh.sort(VALUE)
        else:
            self.exact = False
            self.counts = _together(fresh.sort(VALUE)) if self.numeric else None
        return found

    def _seen(self, held: pl.Series) -> pl.DataFrame | None:
        """The same counts at a third of the cost, where few values were seen before and no other is `held`."""
        if not self.exact or self.counts is None or self.counts.height > FEW:
            return None
        rows = [int((held == value).sum()) for value in self.counts[VALUE]]
        if sum(rows) != len(held):
            return None
        return self.counts.with_columns(pl.Series(ROWS, rows)).filter(pl.col(ROWS) > 0)

    def at_rank(self, share: float) -> float:
        """The value that this share of the rows does not exceed: the smallest such (type 1 of Hyndman and Fan 1996)."""
        assert self.counts is not None
        upto = self.counts[ROWS].cum_sum().to_numpy()
        at = int(np.searchsorted(upto, share * upto[-1] - 1e-9))
        return float(self.counts[VALUE][min(at, len(upto) - 1)])


def _together(counts: pl.DataFrame) -> pl.DataFrame:
    """At most `KEPT` values, and each of so many rows that it is more than one in `KEPT` by itself."""
    rows = counts[ROWS].to_numpy()
    middles = np.cumsum(rows) - rows
    place = middles * KEPT // int(rows.sum())
    return (
        counts.with_columns(pl.Series("place", place))
        .group_by("place", maintain_order=True)
        .agg(pl.col(VALUE).first(), pl.col(ROWS).sum())
        .drop("place")
    )
