"""Small writes that a full disk must not stop: first with the space held back, else again at the next look."""

import time
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool

from shared.kit.ballast import Ballast, is_full
from shared.kit.logs import log

HOLD_AGAIN_AFTER: Final = 10.0

Write = Callable[[], None]


class Room:
    """Used on the event loop only. A write that found no room is kept under its name until it does; a newer one of
    that name takes its place, so a write must be safe to do later and more than once."""

    def __init__(self, ballast: Ballast) -> None:
        self.ballast = ballast
        self.waiting: dict[str, Write] = {}
        self.held = ballast.hold()
        self.alarmed = False
        self.not_before = 0.0

    def write(self, name: str, write: Write) -> None:
        """Raises OSError for any cause but a full disk."""
        try:
            self._try(write)
        except OSError as error:
            if not is_full(error):
                raise
            self.waiting[name] = write
        else:
            self.waiting.pop(name, None)
        if self.waiting:
            self._alarm(written=False)

    async def look_again(self) -> None:
        """Do what is waiting; then fill up what is held back. Never raises OSError."""
        for name, write in list(self.waiting.items()):
            try:
                self.write(name, write)
            except OSError as error:
                log.error("write_still_fails", what=name, cause=type(error).__name__)
        if self.waiting or self.held or time.monotonic() < self.not_before:
            return
        self.not_before = time.monotonic() + HOLD_AGAIN_AFTER
        self.held = await run_in_threadpool(self.ballast.hold)
        if self.held and self.alarmed:
            self.alarmed = False
            log.info("disk_has_room_again")

    def _try(self, write: Write) -> None:
        try:
            write()
        except OSError as error:
            if not is_full(error):
                raise
            self.held = False
            if not self.ballast.release():
                raise
            self._alarm(written=True)
            write()

    def _alarm(self, written: bool) -> None:
        """Once for each time that the disk is full."""
        if not self.alarmed:
            log.critical("disk_full", written_into_ballast=written)
        self.alarmed = True
