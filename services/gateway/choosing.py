"""What the public is told of choices: who refused, asked anew each time; how many were asked, once for a release."""

import asyncio
from typing import Final

from services.gateway.barrier import Barrier, ConsentUnreachable
from services.gateway.choices import Choices
from services.gateway.view.live import Live
from services.gateway.view.opened import OpenView
from shared.contracts.consent import Refusals, SafeParticipation

ATTEMPTS: Final = 3
EVERY_SECONDS: Final = 5.0


class Choosing:
    """`known`: by release, what was told of its moment of publication. It never changes."""

    def __init__(self, live: Live, barrier: Barrier, choices: Choices) -> None:
        self.live, self.barrier, self.choices = live, barrier, choices
        self.known: dict[str, SafeParticipation] = {}

    async def refusals(self) -> Refusals | None:
        """As the ledger is at the revision that is in force here, or later; None where it is on nowhere. Nothing may be
        awaited between this and the answer. Raises ConsentUnreachable.

        Another reader's check may have found a later revision, and confirmed it, while consent was answering: then what
        came is too old to be sent.
        """
        await self.barrier()
        for _ in range(ATTEMPTS):
            found = await self.choices.refusals()
            mark = self.live.high_water.mark
            if found is None:
                return None
            if mark is None or found.store_id != mark.store_id:
                raise ConsentUnreachable
            if found.revision >= self.live.revision:
                return found
        raise ConsentUnreachable

    async def participation(self, view: OpenView) -> SafeParticipation:
        """Raises ConsentUnreachable where it was never asked yet and cannot be now."""
        if view.release not in self.known:
            self.known[view.release] = await self.choices.participation(view.published)
        return self.known[view.release]

    async def run(self) -> None:
        """Asks before a reader does, so that the numbers are there when consent is not."""
        while True:
            for view in self.live.newest_first():
                try:
                    await self.participation(view)
                except ConsentUnreachable:
                    break
            await asyncio.sleep(EVERY_SECONDS)
