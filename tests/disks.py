"""A small disk that is really full: a tmpfs of its own, mounted where root allows."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

NEEDS_ROOT: Final = "mounting a small disk needs privileges that this machine does not give"
FILLER: Final = "filler"


class SmallDisk:
    """A file system of its own at `folder`, of `size` bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> int:
        """Take all that is left, to the last byte; how many that were."""
        with (self.folder / FILLER).open("ab", buffering=0) as out:
            before = out.tell()
            for piece in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while out.write(bytes(piece)):
                        pass
            return out.tell() - before

    def make_room(self) -> None:
        (self.folder / FILLER).unlink(missing_ok=True)

    def free(self) -> int:
        """Bytes that are left for anybody."""
        told = os.statvfs(self.folder)
        return told.f_bavail * told.f_frsize


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users may look into: PostgreSQL runs as one of them where the test is run by root."""
    folder = Path(tempfile.mkdtemp(prefix="candour-disk-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Skips the test where mounting is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip(NEEDS_ROOT)
    try:
        yield SmallDisk(folder)
    finally:
        if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)  # a server that is just ending still looks
