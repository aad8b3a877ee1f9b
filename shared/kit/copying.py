"""Copies of files that are known by their digests."""

import hashlib
import os
from pathlib import Path
from typing import Final

from shared.kit.files import aside, settle

PIECE: Final = 1 << 20


def copied(source: Path, target: Path) -> tuple[str, int]:
    """Copy durably, whole or not at all; the SHA-256 and the number of the bytes that were copied."""
    digest, size, part = hashlib.sha256(), 0, aside(target)
    try:
        with (
            source.open("rb") as read,
            os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
        ):
            while piece := read.read(PIECE):
                digest.update(piece)
                size += out.write(piece)
        settle(part, target)
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest(), size


def digest_of(file: Path) -> str:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()
