"""Which worker processes live, by something that is let go of when a process dies, however it dies.

On PostgreSQL a worker holds an advisory lock in a session of its own; the server releases it when the session ends. A
database that crashes ends every session, so a mark that is free means a dead worker only after `grace` seconds in which
our own session has lasted: every living worker has had that long to take its mark again. In the embedded shape the mark
is a locked file, and the kernel is never wrong about it.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

GRACE_SECONDS: Final = 4.0
NOTICED: Final = (  # a machine that is gone without a word: the server would wait two hours for it
    "tcp_keepalives_idle = 5", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3",
)  # fmt: skip


class Marks(Protocol):
    """One for each process. `hold` is called again and again, from one thread; it raises DBAPIError while the database
    is away."""

    @property
    def grace(self) -> float: ...
    def hold(self, worker: str) -> None: ...
    def since(self) -> float: ...
    def is_free(self, worker: str) -> bool: ...
    def let_go(self) -> None: ...


class ServerMarks:
    """Advisory locks of sessions of one PostgreSQL database."""

    grace: Final = GRACE_SECONDS

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.connection: Connection | None = None
        self.began = 0.0

    def hold(self, worker: str) -> None:
        """Take the mark, or see that it is still held; taken anew where the session was lost."""
        try:
            if self.connection is None:
                self.connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                for setting in NOTICED:
                    self.connection.execute(text(f"SET {setting}"))
                self.connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _key(worker)})
                self.began = time.monotonic()
            else:
                self.connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.let_go()
            raise

    def since(self) -> float:
        """Since when our own session has lasted, on the clock of time.monotonic; now, where there is none."""
        return time.monotonic() if self.connection is None else self.began

    def is_free(self, worker: str) -> bool:
        """Raises DBAPIError where the database is away."""
        key = {"key": _key(worker)}
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as probe:
            free = bool(probe.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar())
            if free:
                probe.execute(text("SELECT pg_advisory_unlock(:key)"), key)
        return free

    def let_go(self) -> None:
        if self.connection is not None:
            self.connection.invalidate()  # closes the session, and its locks with it
            self.connection.close()
        self.connection = None


class FileMarks:
    """Locked files in one folder of one machine."""

    grace: Final = 0.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.held: tuple[Path, int] | None = None
        self.began = 0.0

    def hold(self, worker: str) -> None:
        if self.held is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sweep()
            self.held, self.began = (self._path(worker), self._locked(worker)), time.monotonic()

    def since(self) -> float:
        return self.began

    def is_free(self, worker: str) -> bool:
        try:
            handle = os.open(self._path(worker), os.O_WRONLY)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def let_go(self) -> None:
        if self.held is not None:
            path, handle = self.held
            path.unlink(missing_ok=True)
            os.close(handle)
        self.held = None

    def _locked(self, worker: str) -> int:
        while True:
            handle = os.open(self._path(worker), os.O_WRONLY | os.O_CREAT, 0o600)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if os.fstat(handle).st_nlink:
                return handle
            os.close(handle)  # a sweep came between its name and its lock

    def _path(self, worker: str) -> Path:
        return self.folder / f"{worker}.worker"

    def _sweep(self) -> None:
        for path in self.folder.glob("*.worker"):
            if self.is_free(path.stem):
                path.unlink(missing_ok=True)


class Watch:
    """Looks after the jobs of workers that died. `busy` names the workers that have jobs under way, `take_over` gives
    back the jobs of one to everybody; it must be safe to call twice."""

    def __init__(
        self, marks: Marks, worker: str, busy: Callable[[], Iterable[str]], take_over: Callable[[str], None]
    ) -> None:
        self.marks, self.worker, self.busy, self.take_over = marks, worker, busy, take_over
        self.suspects: dict[str, float] = {}

    def look(self) -> None:
        """One look, about once a second. Raises DBAPIError where the database is away: then nobody is suspected."""
        try:
            free = [one for one in self.busy() if one != self.worker and self.marks.is_free(one)]
        except DBAPIError:
            self.suspects.clear()
            raise
        now, ours = time.monotonic(), self.marks.since()
        self.suspects = {one: max(self.suspects.get(one, now), ours) for one in free}
        for one in free:
            if now - self.suspects[one] >= self.marks.grace:
                self.take_over(one)


def _key(worker: str) -> int:
    return int.from_bytes(hashlib.sha256(f"worker {worker}".encode()).digest()[:8], signed=True)
