"""Files of ingest, each named by the SHA-256 of its bytes: uploads as sent, and tables as Parquet."""

import io
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import polars as pl

from shared.kit.files import alone_at, is_settled, part_of, sha256_of, sweep_parts, write_durably


class Files:
    """One folder for all processes of the service."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.uploads, self.tables = folder, folder / "uploads", folder / "tables"

    def open(self) -> None:
        """Make the folders, and remove what a killed process left half written."""
        for folder in (self.uploads, self.tables):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep_parts(folder)

    def upload(self, sha256: str) -> Path:
        return self.uploads / sha256

    def arriving(self, sha256: str) -> AbstractContextManager[tuple[Path, BinaryIO]]:
        """A temporary file to stream into; gone afterwards unless it was given its name."""
        return part_of(self.upload(sha256))

    def naming(self) -> AbstractContextManager[None]:
        """Alone among all processes, from naming an upload to recording it: undoing one cannot undo another."""
        return alone_at(self.folder / "naming.lock")

    def table(self, digest: str) -> Path:
        return self.tables / f"{digest}.parquet"

    def keep_table(self, frame: pl.DataFrame) -> str:
        """Store `frame` durably as Parquet; the digest of its bytes. Raises OSError (ENOSPC where the disk is full)."""
        written = io.BytesIO()
        frame.write_parquet(written, compression="zstd")
        digest = sha256_of(written.getvalue())
        if not is_settled(self.table(digest)):
            write_durably(self.table(digest), written.getvalue())
        return digest

    def read_table(self, digest: str) -> pl.DataFrame:
        return pl.read_parquet(self.table(digest))
