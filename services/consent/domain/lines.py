"""A file of lines, taken apart: every physical line becomes cells, a fault, the header or a blank, and nothing else."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared.contracts.consent import ImportLine
from shared.contracts.consent.imports import Fate

LONGEST_EXCERPT = 80
MARKS: Final = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK": "a workbook (XLSX) or another ZIP archive"}


@dataclass(frozen=True)
class Fault:
    """Why a line is not applied: quarantined, already there, or kept until a second person has agreed."""

    code: str
    column: str | None
    found: str
    expected: str
    fate: Fate = "quarantined"

    def at(self, line: int) -> ImportLine:
        return ImportLine(
            line=line, fate=self.fate, code=self.code, column=self.column, found=self.found[:LONGEST_EXCERPT],
            expected=self.expected,
        )  # fmt: skip


Cells = Mapping[str, str]
Line = list[str] | Fault


@dataclass(frozen=True)
class Columns:
    """What the first line of a file must name, and what it may name beside."""

    needed: Sequence[str]
    optional: Sequence[str]

    def __str__(self) -> str:
        return f"{', '.join(self.needed)}; and, where wanted, {', '.join(self.optional)}"


@dataclass(frozen=True)
class Sheet:
    """Data lines by number, each with its cells or its fault; `lines` counts header and blanks too."""

    lines: int
    blank: int
    data: tuple[tuple[int, Cells | Fault], ...]


class HeaderRefused(ValueError):
    """The first line does not name the columns that are needed, each once, and none that nobody knows. Its sentence
    says what was found, without repeating a cell: the line may be one of data."""


def of_csv(body: bytes, columns: Columns) -> Sheet:
    """Split UTF-8 CSV (a BOM may lead) at its line ends. A quoted cell may not hold a line end, so that one physical
    line has one fate. Raises HeaderRefused."""
    for mark, name in MARKS.items():
        if body.startswith(mark):
            raise HeaderRefused(f"Found {name}; expected CSV in UTF-8.")
    physical = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if physical[-1] == b"":
        physical.pop()
    return _sheet(([] if not line.strip() else _cells(line) for line in physical), columns)


def of_rows(rows: Sequence[list[str]], columns: Columns) -> Sheet:
    """The rows of a workbook's sheet, cells that are empty at the end of a row left out. Raises HeaderRefused."""
    width = len(rows[0]) if rows else 0
    return _sheet((row + [""] * (width - len(row)) if row else row for row in rows), columns)


def _sheet(lines: Iterable[Line], columns: Columns) -> Sheet:
    """A line without any cell is a blank."""
    left = iter(lines)
    header = _checked(next(left, []), columns)
    count, data = 1, []
    for count, line in enumerate(left, 2):
        if line:
            data.append((count, _named(header, line)))
    return Sheet(count, count - 1 - len(data), tuple(data))


def _checked(header: Line, columns: Columns) -> list[str]:
    """Columns may come in any order. Raises HeaderRefused."""
    if isinstance(header, Fault):
        raise HeaderRefused("Found a first line that is not one of CSV in UTF-8.")
    names = [name.strip() for name in header]
    missing = [name for name in columns.needed if name not in names]
    unknown = [place for place, name in enumerate(names, 1) if name not in {*columns.needed, *columns.optional}]
    twice = sorted({name for name in names if names.count(name) > 1} & {*columns.needed, *columns.optional})
    found = [
        f"no column {', '.join(missing)}" if missing else "",
        f"columns of other names at {', '.join(map(str, unknown[:10]))}" if unknown else "",
        f"{', '.join(twice)} more than once" if twice else "",
    ]
    if any(found):
        raise HeaderRefused(f"Found a first line with {'; '.join(filter(None, found))}.")
    return names


def _named(header: list[str], cells: Line) -> Cells | Fault:
    if isinstance(cells, Fault):
        return cells
    if len(cells) != len(header):
        return Fault("malformed-line", None, f"{len(cells)} cells", f"{len(header)} cells")
    return dict(zip(header, (cell.strip() for cell in cells), strict=True))


def _cells(line: bytes) -> Line:
    try:
        rows = list(csv.reader([line.removesuffix(b"\r").decode()], strict=True))
    except UnicodeDecodeError as error:
        return Fault("not-utf8", None, f"byte {line[error.start]:#04x} at place {error.start + 1}", "text in UTF-8")
    except csv.Error as error:
        return Fault("malformed-line", None, str(error), "one line of CSV")
    return rows[0]
