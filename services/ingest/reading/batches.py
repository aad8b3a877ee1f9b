"""What every form of file is turned into: batches of texts with the numbers of their lines, and lines that are none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from services.ingest.checks import LINE
from services.ingest.reading.limits import MOST_LINES, MOST_MISSHAPEN
from services.ingest.reading.parts import LINES
from services.ingest.refusals import ASIDE, Refused
from services.ingest.source import Source
from shared.contracts.ingest import Fate

TEXT: Final = pl.String()
Told = Callable[[int, int], None]
"""Called with how much of the file has been read, and how much there is, in bytes or in rows."""


@dataclass(frozen=True)
class Broken:
    """The first line that is no row: what was found in it, and what was expected."""

    line: int
    found: str
    expected: str


@dataclass(frozen=True)
class Batch:
    """`lines` physical lines that follow one another. `texts`: rows, as `_line`, `_lines` and the columns of the header
    and spare ones, all text, not trimmed. `aside` (`ASIDE`, one for each physical line): lines that are no rows.
    `done`: how much of the file has been read with it. `tidy`: it is known that no text has spaces around it."""

    lines: int
    texts: pl.DataFrame
    aside: pl.DataFrame
    header: int = 0
    blank: int = 0
    footer: int = 0
    done: int = 0
    tidy: bool = False


@dataclass(frozen=True)
class Opened:
    """A file whose encoding and header are known. `source` is in the layout of that header; `spare`: names of the
    columns of `texts` that are to be empty, each with its heading; `total`: what `Batch.done` comes to;
    `sheets_left_alone`: of a workbook how many sheets are not read, else None."""

    encoding: str
    source: Source
    spare: dict[str, str]
    batches: Iterator[Batch]
    total: int
    sheets_left_alone: int | None = None


@dataclass
class Misshapen:
    """Counts lines that are no rows over the batches, before anything is kept of each."""

    number: int = 0
    first: Broken | None = None
    lines: int = field(default=0)

    def more(self, number: int, first: Callable[[], Broken]) -> None:
        """Raises Refused `too-many-broken-lines`; `first` is asked for the first of all of them."""
        if not number:
            return
        self.first = self.first or first()
        self.number += number
        if self.number > MOST_MISSHAPEN:
            detail = (
                f"More than {MOST_MISSHAPEN:,} lines are not of the form of this source, line {self.first.line} the "
                f"first: it has {self.first.found}, not {self.first.expected}. Nothing was taken from the file."
            )
            told = self.first
            raise Refused("too-many-broken-lines", detail, told.found, told.expected, told.line)

    def refuse_too_long(self, lines: int) -> None:
        """Raises Refused `too-many-lines`."""
        self.lines += lines
        if self.lines > MOST_LINES:
            detail = f"The file has more than {MOST_LINES:,} lines. Split it. Nothing was taken from it."
            raise Refused("too-many-lines", detail, f"more than {MOST_LINES:,} lines", f"at most {MOST_LINES:,} lines")


def numbered(texts: pl.DataFrame, line: pl.Series, lines: pl.Series | None = None) -> pl.DataFrame:
    """`texts` with the first line of each row, and how many it has: one, unless said."""
    each = pl.lit(1, pl.Int64()) if lines is None else lines
    return texts.select(line.alias(LINE), each.alias(LINES), pl.all())


def on_each_line(aside: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """`aside`, whose `line` is a row's first, with one for each physical line of the row; `lines`: `_line`, `_lines`
    of rows, among them these."""
    several = lines.filter(pl.col(LINES) > 1)
    if several.is_empty() or aside.is_empty():
        return aside
    counted = aside.join(
        several.select(pl.col(LINE).alias("line"), LINES), on="line", how="left", maintain_order="left"
    )
    each = pl.int_ranges(0, pl.col(LINES).fill_null(1))
    spread = counted.with_columns(each.alias(LINES)).explode(LINES)
    return spread.with_columns(pl.col("line") + pl.col(LINES)).select(ASIDE.names())


def set_aside(found: list[tuple[int, str, str | None, str, str]]) -> pl.DataFrame:
    """`ASIDE` of lines, each with code, column, found and expected."""
    rows = [(line, Fate.QUARANTINED.value, *rest) for line, *rest in found]
    return pl.DataFrame(rows, schema=ASIDE, orient="row")
