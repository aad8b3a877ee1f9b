"""Lines set aside, with their reasons and as they were sent."""

import csv
import io
from collections.abc import Iterator

import polars as pl

from services.ingest.reading.blocks import texts
from services.ingest.refusals import ASIDE
from services.ingest.store.database import Store
from shared.contracts.ingest import QuarantinedLine, Submission

COLUMNS = tuple(QuarantinedLine.model_fields)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
AT_ONCE = 1000  # rows of CSV in one piece of the answer


def quarantined(
    store: Store, submission: Submission, aside: str | None, after: int, limit: int
) -> list[QuarantinedLine]:
    """The next `limit` lines after line `after`; none where the submission has no fates."""
    table = _table(store, aside).filter(pl.col("line") > after).head(limit)
    return list(_lines(store, submission, table))


def quarantine_csv(store: Store, submission: Submission, aside: str | None) -> Iterator[bytes]:
    """The whole quarantine as CSV, piece by piece. A cell that a spreadsheet might run gets a leading apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, line in enumerate(_lines(store, submission, _table(store, aside)), start=1):
        values = line.model_dump(mode="json")
        writer.writerow([_harmless(values.get(column, "")) for column in COLUMNS])
        if number % AT_ONCE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _table(store: Store, aside: str | None) -> pl.DataFrame:
    return pl.DataFrame(schema=ASIDE) if aside is None else store.files.read_table(aside)


def _lines(store: Store, submission: Submission, table: pl.DataFrame) -> Iterator[QuarantinedLine]:
    sent = texts(store.files.upload(submission.sha256), submission.encoding or "utf-8", table["line"].to_list())
    for row, text in zip(table.iter_rows(named=True), sent, strict=True):
        yield QuarantinedLine(**row, text=text)


def _harmless(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
