"""Files that survive power loss: written aside, flushed, renamed, and the folder flushed too.

Several processes may share a folder. What one of them is writing is locked, and the kernel opens the lock when its
process is gone, however it went: so a sweep can tell what a killed process left from what a living one is busy with.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def aside(target: Path) -> Path:
    """A temporary name in the same folder as `target`, so that a rename is atomic. For folders that no sweep visits
    while they are written; else `part_of`."""
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")


@contextmanager
def part_of(target: Path, mode: int = 0o600) -> Iterator[tuple[Path, BinaryIO]]:
    """A temporary file in the folder of `target`, so that a rename is atomic; gone afterwards unless it was given its
    name. Keep it open until then: it is locked as long as it is open, and no sweep takes it."""
    part, handle = _locked_part(target, mode)
    try:
        with os.fdopen(handle, "wb") as out:
            yield part, out
    finally:
        part.unlink(missing_ok=True)


def _locked_part(target: Path, mode: int) -> tuple[Path, int]:
    while True:
        part = aside(target)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return part, handle
        os.close(handle)  # a sweep came between its name and its lock


def settle(part: Path, target: Path) -> None:
    """Give a finished temporary file its name, durably: file, rename, folder."""
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(target)
    sync_folder(target.parent)


def is_settled(target: Path) -> bool:
    """Whether there is a file of this name already; then its name is durable too, whoever gave it."""
    if not target.exists():
        return False
    sync_folder(target.parent)  # the process that gave it its name may be just about to do this
    return True


def write_durably(target: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `target` by `data`, whole or not at all. Raises OSError (ENOSPC where the disk is full)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with part_of(target, mode) as (part, out):
        out.write(data)
        out.flush()
        settle(part, target)


def sweep_parts(folder: Path) -> None:
    """Remove what killed processes left half written. What a living process writes stays."""
    for parent, _, names in os.walk(folder):  # a folder that goes meanwhile is no error to it
        for name in names:
            if name.startswith(".") and name.endswith(".part"):
                with suppress(FileNotFoundError):
                    _sweep(Path(parent, name))


def _sweep(part: Path) -> None:
    handle = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
    except BlockingIOError:
        return
    finally:
        os.close(handle)


@contextmanager
def alone_at(lock: Path) -> Iterator[None]:
    """Alone among all threads and processes that come to this lock file; waits for its turn."""
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
