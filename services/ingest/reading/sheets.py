"""Which sheet of a workbook is read, and how many others are not."""

import zipfile
from pathlib import Path
from xml.parsers import expat

from services.ingest.reading.sheetxml import BOOK, Book, Sheets, broken_book
from services.ingest.reading.unfolding import BROKEN
from services.ingest.source import Source


def sheet_read(path: Path, source: Source) -> tuple[str, int] | None:
    """Its name and the number of the others; None where the source is of no workbook, or the file has no such sheet.
    Raises Refused where it is no workbook, OSError."""
    if source.form.format != "workbook":
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            sheets = list(Book(archive, path.stat().st_size).heard(BOOK, Sheets()).found)
    except (*BROKEN, expat.ExpatError):
        raise broken_book() from None
    name = source.form.sheet or next(iter(sheets), "")
    return (name, len(sheets) - 1) if name in sheets else None
