"""Opens a file in whatever form its source says, unfolding one gzip or zip around it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.ingest.reading.batches import Opened
from services.ingest.reading.text import open_text
from services.ingest.source import Source


@contextmanager
def opened(path: Path, source: Source, scratch: Path) -> Iterator[Opened]:
    """Raises Refused where the file as a whole cannot be taken, now or from its batches."""
    yield open_text(path, source)
