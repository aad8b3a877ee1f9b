"""A file of lines, taken apart: every physical line becomes cells, a fault, the header or a blank, and nothing else."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.contracts.consent import ImportLine

LONGEST_EXCERPT = 80


@dataclass(frozen=True)
class Fault:
    """Why a line is not applied: quarantined, or already there."""

    code: str
    column: str | None
    found: str
    expected: str
    fate: Literal["duplicate", "quarantined"] = "quarantined"

    def at(self, line: int) -> ImportLine:
        return ImportLine(
            line=line, fate=self.fate, code=self.code, column=self.column, found=self.found[:LONGEST_EXCERPT],
            expected=self.expected,
        )  # fmt: skip


Cells = Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """Data lines by number, each with its cells or its fault; `lines` counts header and blanks too."""

    lines: int
    blank: int
    data: tuple[tuple[int, Cells | Fault], ...]


class HeaderRefused(ValueError):
    """The first line does not name exactly the columns that are needed."""


def take_apart(body: bytes, columns: Sequence[str]) -> Sheet:
    """Split UTF-8 CSV (a BOM may lead) at its line ends. A quoted cell may not hold a line end, so that one physical
    line has one fate. Columns may come in any order. Raises HeaderRefused."""
    physical = body.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if physical[-1] == b"":
        physical.pop()
    header = _cells(physical[0]) if physical else None
    if not isinstance(header, list) or sorted(header) != sorted(columns):
        raise HeaderRefused
    numbered = [(number, line) for number, line in enumerate(physical[1:], 2) if line.strip()]
    data = tuple((number, _named(header, line)) for number, line in numbered)
    return Sheet(len(physical), len(physical) - 1 - len(numbered), data)


def _named(header: list[str], line: bytes) -> Cells | Fault:
    cells = _cells(line)
    if isinstance(cells, Fault):
        return cells
    if len(cells) != len(header):
        return Fault("malformed-line", None, f"{len(cells)} cells", f"{len(header)} cells")
    return dict(zip(header, (cell.strip() for cell in cells), strict=True))


def _cells(line: bytes) -> list[str] | Fault:
    try:
        rows = list(csv.reader([line.removesuffix(b"\r").decode()], strict=True))
    except UnicodeDecodeError:
        return Fault("not-utf8", None, line.decode(errors="backslashreplace"), "text in UTF-8")
    except csv.Error as error:
        return Fault("malformed-line", None, str(error), "one line of CSV")
    return rows[0]
