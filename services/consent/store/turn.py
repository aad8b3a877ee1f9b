"""Writers of one process, one after another; none waits for ever behind a commit that hangs."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic
from typing import Final

from shared.kit.problems import DatabaseUnreachable

STEP_SECONDS: Final = 0.2
COMMIT_SECONDS: Final = 5.0  # a commit that takes longer waits for a standby, and may do so for hours
WORK_SECONDS: Final = 60.0  # the largest import, many times over


class Turn:
    """As many wait as want to while the one before works, and no longer than a commit may take once it commits."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.committing_since: float | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises DatabaseUnreachable: nothing was done."""
        until = monotonic() + WORK_SECONDS
        while not self.lock.acquire(timeout=STEP_SECONDS):
            since, now = self.committing_since, monotonic()
            if now > until or (since is not None and now - since > COMMIT_SECONDS):
                raise DatabaseUnreachable
        try:
            yield
        finally:
            self.committing_since = None
            self.lock.release()

    def committing(self) -> None:
        """The work is done; what follows is the commit."""
        self.committing_since = monotonic()
