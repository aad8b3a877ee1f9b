"""Tells consent which revision is in force here: the newest only, one message at a time, never on a reader's way."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from services.gateway.consent import Superseded
from services.gateway.deadlines import DEADLINES
from services.gateway.peers import Consent
from shared.kit.logs import log

AT_MOST_EVERY: Final = 0.1
SAY_AGAIN_AFTER: Final = 5.0
AFTER_A_FAILURE: Final = 0.5


class Confirmer:
    """`applied` gives the revision that a check of consent has found and applied; None before the first one. By then
    every open answer of which it hides something has been cut: what is confirmed is in force for what begins and for
    what is going out. `close` ends every answer that depends on anybody, and lets none begin.

    What was confirmed is said again now and then, because consent forgets it when it is started anew.
    """

    def __init__(
        self,
        consent: Consent,
        applied: Callable[[], int | None],
        close: Callable[[], None],
        leaving: float = DEADLINES.leaving,
    ) -> None:
        self.consent, self.applied, self.close, self.leaving = consent, applied, close, leaving
        self.changed = asyncio.Event()
        consent.on_superseded = self.changed.set
        self.told: tuple[str | None, int] | None = None
        self.told_at = 0.0
        self.failing = False

    def tell(self) -> None:
        """Something may have become newer."""
        if self.told != (self.consent.incarnation, self.applied()):
            self.changed.set()

    async def run(self) -> None:
        """Until cancelled. After a quiet time a message goes at once; under a flood the next one waits, and tells the
        newest. A process that is not answered any more cannot hear of withdrawals: it leaves, but for what is fixed."""
        while not self.consent.superseded:
            with suppress(TimeoutError):
                async with asyncio.timeout(SAY_AGAIN_AFTER):
                    await self.changed.wait()
            self.changed.clear()
            await asyncio.sleep(await self.once())
        await self.leave()

    async def once(self) -> float:
        """Tell what is not told yet; the seconds to wait before the next message."""
        applied, incarnation = self.applied(), self.consent.incarnation
        again = time.monotonic() - self.told_at > SAY_AGAIN_AFTER
        if applied is None or (self.told == (incarnation, applied) and not again):
            return 0.0
        try:
            if await self.consent.confirm(applied):
                self.told, self.told_at, self.failing = (incarnation, applied), time.monotonic(), False
                return AT_MOST_EVERY
        except Exception as error:  # nothing that consent answers may end this task
            self._failed(error)
        self.changed.set()  # still to be told
        return AFTER_A_FAILURE

    async def leave(self) -> None:
        """Let nothing that depends on anybody go out from here any more, and say so, for `leaving` seconds at most;
        where the message does not arrive, others must prove that this process is gone."""
        self.close()
        try:
            async with asyncio.timeout(self.leaving):
                await self.consent.confirm(self.applied() or 0, leaving=True)
        except Exception as error:
            log.warning("leaving_not_told", cause=f"{type(error).__name__}: {error}")

    def _failed(self, error: Exception) -> None:
        if not self.failing and not isinstance(error, Superseded):
            log.warning("confirmation_failed", cause=f"{type(error).__name__}: {error}")
        self.failing = True
