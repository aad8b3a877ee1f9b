"""Space held back, so that what must never be refused still finds room on a full disk."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg.errors
from sqlalchemy.exc import DBAPIError

from shared.kit.files import sync_folder

PIECE: Final = 1 << 20
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
SQLITE_FULL: Final = frozenset(  # a quota is told as a failed write, and the shared memory of readers is a file too
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP}
)


class Ballast:
    """A file of `size` bytes in `folder`, written out in full: a file with holes would hold nothing back."""

    def __init__(self, folder: Path, size: int) -> None:
        self.file, self.size = folder / "ballast", size

    def hold(self) -> bool:
        """Fill up what is missing; whether all of it is held. Never raises: where there is no room there is none, and
        what could not be held whole is given back, so that trying takes nothing from anybody."""
        try:
            if self.file.exists() and self.file.stat().st_size == self.size:
                return True
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self.file.open("wb", buffering=0) as out:
                for start in range(0, self.size, PIECE):
                    out.write(os.urandom(min(PIECE, self.size - start)))  # not zeros: some disks compress
                os.fsync(out.fileno())
            if self.file.stat().st_size == self.size:
                return True
        except OSError:
            pass
        self.release()
        return False

    def release(self) -> bool:
        """Give the space back; whether there was any."""
        try:
            held = self.file.stat().st_size > 0
            self.file.unlink()
            sync_folder(self.file.parent)
        except OSError:
            return False
        return held


def is_full(error: BaseException) -> bool:
    """Whether `error`, or what caused it, is that a disk or a quota is full."""
    return any(_says_full(one) for one in _causes(error))


def _says_full(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        return error.orig is not None and _says_full(error.orig)
    if isinstance(error, OSError):
        return error.errno in NO_SPACE
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) in SQLITE_FULL
    return isinstance(error, psycopg.errors.DiskFull)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
