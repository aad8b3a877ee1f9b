"""The cells of one sheet, row by row, as the text that its sender sees: nothing is rounded, and nothing left out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from typing import Final

from services.ingest.reading.limits import MOST_COLUMNS, MOST_IN_FIELD
from services.ingest.reading.sheetxml import Book, Listener, broken_book, local, refused_book
from services.ingest.refusals import EXCERPT

PLACE: Final = re.compile(r"^([A-Z]{1,3})([0-9]{1,7})$")
WHOLE: Final = re.compile(r"^-?[0-9]+$")
NUMBER: Final = re.compile(r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,4})?$")
MOST_ROWS: Final = 1_048_576
FIRST_DAY: Final = datetime(1899, 12, 30)  # noqa: DTZ001  # spreadsheets know no zones
FIRST_DAY_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
LEAP_DAY_THAT_WAS_NOT: Final = 60
"""Spreadsheets believe in 29 February 1900; days before it are one less from the first."""
LAST_DAY: Final = 2_958_466


@dataclass
class Row:
    """`cells` from column 1 on, as far as any is filled. `formula`: column and text of the first; `bare`: of the first
    without a last value."""

    number: int
    cells: list[str] = field(default_factory=list)
    formula: tuple[int, str] | None = None
    bare: tuple[int, str] | None = None


@dataclass(frozen=True)
class Kinds:
    """What cells refer to."""

    strings: list[str]
    days: list[bool]
    from_1904: bool


class Cells(Listener):
    """Hears a sheet; `done` are rows that are complete. How a text is pronounced is left out."""

    def __init__(self, kinds: Kinds) -> None:
        self.kinds, self.done, self.row = kinds, list[Row](), Row(0)
        self.column = 0
        self.given: dict[str, str] = {}
        self.text: list[str] = []
        self.value: str | None = None
        self.formula: str | None = None
        self.spoken = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        tag = local(tag)
        if tag == "c":
            self._begin_cell(given)
        elif tag == "rPh":
            self.spoken = True
        elif tag in ("v", "f") or (tag == "t" and not self.spoken):
            self.text = []
            self.parser.CharacterDataHandler = self.text.append
        elif tag == "row":
            number = given.get("r", "")
            self._begin_row(int(number) if number.isdecimal() and len(number) < 8 else self.row.number + 1)

    def end(self, tag: str) -> None:
        tag = local(tag)
        if tag == "v":
            self._heard_value("".join(self.text))
        elif tag == "t" and not self.spoken:
            self._heard_value((self.value or "") + "".join(self.text))
        elif tag == "rPh":
            self.spoken = False
        elif tag == "f":
            self.parser.CharacterDataHandler = None
            self.formula = "".join(self.text)
        elif tag == "c":
            self._end_cell()
        elif tag == "row":
            self.done.append(self.row)

    def _begin_row(self, number: int) -> None:
        if not self.row.number < number <= MOST_ROWS:
            raise broken_book()
        self.row, self.column = Row(number), 0

    def _begin_cell(self, given: dict[str, str]) -> None:
        self.given, self.value, self.formula = given, None, None
        place = PLACE.match(given.get("r", ""))
        column = self.column + 1 if place is None else column_of(place[1])
        if column <= self.column or (place is not None and int(place[2]) != self.row.number):
            raise broken_book()  # a cell told twice, or of another row: who knows which one its sender sees
        if column > MOST_COLUMNS:
            raise refused_book("too-many-columns", f"a cell in column {column:,}", f"at most {MOST_COLUMNS:,} columns")
        self.column = column

    def _heard_value(self, text: str) -> None:
        self.parser.CharacterDataHandler = None
        self.value = text

    def _end_cell(self) -> None:
        kind = self.given.get("t", "n")
        if self.formula is not None:
            told = self.column, f"={self.formula}"[:EXCERPT]
            self.row.formula = self.row.formula or told
            if self.value is None or (not self.value and kind != "str"):
                self.row.bare = self.row.bare or told
        if self.value:
            cells = self.row.cells
            cells.extend([""] * (self.column - len(cells) - 1))
            cells.append(self._shown(self.value, kind)[: MOST_IN_FIELD + 1])

    def _shown(self, value: str, kind: str) -> str:
        if kind == "s":
            place = int(value) if value.isdecimal() and len(value) < 10 else len(self.kinds.strings)
            if place >= len(self.kinds.strings):
                raise broken_book()
            return self.kinds.strings[place]
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value)
        if kind != "n":
            return value
        style = self.given.get("s", "")
        if style.isdecimal() and len(style) < 6 and int(style) < len(self.kinds.days) and self.kinds.days[int(style)]:
            return day_of(value, self.kinds.from_1904)
        return number_of(value)


def rows_of(book: Book, part: str, kinds: Kinds) -> Iterator[Row]:
    """Rows of a sheet that have a value or a formula, in order. Raises Refused, ExpatError."""
    listener = Cells(kinds)
    for _ in book.hear(part, listener):
        yield from (row for row in listener.done if row.formula or any(row.cells))
        listener.done.clear()


def number_of(text: str) -> str:
    """Without an exponent or a needless fraction, exact to the last bit; what is no number stays as it is. Of whole
    numbers every digit stands: one that is an identifier may have more than a float holds."""
    if WHOLE.match(text) or not NUMBER.match(text):
        return text
    value = float(text)
    if not isfinite(value):
        return text
    plain = f"{Decimal(repr(value)):f}"
    return plain.rstrip("0").removesuffix(".") if "." in plain else plain


def day_of(text: str, from_1904: bool) -> str:
    """`2025-01-31`, `2025-01-31 13:05:01`, or `13:05:01` where there is no day; a number that is no day stays one."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not 0 <= value < LAST_DAY:
        return number_of(text)
    early = not from_1904 and value < LEAP_DAY_THAT_WAS_NOT
    first = FIRST_DAY_1904 if from_1904 else FIRST_DAY
    seconds = round(value * 86_400)
    told = first + timedelta(days=seconds // 86_400 + early, seconds=seconds % 86_400)
    if value < 1 and seconds % 86_400:
        return told.strftime("%H:%M:%S")
    day = f"{told.year:04}-{told.month:02}-{told.day:02}"
    return f"{day} {told:%H:%M:%S}" if seconds % 86_400 else day


def column_of(letters: str) -> int:
    """Of `A` 1, of `AA` 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number
