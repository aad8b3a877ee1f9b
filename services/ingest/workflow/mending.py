"""A file that brings lines of an earlier submission again, mended: its first column says which line each of them is."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from services.ingest.checks import LINE
from services.ingest.columns import Whole
from services.ingest.domain import Waiting
from services.ingest.fates import ORIGIN, in_full, of_origin
from services.ingest.reading.batches import on_each_line
from services.ingest.reading.parts import LINES
from services.ingest.refusals import ASIDE
from services.ingest.source import Form, Source
from services.ingest.store.database import Store
from services.ingest.workflow.partitions import Rows
from shared.contracts.ingest import Fate

COLUMN: Final = "_mends_line"
"""Not `_line`: what is read has a column of that name."""
NAME: Final = "mended_line"


def of_mended(source: Source) -> Source:
    """The source of files that mend those of `source`: CSV text with the number of the line before its columns."""
    number = Whole.model_validate({"type": "int", "name": NAME, "from": COLUMN, "min": 1})
    headers = [[COLUMN, *header] for header in source.headers]
    form = Form(line_breaks=source.form.line_breaks or source.form.format != "csv", spare=source.form.spare)
    said = {name: getattr(source, name) for name in Source.model_fields}
    mending = {
        "header": headers[0], "other_headers": tuple(headers[1:]), "columns": [number, *source.columns], "form": form,
        "encodings": ["utf-8", *(one for one in source.encodings if one != "utf-8")], "footer": None, "totals": None,
    }  # fmt: skip
    return Source.model_construct(**(said | mending))


def mended(store: Store, source: Source, waiting: Waiting, rows: Rows, scratch: Path) -> tuple[Rows, list[Path]]:
    """The rows whose line is one that the earlier submission has in quarantine, and lines of the others, set aside."""
    files, aside, height = list[Path](), list[Path](), 0
    waits = pl.concat(list(_in_quarantine(store, waiting)))
    for i, frame in enumerate(rows.frames()):
        named = in_full(frame.rename({NAME: ORIGIN}), source)
        allowed = pl.col(ORIGIN).is_in(waits["line"].implode()) & pl.col(ORIGIN).is_first_distinct()
        taken, refused = named.filter(allowed), named.filter(~allowed)
        waits = waits.filter(~pl.col("line").is_in(taken[ORIGIN].implode()))
        if not taken.is_empty():
            files.append(scratch / f"mended-{i}")
            of_origin(taken, source).write_parquet(files[-1])
            height += taken.height
        if not refused.is_empty():
            aside.append(scratch / f"not-mended-{i}")
            _explained(refused, waiting).write_parquet(aside[-1])
    return Rows(files, height), aside


def _in_quarantine(store: Store, waiting: Waiting) -> Iterator[pl.DataFrame]:
    """Numbers of the lines of the earlier submission that were set aside: when it was read, or since. None of one that
    was refused, or retracted."""
    yield pl.DataFrame(schema={"line": pl.Int64})
    earlier = None if waiting.mends is None else store.traces(waiting.feed, waiting.mends)
    if earlier is None:
        return
    if earlier.aside is not None:
        yield store.files.read_table(earlier.aside).select("line")
    read = None if earlier.reading is None else store.files.read_of(earlier.reading)
    if read is not None and earlier.reading is not None:
        for piece in read.aside:
            yield pl.read_parquet(store.files.reading(earlier.reading) / piece.name, columns=["line"])


def _explained(refused: pl.DataFrame, waiting: Waiting) -> pl.DataFrame:
    mends = (waiting.mends or "")[:12]
    told = refused.select(
        pl.col(LINE).alias("line"), pl.lit(Fate.QUARANTINED.value).alias("fate"),
        pl.lit("not-in-quarantine").alias("code"), pl.lit(COLUMN).alias("column"),
        pl.col(ORIGIN).cast(pl.String).alias("found"),
        pl.lit(f"once each, a line that submission {mends} has in quarantine").alias("expected"),
    ).match_to_schema(ASIDE)  # fmt: skip
    return on_each_line(told, refused.select(LINE, LINES))
