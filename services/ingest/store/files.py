"""Files of ingest, each named by the SHA-256 of its bytes: uploads as sent, and tables as Parquet."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import polars as pl

from shared.kit.files import aside, sha256_of, sweep_parts, write_durably


class Files:
    def __init__(self, folder: Path) -> None:
        self.uploads, self.tables = folder / "uploads", folder / "tables"
        self.naming = Lock()  # held from naming an upload to recording it, so that undoing one cannot undo another

    def open(self) -> None:
        """Make the folders, and remove what a killed process left half written."""
        for folder in (self.uploads, self.tables):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep_parts(folder)

    def upload(self, sha256: str) -> Path:
        return self.uploads / sha256

    @contextmanager
    def arriving(self, sha256: str) -> Iterator[tuple[Path, BinaryIO]]:
        """A temporary file to stream into; gone afterwards unless it was given its name."""
        part = aside(self.upload(sha256))
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as out:
                yield part, out
        finally:
            part.unlink(missing_ok=True)

    def table(self, digest: str) -> Path:
        return self.tables / f"{digest}.parquet"

    def keep_table(self, frame: pl.DataFrame) -> str:
        """Store `frame` durably as Parquet; the digest of its bytes. Raises OSError (ENOSPC where the disk is full)."""
        written = io.BytesIO()
        frame.write_parquet(written, compression="zstd")
        digest = sha256_of(written.getvalue())
        if not self.table(digest).exists():
            write_durably(self.table(digest), written.getvalue())
        return digest

    def read_table(self, digest: str) -> pl.DataFrame:
        return pl.read_parquet(self.table(digest))
