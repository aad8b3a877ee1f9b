"""Folders that are there whole or not at all: made beside their name, and renamed."""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.kit.files import sync_folder


@contextmanager
def beside(folder: Path) -> Iterator[Path]:
    """An empty folder to fill; gone afterwards unless it was given its name. Locked until then, so that no sweep takes
    it from a living process. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep_folders(folder.parent, folder.name)
    part, handle = _locked(folder)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(handle)


def give_name(part: Path, folder: Path) -> None:
    """Durably. Where another process was faster its folder stays: both made the same."""
    sync_folder(part)
    try:
        part.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    sync_folder(folder.parent)


def sweep_folders(parent: Path, name: str = "*") -> None:
    """Remove what killed processes left half made of folders of this name. What a living one makes stays."""
    for part in parent.glob(f".{name}.*.part"):
        with suppress(FileNotFoundError, NotADirectoryError):
            handle = os.open(part, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(part, ignore_errors=True)
            except BlockingIOError:
                continue
            finally:
                os.close(handle)


def _locked(folder: Path) -> tuple[Path, int]:
    while True:
        part = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}.part")
        part.mkdir(mode=0o700)
        handle = os.open(part, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if part.exists():
            return part, handle
        os.close(handle)  # a sweep came between its name and its lock
