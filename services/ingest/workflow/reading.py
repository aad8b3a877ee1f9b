"""The first step of the job: what is read of an upload, kept in a folder named by all that it follows from. The same
upload is read once, however often its fates are decided."""

import hashlib
import json
from typing import Final

from services.ingest.domain import Waiting
from services.ingest.reading.limited import Taken, read_limited
from services.ingest.reading.parts import Read
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.workflow.mending import of_mended
from services.ingest.workflow.progress import Told
from shared.kit.logs import log

VERSION: Final = 3
"""Counts up where the same source reads the same bytes otherwise: what was read before is read again then."""


def source_for(store: Store, source: Source, waiting: Waiting) -> tuple[Source, str | None]:
    """In which layout the file is read, and under which name: one that mends has its lines' own."""
    if waiting.mends is None:
        return source, waiting.name
    earlier = store.traces(waiting.feed, waiting.mends)
    return of_mended(source), None if earlier is None else earlier.name


def digest_of_reading(sha256: str, source: Source, name: str | None, key: bytes | None) -> str:
    """Of bytes, source as it is, name where it matters, and which key makes the pseudonyms."""
    said = {
        "version": VERSION, "sha256": sha256, "source": source.model_dump(mode="json", warnings=False),
        "name": name if source.reads_names else None,
        "key": None if key is None else hashlib.sha256(b"pseudonyms\n" + key).hexdigest(),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def kept_reading(store: Store, source: Source, waiting: Waiting, key: bytes | None, told: Told) -> tuple[str, Read]:
    """What is read of the upload, and the digest that names it; read now unless it is kept. Raises Refused, OSError."""
    layout, name = source_for(store, source, waiting)
    digest = digest_of_reading(waiting.sha256, layout, name, key)
    upload, folder = store.files.upload(waiting.sha256), store.files.reading(digest)
    with store.files.alone_with(digest):
        return digest, read_limited(upload, layout, folder, name, key, told, lambda taken: _tell(waiting, taken))


def _tell(waiting: Waiting, taken: Taken) -> None:
    """What a reader took says nothing of what it read."""
    log.info("upload_read", feed=waiting.feed, sha256=waiting.sha256, peak_megabytes=taken.peak >> 20,
             processor_seconds=round(taken.processor, 2))  # fmt: skip
