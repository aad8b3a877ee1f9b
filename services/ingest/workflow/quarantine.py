"""Lines set aside, with their reasons and as they were sent."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain, islice

import polars as pl

from services.ingest.fates import AGREE
from services.ingest.reading.blocks import texts
from services.ingest.reading.limited import lines_as_sent
from services.ingest.refusals import ASIDE
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.workflow.mending import COLUMN
from shared.contracts.ingest import Content, Fate, QuarantinedLine, Submission

COLUMNS = tuple(QuarantinedLine.model_fields)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NOT_QUOTED = "what stewards are told: rows are about patients"
AT_ONCE = 1000  # rows of CSV in one piece of the answer


def quarantined(  # noqa: PLR0917  # whose lines, then which of them and how
    store: Store, source: Source, submission: Submission, aside: str | None, page: tuple[int, int], whole: bool
) -> list[QuarantinedLine]:
    """With a `page` of (a, b) the next b lines after line a; none where the submission has no fates. As they were sent
    too where `whole`."""
    after, limit = page
    table = _table(store, aside).filter(pl.col("line") > after).head(limit)
    return list(_lines(store, source, submission, table) if whole else _found(source, table))


def quarantine_csv(
    store: Store, source: Source, submission: Submission, aside: str | None, *, whole: bool
) -> Iterator[bytes]:
    """The whole quarantine as CSV, piece by piece; without the lines as they were sent unless `whole`. A cell that a
    spreadsheet might run gets a leading apostrophe."""
    table = _table(store, aside)
    yield from _pieces(_told(_lines(store, source, submission, table) if whole else _found(source, table)))


def quarantine_to_mend(store: Store, source: Source, submission: Submission, aside: str | None) -> Iterator[bytes]:
    """The lines as they were sent, each behind its number, under the header of the file: to be mended."""
    lines = _lines(store, source, submission, _table(store, aside))
    yield from _pieces(chain([f"{COLUMN},{_header(store, source, submission)}"], _records(lines)))


def _told(lines: Iterator[QuarantinedLine]) -> Iterator[str]:
    yield _as_csv(COLUMNS)
    for line in lines:
        values = line.model_dump(mode="json")
        yield _as_csv([_harmless(values.get(column, "")) for column in COLUMNS])


def _records(lines: Iterator[QuarantinedLine]) -> Iterator[str]:
    """A record that goes on over the next line is one, with the number of its first."""
    begun = ""
    for line in lines:
        begun = f"{begun}\n{line.text or ''}" if begun else f"{line.line},{line.text or ''}"
        if begun.count('"') % 2 == 0:
            yield begun
            begun = ""
    if begun:
        yield begun


def _header(store: Store, source: Source, submission: Submission) -> str:
    """As the file has it, where that is one line of text; else as its source does."""
    form, encoding = source.form, submission.encoding or "utf-8"
    if form.format == "csv" and form.header_lines == 1 and not form.preamble and ":" not in encoding:
        return next(texts(store.files.upload(submission.sha256), encoding, [1]))
    return _as_csv(source.header)


def _pieces(lines: Iterator[str]) -> Iterator[bytes]:
    while some := list(islice(lines, AT_ONCE)):
        yield "".join(f"{line}\r\n" for line in some).encode()


def _as_csv(cells: Sequence[str | int]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def _table(store: Store, aside: str | None) -> pl.DataFrame:
    return pl.DataFrame(schema=ASIDE) if aside is None else store.files.read_table(aside)


def _found(source: Source, table: pl.DataFrame) -> Iterator[QuarantinedLine]:
    """Without lines as they were sent. Of rows about patients no cell is quoted either: where cells have moved, or a
    quotation mark is missing, what was found in one column is what belongs in another, such as a patient's key."""
    if source.content is Content.PATIENTS:
        in_conflict = pl.col("fate") == Fate.CONFLICT.value
        table = table.with_columns(
            pl.lit(NOT_QUOTED).alias("found"),
            pl.when(in_conflict).then(pl.lit(AGREE)).otherwise("expected").alias("expected"),
        )
    return (QuarantinedLine(**row) for row in table.iter_rows(named=True))


def _lines(store: Store, source: Source, submission: Submission, table: pl.DataFrame) -> Iterator[QuarantinedLine]:
    path, encoding, wanted = (
        store.files.upload(submission.sha256),
        submission.encoding or "utf-8",
        table["line"].to_list(),
    )
    plain = source.form.format == "csv" and ":" not in encoding
    sent = texts(path, encoding, wanted) if plain else lines_as_sent(path, source, encoding, wanted)
    for row, text in zip(table.iter_rows(named=True), sent, strict=True):
        yield QuarantinedLine(**row, text=text)


def _harmless(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
