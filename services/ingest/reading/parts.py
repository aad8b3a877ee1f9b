"""What was read of a file, as files of its own: bounded pieces of rows and of lines set aside, and a table of contents.

A folder with `reading.json` (`Read`), last written, and the Parquet files that it names. It follows from the bytes of
the upload, its name and its source alone, so whoever makes it twice makes the same.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import polars as pl

from shared.contracts.ingest import Fate
from shared.kit.files import write_durably

CONTENTS: Final = "reading.json"
LINES: Final = "_lines"
"""Physical lines of a row: one, unless a quoted cell holds line ends."""


@dataclass(frozen=True)
class Piece:
    """One Parquet file, with so many rows."""

    name: str
    rows: int


@dataclass(frozen=True)
class Stated:
    """What a line that sums up the others says of a column of the file, as its text."""

    line: int
    column: str
    text: str


@dataclass(frozen=True)
class Read:
    """`lines` physical lines in `encoding`; of them `header`, `blank`, `footer` and `aggregate` (totals without a row)
    by their form, the others in `rows` (`checks.row_schema` and `_lines`, in order of line) and `aside` (`ASIDE`, one
    for each physical line, in order of line). `totals`: what lines without a row state of columns of whole numbers.
    `sheets_left_alone`: of a workbook how many sheets were not read: their lines are none of these."""

    encoding: str
    lines: int
    header: int
    blank: int
    footer: int
    aggregate: int
    rows: tuple[Piece, ...]
    aside: tuple[Piece, ...]
    totals: tuple[Stated, ...] = ()
    sheets_left_alone: int | None = None

    @property
    def height(self) -> int:
        """Rows in all."""
        return sum(piece.rows for piece in self.rows)

    @property
    def set_aside(self) -> int:
        """Physical lines set aside when read."""
        return sum(piece.rows for piece in self.aside)

    def fates(self, of_rows: Mapping[Fate, int], set_aside: int) -> dict[Fate, int]:
        """Lines by fate, given those of the lines behind the rows, and how many lines were set aside when read. Raises
        RuntimeError unless every line has one."""
        by_form = {Fate.HEADER: self.header, Fate.BLANK: self.blank, Fate.FOOTER: self.footer}
        fates = {**of_rows, **by_form}
        fates[Fate.AGGREGATE] = fates.get(Fate.AGGREGATE, 0) + self.aggregate
        fates[Fate.QUARANTINED] = fates.get(Fate.QUARANTINED, 0) + set_aside
        if sum(fates.values()) != self.lines:  # never; the database's constraint would refuse it too
            raise RuntimeError(f"{sum(fates.values())} fates for {self.lines} lines")
        return fates


def write_contents(folder: Path, read: Read) -> None:
    """Last of all: its presence says that the rest is there. Raises OSError."""
    write_durably(folder / CONTENTS, json.dumps(asdict(read)).encode())


def contents_of(folder: Path) -> Read | None:
    """None where nothing has been read into this folder, or not to the end."""
    try:
        told = json.loads((folder / CONTENTS).read_bytes())
    except FileNotFoundError:
        return None
    rows, aside = (tuple(Piece(**one) for one in told.pop(name)) for name in ("rows", "aside"))
    totals = tuple(Stated(**one) for one in told.pop("totals", ()))
    return Read(**told, rows=rows, aside=aside, totals=totals)


def frames(folder: Path, pieces: tuple[Piece, ...]) -> Iterator[pl.DataFrame]:
    """Piece by piece, in order."""
    for piece in pieces:
        yield pl.read_parquet(folder / piece.name)
