"""Lines of a file that has been read, once more as they were sent: what people need to mend them."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from services.ingest.reading.blocks import texts
from services.ingest.reading.limits import MOST_IN_LINE
from services.ingest.reading.parquet import as_texts
from services.ingest.reading.unfolding import unfolded
from services.ingest.reading.workbook import rows_in
from services.ingest.source import Source


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


def _cells(path: Path, source: Source, wanted: set[int]) -> Iterator[tuple[int, Sequence[str]]]:
    if source.form.format == "workbook":
        for row in rows_in(path, source.form.sheet):
            if row.number in wanted:
                yield row.number, row.cells
        return
    at = 0
    for frame in as_texts(path):
        numbered = frame.with_row_index("=line", offset=at + 1).filter(pl.col("=line").is_in(list(wanted)))
        yield from ((line, cells) for line, *cells in numbered.iter_rows())
        at += frame.height


def _as_line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
