"""Room on full disks: a withdrawal always finds some, because what is held back for it is given to nothing else."""

from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import disk_usage
from threading import Lock
from time import monotonic
from typing import Final, Protocol, TypeVar

from shared.kit.ballast import Ballast, is_full
from shared.kit.logs import log
from shared.kit.problems import StorageFull

T = TypeVar("T")
AGAIN_SECONDS: Final = 20.0


class Held(Protocol):
    """Space held back on one disk."""

    def hold(self) -> bool: ...  # raises where whoever holds it does not answer
    def release(self) -> bool: ...


class Beside:
    """A file of ballast in `folder`. It is not begun where it would not fit: on a disk that is nearly full, trying
    would take the room of others for a moment."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder, self.ballast, self.turn = folder, Ballast(folder, size), Lock()

    def hold(self) -> bool:
        with self.turn:
            try:
                whole = self.ballast.file.exists() and self.ballast.file.stat().st_size == self.ballast.size
                fits = disk_usage(self.folder).free >= self.ballast.size
            except OSError:
                return False
            return (whole or fits) and self.ballast.hold()

    def release(self) -> bool:
        with self.turn:
            return self.ballast.release()


class Room:
    """`short` while not all is held that should be: then a disk is full, and only what must not wait is written."""

    def __init__(self, held: Sequence[Held]) -> None:
        self.held = held
        self.short, self.tried_at = False, float("-inf")

    def keep(self) -> None:
        """Hold everything again, where there is room; not more often than now and then, but at the next look where the
        database was away: that says nothing of its disk. Never raises."""
        now = monotonic()
        if now - self.tried_at < AGAIN_SECONDS:
            return
        try:
            missing = [one for one in self.held if not one.hold()]
        except Exception as error:
            log.warning("room_not_looked_at", kind=type(error).__name__)
            return
        self.tried_at = now
        if self.short is not bool(missing):
            log.warning("room_held_back", whole=not missing)
        self.short = bool(missing)

    def insist(self, action: Callable[[], T]) -> T:
        """Do what must not wait, on a full disk with the space that is held back. Raises what `action` raises."""
        try:
            return action()
        except Exception as error:
            if not is_full(error):
                raise
        self.short = True
        released = [one.release() for one in self.held]
        self.tried_at = monotonic()
        log.error("disk_full", room_given=any(released))
        return action()

    def modestly(self, action: Callable[[], T]) -> T:
        """Do what can wait until there is room. Raises StorageFull."""
        if self.short:
            raise StorageFull
        return action()
