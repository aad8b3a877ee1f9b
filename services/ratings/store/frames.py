"""Frames kept under the digest of their content, and snapshots under the digest of their bytes."""

import hashlib
import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import polars as pl

from shared.kit.copying import digest_of
from shared.kit.files import is_settled, part_of, settle
from shared.kit.frames import content_digest, ordered_digest


class Frames:
    """A folder of Parquet files that never change: writing the same frame twice is writing it once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, digest: str) -> Path:
        return self.folder / f"{digest.removeprefix('sha256:')}.parquet"

    def keep(self, frame: pl.DataFrame, key: Sequence[str]) -> str:
        """Durable when it returns; gives the digest. Raises ValueError where `key` does not tell the rows apart."""
        digest = content_digest(frame, key)
        target = self.path(digest)
        if not is_settled(target):
            with part_of(target) as (part, _):
                frame.sort(*key).write_parquet(part)
                settle(part, target)
        return digest

    def load(self, digest: str) -> pl.DataFrame:
        return pl.read_parquet(self.path(digest))

    def digest_of_kept(self, digest: str) -> str | None:
        """What the frame of this name holds today; None where there is none that can be read."""
        try:
            return ordered_digest(self.load(digest))
        except (OSError, pl.exceptions.PolarsError):
            return None


class Scratch:
    """Frames made to be compared, not to be kept: a folder for each replay, which goes when the replay has ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def frames(self, name: str) -> Frames:
        return Frames(self.folder / name)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def remove(self, names: Collection[str]) -> None:
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)


class WrongBytes(ValueError):
    """A downloaded file does not have the digest it was announced with."""


class Snapshots:
    """Files of snapshots, by the SHA-256 of their bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.parquet"

    def has(self, sha256: str) -> bool:
        return is_settled(self.path(sha256))

    def holds(self, sha256: str) -> bool:
        """Whether the kept file still has the bytes of its name."""
        return digest_of(self.path(sha256)) == sha256

    def keep(self, sha256: str, pieces: Iterable[bytes]) -> None:
        """Write the pieces aside, compare the digest, and only then give the file its name. Raises WrongBytes."""
        target, digest = self.path(sha256), hashlib.sha256()
        with part_of(target) as (part, out):
            for piece in pieces:
                digest.update(piece)
                out.write(piece)
            out.flush()
            if digest.hexdigest() != sha256:
                raise WrongBytes("a snapshot file arrived with other bytes than announced")
            settle(part, target)
