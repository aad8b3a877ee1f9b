"""Reads a file in a process of its own, which may take little and is ended when it takes more.

Whatever a file does to the libraries that read it, it does to that process; here it is one more reason to refuse it.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from services.ingest.reading.batches import Told
from services.ingest.reading.blocks import texts
from services.ingest.reading.folders import beside, give_name
from services.ingest.reading.orders import AGAIN, Order
from services.ingest.reading.parts import Read, contents_of
from services.ingest.reading.reader import Reader, ReaderFailed
from services.ingest.source import Source


class Taken(NamedTuple):
    """What reading a file took of the machine: the most resident bytes (0 where the system does not tell), and seconds
    of processor time, also of a first reader that came to its end."""

    peak: int
    processor: float


def _tell_nobody(_taken: Taken) -> None:
    """Nobody asks what it took."""


def read_limited(  # noqa: PLR0917  # each is needed
    path: Path, source: Source, folder: Path, name: str | None, key: bytes | None, told: Told,
    taken: Callable[[Taken], None] = _tell_nobody,
) -> Read:  # fmt: skip
    """Read `path` into `folder`, which is there afterwards with everything in it, or not at all.

    A `folder` that is there already is taken as what an earlier reading of the same made. `name`: what the sender calls
    the file; `key`: what pseudonyms are made with; `taken` is called once the reader has ended, however it did.
    Raises Refused where the file cannot be taken as a whole, also because reading it took too much or ended the reader;
    OSError (ENOSPC) where the disk is full; ReaderFailed.
    """
    if (made := contents_of(folder)) is not None:
        return made
    with beside(folder) as part:
        hidden = None if key is None else key.hex()
        order = Order(path=path.absolute(), source=source, folder=part.absolute(), name=name, key=hidden)
        reader = Reader(order, told)
        try:
            read = reader.result().read
        finally:
            taken(Taken(reader.peak, reader.processor))
        if read is None:
            raise ReaderFailed("it read nothing")
        give_name(part, folder)
    return read


def lines_as_sent(path: Path, source: Source, encoding: str, wanted: Sequence[int]) -> list[str]:
    """The lines numbered `wanted` (ascending) of a file that was read in `encoding`, without their ends; rows of a
    workbook or a Parquet file as CSV. What needs more than the bytes of a text is read in a process of its own. Raises
    as `read_limited` does."""
    if source.form.format == "csv" and ":" not in encoding:
        return list(texts(path, encoding, wanted))
    with tempfile.TemporaryDirectory(prefix="candour-reading-") as scratch:
        order = Order(
            path=path.absolute(), source=source, folder=Path(scratch), name=None, key=None, wanted=tuple(wanted),
            encoding=encoding,
        )  # fmt: skip
        Reader(order, lambda done, total: None).result()  # noqa: ARG005
        return pl.read_parquet(Path(scratch) / AGAIN)["text"].to_list()
