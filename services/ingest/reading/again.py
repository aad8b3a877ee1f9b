"""Lines of a file that has been read, once more as they were sent: what people need to mend them."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from services.ingest.reading.blocks import texts
from services.ingest.reading.limits import MOST_IN_LINE
from services.ingest.reading.parquet import as_texts
from services.ingest.reading.unfolding import unfolded
from services.ingest.reading.workbook import rows_in
from services.ingest.source import Source

ENDS: Final = re.compile(r"[\r\n]+")


def write_plain(path: Path, source: Source, scratch: Path, plain: Path) -> int:
    """Make `plain` the whole file as lines of text, and say how many rows were written: a text file as it is inside of
    what is around it (0 then), of a workbook or a Parquet file each row under its number, as CSV in UTF-8. Raises
    Refused."""
    form = source.form
    with unfolded(path, scratch, form.format == "workbook") as (inner, wrapped):
        if form.format == "csv":
            if wrapped:
                plain.hardlink_to(inner)
            else:
                plain.symlink_to(path)
            return 0
        rows, following = 0, 1
        with plain.open("w", encoding="utf-8", newline="") as out:
            for line, cells in _cells(inner, source, None):
                text = _as_line([ENDS.sub(" ", cell) for cell in cells])
                out.write("\n" * (line - following) + text + "\n")
                rows, following = rows + 1, line + 1
    return rows


def lines_again(path: Path, source: Source, scratch: Path, encoding: str, wanted: Sequence[int]) -> list[str]:
    """The lines numbered `wanted` (ascending), without their ends; rows of a workbook or a Parquet file as CSV. Of what
    is too long its beginning. `encoding`: as it was recorded when the file was read. Raises Refused."""
    form = source.form
    with unfolded(path, scratch, form.format == "workbook") as (inner, _):
        if form.format == "csv":
            return list(texts(inner, encoding.rpartition(":")[2], wanted))
        found = _cells(inner, source, set(wanted))
        lines = {line: _as_line(cells)[:MOST_IN_LINE] for line, cells in found}
    return [lines.get(line, "") for line in wanted]


def _cells(path: Path, source: Source, wanted: set[int] | None) -> Iterator[tuple[int, Sequence[str]]]:
    if source.form.format == "workbook":
        for row in rows_in(path, source.form.sheet):
            if wanted is None or row.number in wanted:
                yield row.number, row.cells
        return
    at = 0
    for frame in as_texts(path):
        numbered = frame.with_row_index("=line", offset=at + 1)
        if wanted is not None:
            numbered = numbered.filter(pl.col("=line").is_in(list(wanted)))
        yield from ((line, cells) for line, *cells in numbered.iter_rows())
        at += frame.height


def _as_line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
