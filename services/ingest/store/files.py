"""Files of ingest: uploads as sent and tables as Parquet, each named by the SHA-256 of its bytes; and what was read of
an upload, a folder named by what it follows from."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from services.ingest.reading.folders import sweep_folders
from services.ingest.reading.parts import Read, contents_of
from services.ingest.store.tables import sink, write_frames
from shared.kit.copying import digest_of
from shared.kit.files import alone_at, is_settled, part_of, settle, sweep_parts, sync_folder

SCRATCH: Final = ".folder"


class Files:
    """One folder for all processes of the service."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.uploads, self.tables = folder, folder / "uploads", folder / "tables"
        self.readings, self.partials = folder / "readings", folder / "partials"
        self.progress, self.scratch = folder / "progress", folder / "scratch"

    def open(self) -> None:
        """Make the folders, and remove what a killed process left half written."""
        for folder in (self.uploads, self.tables, self.readings, self.partials, self.progress, self.scratch):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep_parts(folder)
        sweep_folders(self.readings)
        self._sweep_scratch()

    def upload(self, sha256: str) -> Path:
        return self.uploads / sha256

    def partial(self, sha256: str) -> Path:
        """What came of an upload that was broken off."""
        return self.partials / sha256

    def arriving(self, sha256: str) -> AbstractContextManager[tuple[Path, BinaryIO]]:
        """A temporary file to stream into; gone afterwards unless it was given its name."""
        return part_of(self.upload(sha256))

    def naming(self) -> AbstractContextManager[None]:
        """Alone among all processes, from naming a file to recording it: undoing, or sweeping, one cannot undo
        another."""
        return alone_at(self.folder / "naming.lock")

    def reading(self, digest: str) -> Path:
        return self.readings / digest

    def alone_with(self, digest: str) -> AbstractContextManager[None]:
        """Of several processes that would read the same, the first does; now and then one waits for another's."""
        return alone_at(self.folder / f"reading-{digest[0]}.lock")

    def read_of(self, digest: str) -> Read | None:
        return contents_of(self.reading(digest))

    def table(self, digest: str) -> Path:
        return self.tables / f"{digest}.parquet"

    def keep_table(self, frame: pl.DataFrame) -> str:
        """Store `frame` durably as Parquet; the digest of its bytes. Raises OSError (ENOSPC where the disk is full)."""
        return self.keep_frames([frame], frame.schema)

    def keep_frames(self, frames: Iterable[pl.DataFrame], schema: pl.Schema) -> str:
        """Store a table that comes in frames, durably; the digest of its bytes. Raises OSError."""
        with part_of(self.tables / "table") as (part, _):
            write_frames(part, frames, schema)
            return self._settled(part)

    def keep_scanned(self, rows: pl.LazyFrame) -> str:
        """Store what a query gives, durably, in bounded memory; the digest of its bytes. Raises OSError."""
        with part_of(self.tables / "table") as (part, _):
            sink(part, rows)
            return self._settled(part)

    def _settled(self, part: Path) -> str:
        digest = digest_of(part)
        if not is_settled(self.table(digest)):
            settle(part, self.table(digest))
        return digest

    def keep_pieces(self, pieces: Mapping[str, Path]) -> None:
        """Pieces of a reading, by the digests of their bytes, as tables too: a second name of what is durable already,
        or a copy where the disk gives no file two. Raises OSError."""
        for digest, piece in pieces.items():
            _give_second_name(piece, self.table(digest))
        sync_folder(self.tables)

    def read_table(self, digest: str) -> pl.DataFrame:
        return pl.read_parquet(self.table(digest))

    @contextmanager
    def scratching(self) -> Iterator[Path]:
        """A folder for what does not fit into memory; gone afterwards. The file beside it is locked meanwhile."""
        with part_of(self.scratch / "work") as (mark, _):
            folder = mark.with_suffix(SCRATCH)
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _sweep_scratch(self) -> None:
        """What nobody works in: its mark was swept."""
        for folder in self.scratch.glob(f".*{SCRATCH}"):
            if not folder.with_suffix(".part").exists():
                shutil.rmtree(folder, ignore_errors=True)


def _give_second_name(file: Path, name: Path) -> None:
    try:
        os.link(file, name)
    except FileExistsError:
        return
    except OSError:  # another disk, or one that knows no second names, or has given this file too many
        with part_of(name) as (part, out), file.open("rb") as source:
            shutil.copyfileobj(source, out)
            out.flush()
            settle(part, name)
