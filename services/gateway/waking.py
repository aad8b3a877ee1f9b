"""Lets consent say that there is something newer, so that a withdrawal is applied before the next look or reader.

A hint and nothing else: no answer waits for it, and none is given because of it. It only ever starts a consent check;
without it every answer is as right as with it, and the next look brings what it would have brought.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from services.gateway.peers import Consent
from shared.kit.logs import log

NOTHING_CAME_OF_IT: Final = 0.05
UNREGISTERED: Final = 0.25
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0


class Waker:
    """One question to consent at a time. `known`: the revision that a check has found last; None before the first."""

    def __init__(self, consent: Consent, check: Callable[[], Awaitable[int]], known: Callable[[], int | None]) -> None:
        self.consent, self.check, self.known = consent, check, known
        self.pause = 0.0
        self.failing = False

    async def run(self) -> None:
        """Until cancelled, or until another process has this gateway's name."""
        while not self.consent.superseded:
            await asyncio.sleep(await self.once())

    async def once(self) -> float:
        """One question, and a check where the answer is worth one; the seconds to wait before the next question."""
        known = self.known()
        try:
            told = None if known is None else await self.consent.news(known)
            if known is None or told is None:
                return UNREGISTERED  # whoever checks next registers this process
            if told > (self.known() or 0):  # a reader's check may have been quicker
                await self.check()
        except Exception as error:  # nothing that consent answers may end this task
            return self._failed(error)
        self.pause, self.failing = 0.0, False
        return 0.0 if self.known() != known else NOTHING_CAME_OF_IT

    def _failed(self, error: Exception) -> float:
        if not self.failing:
            log.warning("no_hints_from_consent", cause=f"{type(error).__name__}: {error}")
        self.failing = True
        self.pause = min(max(2 * self.pause, FIRST_PAUSE), LONGEST_PAUSE)
        return self.pause
