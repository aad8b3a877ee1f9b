"""Tells consent which revision is in force here: the newest only, one message at a time, never on a reader's way."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from services.gateway.consent import Superseded
from services.gateway.peers import Consent
from shared.kit.logs import log

AT_MOST_EVERY: Final = 0.2
SAY_AGAIN_AFTER: Final = 5.0
AFTER_A_FAILURE: Final = 1.0


class Confirmer:
    """`applied` gives the revision that a check of consent has found and applied; None before the first one.

    What was confirmed is said again now and then, because consent forgets it when it is started anew.
    """

    def __init__(self, consent: Consent, applied: Callable[[], int | None]) -> None:
        self.consent, self.applied = consent, applied
        self.changed = asyncio.Event()
        self.told: tuple[str | None, int] | None = None
        self.told_at = 0.0
        self.failing = False

    def tell(self) -> None:
        """Something may have become newer."""
        self.changed.set()

    async def run(self) -> None:
        """Until cancelled, or until another process has this gateway's name."""
        while not self.consent.superseded:
            with suppress(TimeoutError):
                async with asyncio.timeout(SAY_AGAIN_AFTER):
                    await self.changed.wait()
            self.changed.clear()
            await asyncio.sleep(await self.once())

    async def once(self) -> float:
        """Tell what is not told yet; the seconds to wait before the next message."""
        applied, incarnation = self.applied(), self.consent.incarnation
        again = time.monotonic() - self.told_at > SAY_AGAIN_AFTER
        if applied is None or (self.told == (incarnation, applied) and not again):
            return AT_MOST_EVERY
        try:
            if await self.consent.confirm(applied):
                self.told, self.told_at, self.failing = (incarnation, applied), time.monotonic(), False
                return AT_MOST_EVERY
        except Exception as error:  # nothing that consent answers may end this task
            self._failed(error)
        self.changed.set()  # still to be told
        return AFTER_A_FAILURE

    def _failed(self, error: Exception) -> None:
        if not self.failing and not isinstance(error, Superseded):
            log.warning("confirmation_failed", cause=f"{type(error).__name__}: {error}")
        self.failing = True
