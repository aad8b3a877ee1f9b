"""The first sheet of a workbook (XLSX) as rows of text. Nothing in it is computed, and nothing is read that was not
measured first: a workbook is a ZIP archive, and a small one may unfold to any size.
"""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from io import BytesIO
from typing import Any, Final

import openpyxl

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_PARTS: Final = 1_000
MOST_EXPANDED_BYTES: Final = 64 * 2**20
PIECE: Final = 2**20
DECLARATIONS: Final = (b"<!DOCTYPE", b"<!ENTITY")
LONGEST_DECLARATION: Final = max(map(len, DECLARATIONS))


class WorkbookRefused(ValueError):
    """Not a workbook that is read here: its sentence says what was found, what was expected, what to do."""


class WorkbookTooLarge(WorkbookRefused):
    """More than is read at once."""


def first_sheet(body: bytes, most_rows: int) -> list[list[str]]:
    """The rows of the first sheet, from its row 1 on, each as long as its last cell; an empty row is an empty list.

    A number is written without an exponent or a needless fraction, a day as YYYY-MM-DD, what is empty as the empty
    text. Of a formula the formula itself is taken, never the value that some program last computed for it. Raises
    WorkbookRefused, WorkbookTooLarge.
    """
    _measure(body)
    rows: list[list[str]] = []
    try:
        book = openpyxl.load_workbook(BytesIO(body), read_only=True, keep_links=False)
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what the sheet says of its own size is not believed
        for row in sheet.iter_rows(max_row=most_rows + 1, values_only=True):
            rows.append(_texts(row))
    except Exception as error:  # a stranger's file, read by a library: whatever it raises, this is no workbook
        raise WorkbookRefused(
            f"Found an archive that does not read as a workbook ({type(error).__name__}); expected XLSX with one sheet "
            "of cells. Save it again from the spreadsheet program, or send it as CSV in UTF-8."
        ) from None
    if len(rows) > most_rows:
        raise WorkbookTooLarge(
            f"Found more than {most_rows:,} rows in the workbook; expected no more. Split it, or send it as CSV."
        )
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _measure(body: bytes) -> None:
    """Unfold every part once, keeping none, before anybody builds anything from it."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise WorkbookTooLarge(f"Found {len(parts):,} parts in the workbook; expected {MOST_PARTS:,} at most.")
            left = MOST_EXPANDED_BYTES
            for part in parts:
                left -= _measure_part(archive, part, left)
    except WorkbookRefused:
        raise
    except Exception as error:  # damaged, encrypted, or packed in a way that this Python does not know
        raise WorkbookRefused(
            f"Found a file that is no readable ZIP archive ({type(error).__name__}); expected a workbook (XLSX) "
            "without a password. Save it again as XLSX, or send it as CSV in UTF-8."
        ) from None


def _measure_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """The bytes it unfolds to. No part of a workbook declares a document type, which is where entities come from."""
    size, before = 0, b""
    with archive.open(part) as source:
        while piece := source.read(PIECE):
            size += len(piece)
            if size > left:
                raise WorkbookTooLarge(
                    f"Found a workbook that unfolds to more than {MOST_EXPANDED_BYTES // 2**20} MB; expected no more. "
                    "Split it, or send it as CSV."
                )
            if any(one in before + piece for one in DECLARATIONS):
                raise WorkbookRefused(
                    "Found a declaration of a document type in the workbook; expected none. Save it again."
                )
            before = piece[-LONGEST_DECLARATION:]
    return size


def _texts(row: Sequence[Any]) -> list[str]:
    texts = [_text(value) for value in row]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _text(value: Any) -> str:
    """Of a formula over several cells, which is an object of its own, its text."""
    if isinstance(value, str | None):
        return value or ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value).upper() if isinstance(value, bool | int) else "=" + str(getattr(value, "text", ""))
