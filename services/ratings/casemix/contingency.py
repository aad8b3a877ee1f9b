"""A dense table of counts, units by patterns, filled in one pass over the episodes however many there are.

Every column is turned into whole numbers where it is read; a cell is then one number, and counting is adding one. The
table takes its full size in memory, so it is made only where that is small: `count_by` does what it cannot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.design_matrix import MISSING

MOST_CELLS = 48 << 20  # 96 MiB for each of the two counts, 192 MiB where a unit has more episodes than 16 bits count
CELLS_PER_EPISODE = 64  # beyond, nearly all cells are empty and grouping is quicker
MOST_COMBINATIONS = 1 << 26  # of the units' columns, whether they occur or not
COMPARED = 6  # up to so many levels, comparing with each is quicker than looking them up
BATCH = 1 << 20  # episodes handed over at once: fewer, and the readers wait for the counting

Counts = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, eq=False)
class Contingency:
    """`cases` and `observed`, shape (units, patterns). `units` holds one row per unit, sorted; patterns are all
    combinations of `levels`, the last column's changing fastest."""

    units: pl.DataFrame
    levels: Mapping[str, tuple[str, ...]]
    cases: Counts
    observed: Counts

    def patterns(self) -> pl.DataFrame:
        """The levels of each pattern, in the order of the table's columns."""
        return self._levels_at(np.arange(self.cases.shape[1]))

    def _levels_at(self, pattern: IntArray) -> pl.DataFrame:
        sizes = tuple(len(words) for words in self.levels.values())
        codes = np.unravel_index(pattern, sizes) if sizes else ()
        return pl.DataFrame(
            {
                name: pl.Series(name, words, dtype=pl.String).gather(pl.Series(code))
                for (name, words), code in zip(self.levels.items(), codes, strict=True)
            }
        )

    def frame(self) -> pl.DataFrame:
        """The cells with cases as rows: units, levels, `cases`, `observed` (int64), in order of the full key."""
        unit, pattern = np.nonzero(self.cases)
        return pl.concat(
            [
                self.units[unit],
                self._levels_at(pattern),
                pl.DataFrame(
                    {
                        "cases": self.cases[unit, pattern].astype(np.int64),
                        "observed": self.observed[unit, pattern].astype(np.int64),
                    }
                ),
            ],
            how="horizontal",
        )

    def expected(self, risk: FloatArray, row: IntArray) -> FloatArray:
        """Expected events of each unit, shape (units,): cases times the risks (rows, patterns) of the unit's row.

        Cells are added in the table's order, so that of the episodes changes no bit; not as a product of matrices,
        whose order hangs on the number of threads.
        """
        return np.array([(self.cases[unit] * risk[of]).sum() for unit, of in enumerate(row.tolist())], dtype=np.float64)


def contingency(
    episodes: pl.LazyFrame, units: Sequence[str], levels: Mapping[str, Sequence[str]], outcome: str
) -> Contingency | None:
    """Counts per unit and pattern of the declared levels; an empty cell of a pattern's column is the level `missing`.

    None where the table would have more than `MOST_CELLS` cells or more than `CELLS_PER_EPISODE` for each episode, and
    where a column holds an undeclared level, a unit is empty, or the outcome is anything but 0 and 1.
    """
    declared = {name: tuple(sorted(words)) for name, words in levels.items()}
    schema = episodes.collect_schema()
    if any(schema[name] != pl.String for name in (*units, *levels)):
        return None
    numbered = _Units.found_in(episodes, units)
    shape = (numbered.rows.height, prod(map(len, declared.values())))
    if not numbered.numbers.size or not 0 < prod(shape) <= MOST_CELLS:
        return None
    if prod(shape) > CELLS_PER_EPISODE * numbered.episodes.sum():
        return None
    digits = [_digit(name, words) for name, words in declared.items()]
    coded = episodes.select(
        unit=numbered.code(),
        pattern=_mixed([digit - 1 for digit in digits], [len(words) for words in declared.values()]),
        least_digit=pl.min_horizontal(pl.lit(1, pl.UInt8), *digits),
        event=pl.col(outcome),
    )
    counting = _Counting(shape, int(numbered.episodes.max()))
    for batch in coded.collect_batches(maintain_order=False, chunk_size=BATCH):
        if not counting.take(batch, numbered.numbers):
            return None
    return Contingency(numbered.rows, declared, counting.cases, counting.observed)


