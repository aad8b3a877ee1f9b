"""One sheet of a workbook (XLSX), streamed from its XML.

The libraries that read workbooks fast round numbers to nine decimals, leave errors out, and hold a sheet as large as it
says it is; none of the three will do here.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final
from xml.parsers import expat

import polars as pl

from services.ingest.reading.batches import Batch, Opened
from services.ingest.reading.cells import Kinds, Row, rows_of
from services.ingest.reading.header import head_of
from services.ingest.reading.limits import MOST_PREAMBLE
from services.ingest.reading.sheets import sheet_read
from services.ingest.reading.sheetxml import (
    BOOK,
    RELATIONS,
    Book,
    Relations,
    Sheets,
    Strings,
    Styles,
    broken_book,
    part_of_sheet,
)
from services.ingest.reading.tables import Table
from services.ingest.reading.unfolding import BROKEN
from services.ingest.refusals import ASIDE, Refused
from services.ingest.source import Source

BATCH_CELLS: Final = 500_000
"""Cells of a batch, empty ones included."""
WINDOW: Final = MOST_PREAMBLE + 3
"""Rows in which the header is looked for."""


def open_workbook(path: Path, source: Source) -> Opened:
    """Raises Refused where the file as a whole cannot be taken, now or from its batches.

    Numbers are written without an exponent or a needless fraction, days as YYYY-MM-DD, an error as the spreadsheet
    shows it, what is empty as the empty text. Columns count from the first that has a value where the header is.
    """
    rows = rows_in(path, source.form.sheet)
    first = list(islice(rows, WINDOW))
    if not any(row.cells for row in first):
        raise Refused("empty-file", "The sheet is empty. Nothing was taken from it.", "no cells", "a header and rows")
    left = min(_first_filled(row.cells) for row in first if row.cells)
    shown = [_heading(cells[left:]) for cells in _with_gaps(first, WINDOW)]
    head = head_of(shown, source)
    table = Table(source.as_sent(head.names), head)
    spare = dict(zip(head.columns[len(head.names) :], head.spare, strict=True))
    size = path.stat().st_size
    batches, sheets = _batches(_Sheet(table, left, size), first, rows), sheet_read(path, source)
    return Opened("workbook", table.source, spare, batches, size, sheets[1] if sheets else None)


@dataclass
class _Sheet:
    """Rows on their way into batches: `cells` of lines that follow one another, the first of them `line`."""

    table: Table
    left: int
    size: int
    line: int = 1
    width: int = 1
    cells: list[list[str]] = field(default_factory=list)
    wrong: dict[int, tuple[str, str | None, str, str]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        number, head = row.number, self.table.head
        self.cells.append(row.cells[self.left :])
        self.width = max(self.width, len(self.cells[-1]))
        if _first_filled(row.cells) < self.left:
            self.wrong[number] = ("field-count", None, "a cell left of the header", f"{head.width} fields")
        formula = row.formula if self.table.source.form.formulas == "refused" else row.bare
        if formula is not None:
            place = formula[0] - 1 - self.left
            headings = [*head.names, *head.spare]
            named = headings[place] if 0 <= place < len(headings) else None
            self.wrong[number] = ("formula", named, formula[1], "a value")

    def passed(self, lines: int) -> Batch:
        """So many blank lines."""
        self.line += lines
        return Batch(lines, self.table.empty(), pl.DataFrame(schema=ASIDE), blank=lines)

    def is_full(self) -> bool:
        return len(self.cells) * max(self.width, self.table.head.width) >= BATCH_CELLS

    def taken(self) -> Batch:
        """What has been added, as a batch."""
        width = max(self.width, self.table.head.width)
        columns = list(zip(*(row + [""] * (width - len(row)) for row in self.cells), strict=True))
        names = [f"{place}" for place in range(width)]
        cells = pl.DataFrame(dict(zip(names, columns, strict=True)), schema=dict.fromkeys(names, pl.String()))
        self.table.wrong = self.wrong
        batch = self.table.batch(cells, self.line, 0)
        self.line, self.width, self.cells, self.wrong = self.line + len(self.cells), 1, [], {}
        return batch


def _batches(sheet: _Sheet, first: list[Row], rest: Iterator[Row]) -> Iterator[Batch]:
    lines = sheet.table.head.lines
    yield Batch(lines, sheet.table.empty(), pl.DataFrame(schema=ASIDE), header=lines)
    sheet.line = lines + 1
    for row in (row for rows in (first, rest) for row in rows):
        if row.number <= lines:
            continue
        if (gap := row.number - sheet.line - len(sheet.cells)) > 0:  # rows without a cell are lines too
            if sheet.cells:
                yield sheet.taken()
            yield sheet.passed(gap)
        sheet.add(row)
        if sheet.is_full():
            yield sheet.taken()
    if sheet.cells:
        yield sheet.taken()


def rows_in(path: Path, name: str | None) -> Iterator[Row]:
    """Rows of the sheet of that name, or of the only one. Raises Refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            book = Book(archive, path.stat().st_size)
            sheets = book.heard(BOOK, Sheets())
            relations = book.heard(RELATIONS, Relations())
            part = part_of_sheet(sheets, relations, book.entries, name)
            strings = book.heard(relations.kinds.get("sharedStrings", ""), Strings()).found
            days = book.heard(relations.kinds.get("styles", ""), Styles()).days
            yield from rows_of(book, part, Kinds(strings, days, sheets.from_1904))
    except (*BROKEN, expat.ExpatError):
        raise broken_book() from None


def _with_gaps(rows: list[Row], most: int) -> list[list[str]]:
    by_number = {row.number: row.cells for row in rows}
    last = min(most, max(by_number))
    return [by_number.get(number, []) for number in range(1, last + 1)]


def _heading(cells: list[str]) -> list[str]:
    """Headings are set in several lines for looks; trailing empty cells are none."""
    names = [" ".join(cell.split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _first_filled(cells: list[str]) -> int:
    """Its place, from 0; beyond the last where there is none."""
    return next((place for place, text in enumerate(cells) if text), len(cells) or 1 << 20)
