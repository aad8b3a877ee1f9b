"""Files of CSV for people who open them in a spreadsheet: RFC 4180, and no cell of text is taken for a formula."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

from fastapi import Response

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
MEDIA_TYPE: Final = "text/csv; charset=utf-8"
Cell = str | int | None


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Lines end with CR LF. Text that a spreadsheet would compute gets a leading apostrophe; numbers are numbers, so a
    minus stays one; nothing at all is an empty cell."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return text.getvalue()


def download(body: str, name: str) -> Response:
    """An answer to be kept as a file of this name, by whoever asked and by nobody on the way."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    return Response(body.encode(), media_type=MEDIA_TYPE, headers=headers)


def _safe(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