@dataclass(frozen=True, eq=False)
class _Units:
    """The units that occur, sorted, and the number of each combination of the columns that tell them apart (-1: none).
    No numbers where there would be too many combinations, or a unit is empty in a column."""

    rows: pl.DataFrame
    episodes: IntArray
    words: Mapping[str, list[str]]
    numbers: NDArray[np.int32]

    @classmethod
    def found_in(cls, episodes: pl.LazyFrame, units: Sequence[str]) -> "_Units":
        sized = episodes.group_by(*units).agg(pl.len().alias("the episodes")).collect().sort(*units)
        rows, sizes_of = sized.select(*units), sized["the episodes"].to_numpy().astype(np.int64)
        alone = [name for name in units if rows[name].n_unique() == rows.height]  # a consultant of one hospital
        words = {name: rows[name].unique().sort().to_list() for name in alone[-1:] or units}
        sizes = [len(of) for of in words.values()]
        if prod(sizes) > MOST_COMBINATIONS or sum(rows.null_count().row(0)):
            return cls(rows, sizes_of, words, np.zeros(0, dtype=np.int32))
        looked_up = cls(rows, sizes_of, words, np.full(prod(sizes) + 1, -1, dtype=np.int32))
        combination = rows.select(looked_up.code()).to_series().to_numpy()
        looked_up.numbers[combination] = np.arange(rows.height, dtype=np.int32)
        return looked_up

    def code(self) -> pl.Expr:
        """The number of a row's combination; the last place of `numbers`, which is -1, where a column is empty."""
        looked_up = [pl.col(name).cast(pl.Enum(of), strict=False).to_physical() for name, of in self.words.items()]
        sizes = [len(of) for of in self.words.values()]
        return _mixed(looked_up, sizes).fill_null(prod(sizes))


def _mixed(digits: Sequence[pl.Expr], sizes: Sequence[int]) -> pl.Expr:
    """One number from digits of these sizes, the last one's changing fastest."""
    kind = pl.UInt16 if prod(sizes) < 1 << 16 else pl.UInt32
    number = pl.lit(0, kind)
    for place, (digit, size) in enumerate(zip(digits, sizes, strict=True)):
        number = number * pl.lit(size, kind) + digit.cast(kind) if place else digit.cast(kind)
    return number


def _digit(name: str, words: Sequence[str]) -> pl.Expr:
    """1 for the first of the words, 2 for the next, 0 for any other."""
    column = pl.col(name).fill_null(MISSING)
    if len(words) > COMPARED:
        code = column.cast(pl.Enum(words), strict=False).to_physical()
        return (code.cast(pl.UInt8 if len(words) < 255 else pl.UInt32) + 1).fill_null(0)
    digit = pl.lit(0, pl.UInt8)
    for number, word in enumerate(words, start=1):
        digit = digit + (column == word).cast(pl.UInt8) * pl.lit(number, pl.UInt8)
    return digit


class _Counting:
    """Two tables of small whole numbers, added to where they lie: no copy, and no memory that grows with the episodes.
    A cell never holds more than the `largest` unit has, which decides how wide its numbers are."""

    def __init__(self, shape: tuple[int, int], largest: int) -> None:
        kind: type[np.unsignedinteger[Any]] = np.uint16 if largest < 1 << 16 else np.uint32
        self.cases: Counts = np.zeros(shape, dtype=kind)
        self.observed: Counts = np.zeros(shape, dtype=kind)
        self.one = kind(1)  # of the table's own type: adding any other is many times slower

    def take(self, batch: pl.DataFrame, numbers: NDArray[np.int32]) -> bool:
        """Count the batch. False where a row has no cell, or its outcome is no event and no lack of one."""
        unit, event = numbers[batch["unit"].to_numpy()], batch["event"]
        if not (batch["least_digit"] > 0).all() or (unit < 0).any() or event.null_count():
            return False
        if batch.height and not (event.min() in (0, 1) and event.max() in (0, 1) and event.dtype.is_integer()):
            return False
        cell = unit.astype(np.int64) * self.cases.shape[1] + batch["pattern"].to_numpy()
        np.add.at(self.cases.reshape(-1), cell, self.one)
        np.add.at(self.observed.reshape(-1), cell[event.to_numpy() == 1], self.one)
        return True
