"""Files that survive power loss: written aside, flushed, renamed, and the folder flushed too."""

import hashlib
import os
import secrets
from pathlib import Path


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def aside(target: Path) -> Path:
    """A temporary name in the same folder as `target`, so that a rename is atomic."""
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")


def settle(part: Path, target: Path) -> None:
    """Give a finished temporary file its name, durably: file, rename, folder."""
    with part.open("rb") as handle:
        os.fsync(handle.fileno())
    part.replace(target)
    sync_folder(target.parent)


def write_durably(target: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace `target` by `data`, whole or not at all. Raises OSError (ENOSPC where the disk is full)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = aside(target)
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as out:
            out.write(data)
        settle(part, target)
    finally:
        part.unlink(missing_ok=True)


def sweep_parts(folder: Path) -> None:
    """Remove what a killed process left half written."""
    if folder.is_dir():
        for part in folder.rglob(".*.part"):
            part.unlink(missing_ok=True)
