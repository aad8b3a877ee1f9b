"""Reads a file in a process of its own, which may take little and is ended when it takes more.

Whatever a file does to the libraries that read it, it does to that process; here it is one more reason to refuse it.
"""

from pathlib import Path

from services.ingest.reading.batches import Told
from services.ingest.reading.folders import beside, give_name
from services.ingest.reading.orders import Order
from services.ingest.reading.parts import Read, contents_of
from services.ingest.reading.reader import Reader, ReaderFailed
from services.ingest.source import Source


def read_limited(  # noqa: PLR0917  # each is needed
    path: Path, source: Source, folder: Path, name: str | None, key: bytes | None, told: Told
) -> Read:
    """Read `path` into `folder`, which is there afterwards with everything in it, or not at all.

    A `folder` that is there already is taken as what an earlier reading of the same made. `name`: what the sender calls
    the file; `key`: what pseudonyms are made with. Raises Refused where the file cannot be taken as a whole, also
    because reading it took too much or ended the reader; OSError (ENOSPC) where the disk is full; ReaderFailed.
    """
    if (made := contents_of(folder)) is not None:
        return made
    with beside(folder) as part:
        hidden = None if key is None else key.hex()
        order = Order(path=path.absolute(), source=source, folder=part.absolute(), name=name, key=hidden)
        read = Reader(order, told).result().read
        if read is None:
            raise ReaderFailed("it read nothing")
        give_name(part, folder)
    return read
