"""A file as lines of text, whatever was around it: what is looked through for a word."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.ingest.reading.orders import PLAIN, Order
from services.ingest.reading.reader import Reader, ReaderFailed
from services.ingest.reading.unfolding import GZIP, ZIP
from services.ingest.refusals import Refused
from services.ingest.source import Source

UTF8: Final = "utf-8"
NO_TEXT: Final = ("workbook", "parquet")
"""Recorded where others have the encoding of their text."""


@dataclass(frozen=True)
class Searchable:
    """Lines under the numbers that their fates have, in `encoding`; `headed`: the first has the names of columns."""

    path: Path
    encoding: str
    headed: bool


@contextmanager
def as_lines(path: Path, source: Source | None, encoding: str | None) -> Iterator[Searchable]:
    """A file that was read in `encoding`, or was refused where there is none. Rows of a workbook or a Parquet file are
    lines of CSV. One that was refused and cannot be unfolded is looked through as its bytes are. Raises as
    `read_limited` does."""
    last = (encoding or UTF8).rpartition(":")[2]
    as_it_is = Searchable(path, UTF8 if last in NO_TEXT else last, headed=True)
    if source is None or _is_text(path, source, encoding):
        yield as_it_is
        return
    with tempfile.TemporaryDirectory(prefix="candour-reading-") as scratch:
        order = Order(path=path.absolute(), source=source, folder=Path(scratch), name=None, key=None, plain=True)
        try:
            Reader(order, lambda done, total: None).result()  # noqa: ARG005
        except (Refused, ReaderFailed):
            if encoding is not None:
                raise
            found = as_it_is
        else:
            found = Searchable(Path(scratch) / PLAIN, as_it_is.encoding, headed=source.form.format == "csv")
        yield found


def _is_text(path: Path, source: Source, encoding: str | None) -> bool:
    if encoding is not None or source.form.format != "csv":
        return source.form.format == "csv" and ":" not in (encoding or "")
    with path.open("rb") as opened:
        return opened.read(2) not in {GZIP, ZIP}
