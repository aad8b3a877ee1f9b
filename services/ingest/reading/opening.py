"""Opens a file in whatever form its source says, unfolding one gzip or zip around it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from services.ingest.reading.batches import Opened
from services.ingest.reading.parquet import open_parquet
from services.ingest.reading.text import open_text
from services.ingest.reading.unfolding import unfolded
from services.ingest.reading.workbook import open_workbook
from services.ingest.source import Source

READERS: Final[Mapping[str, Callable[[Path, Source], Opened]]] = {
    "csv": open_text, "workbook": open_workbook, "parquet": open_parquet,
}  # fmt: skip


@contextmanager
def opened(path: Path, source: Source, scratch: Path) -> Iterator[Opened]:
    """`scratch`: a folder for what unfolds, which is gone afterwards. Raises Refused where the file as a whole cannot
    be taken, now or from its batches."""
    with unfolded(path, scratch, source.form.format == "workbook") as (inner, wrapped):
        file = READERS[source.form.format](inner, source)
        yield replace(file, encoding=wrapped + file.encoding)
