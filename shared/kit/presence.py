"""Who uses a data directory: every process that serves from it shares it, a restore has it alone, and a restore that
was interrupted leaves it closed until one has been finished."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.kit.files import sync_folder, write_durably

LOCK: Final = "in-use"
MARK: Final = "restore-unfinished"


class Refused(Exception):
    """Something was not begun, or was undone: nothing has been changed. Says what was found, and what to do."""


class Busy(Refused):
    """The data directory, or its database, is used in a way that does not go together with what was asked for."""


@contextmanager
def present(folder: Path) -> Iterator[None]:
    """Use `folder` beside others. Raises Busy while a restore has it, or after one was interrupted."""
    with (folder / LOCK).open("a") as lock:
        if not _locked(lock.fileno(), fcntl.LOCK_SH):
            raise Busy(f"A restore is running in {folder}. Wait until it has ended.")
        if is_unfinished(folder):
            raise Busy(
                f"A restore into {folder} was interrupted, and its store may be half of one. Run the restore again, "
                f"from the same backup or another; nothing else opens this store."
            )
        yield


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Use `folder` with nobody beside. Raises Busy while any process uses it."""
    with (folder / LOCK).open("a") as lock:
        if not _locked(lock.fileno(), fcntl.LOCK_EX):
            raise Busy(f"The service is running on {folder}. Stop every process of it, and restore then.")
        yield


def is_unfinished(folder: Path) -> bool:
    return (folder / MARK).exists()


def mark_unfinished(folder: Path) -> None:
    """From now on nobody serves from `folder`, whatever happens to this process."""
    write_durably(folder / MARK, b"")


def mark_finished(folder: Path) -> None:
    (folder / MARK).unlink(missing_ok=True)
    sync_folder(folder)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
