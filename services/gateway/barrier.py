"""The consent check that stands before every answer which could depend on a person's decision.

Requests share a check, but only one that starts after they arrived: a check already in flight may have read the ledger
before a withdrawal whose acknowledgement preceded the request. No clock takes part in deciding what may be shown;
deadlines only ever refuse.
"""

import asyncio
import random
import time
from typing import Final, Protocol

from services.gateway.deadlines import DEADLINES
from shared.contracts.consent import Changes, Head
from shared.kit.logs import log
from shared.kit.problems import Problem

PROBE_SECONDS: Final = 0.05


class ConsentUnreachable(Problem):
    """Who may be named cannot be established just now; what depends on nobody's decision is still answered."""

    status, code, title = 503, "consent_unreachable", "Some figures cannot be shown just now"

    def __init__(self) -> None:
        super().__init__(
            "This answer could depend on a person's decision, and that cannot be checked just now. Try again shortly; "
            "answers that depend on nobody's decision are still served.",
            headers={"Retry-After": str(random.randint(1, 5))},  # spread out, so that readers do not return together
        )


class Asks(Protocol):
    async def head(self) -> Head: ...
    async def changes(self, after: int, upto: int) -> Changes: ...


class Knows(Protocol):
    """What the barrier keeps up to date: the live views, and the consent revision applied to them."""

    revision: int

    def check_lineage(self, head: Head) -> int | None: ...
    def confirm(self, head: Head, joint: Changes) -> None: ...
    def apply(self, changes: Changes) -> None: ...
    def remember(self, head: Head) -> None: ...


class Breaker:
    """After a failure, one probe per 50 ms and never one retry per request: everybody else is refused at once."""

    def __init__(self) -> None:
        self.open, self.probing, self.next_probe, self.cause = False, False, 0.0, ""

    def refuse_if_open(self) -> None:
        if not self.open:
            return
        if self.probing or time.monotonic() < self.next_probe:
            raise ConsentUnreachable
        self.probing = True

    def trip(self, cause: str) -> None:
        if cause != self.cause:
            log.error("consent_check_failed", cause=cause)
        self.open, self.probing, self.cause = True, False, cause
        self.next_probe = time.monotonic() + PROBE_SECONDS

    def reset(self) -> None:
        if self.open:
            log.info("consent_check_recovered")
        self.open, self.probing, self.cause = False, False, ""


class Barrier:
    """`await barrier()`: the consent revision, committed at or after the moment of the call, is now applied.

    One per gateway. Raises ConsentUnreachable, and nothing else, where that cannot be said within `limit` seconds.
    """

    def __init__(self, consent: Asks, view: Knows, limit: float = DEADLINES.check) -> None:
        self.consent, self.view, self.limit, self.breaker = consent, view, limit, Breaker()
        self.next: asyncio.Future[int] | None = None
        self.busy = False
        self.task: asyncio.Task[None] | None = None

    async def __call__(self) -> int:
        self.breaker.refuse_if_open()
        return await self.wait(self.join())

    def join(self) -> asyncio.Future[int]:
        """The batch of calls that the next check to start will serve."""
        if self.next is None:
            self.next = asyncio.get_running_loop().create_future()
        mine = self.next  # shared only with calls that precede the check
        if not self.busy:
            self.busy, self.task = True, asyncio.create_task(self.run())
        return mine

    async def wait(self, mine: asyncio.Future[int]) -> int:
        try:
            async with asyncio.timeout(self.limit):  # `wait_for` of Python 3.11 can swallow a caller's cancellation
                return await asyncio.shield(mine)  # one cancelled caller is not the batch
        except (TimeoutError, CheckFailed):
            raise ConsentUnreachable from None
        except asyncio.CancelledError:
            if mine.cancelled() and not _being_cancelled():
                raise ConsentUnreachable from None
            raise

    async def run(self) -> None:
        try:
            while self.next is not None:
                batch, self.next = self.next, None  # from here on, newcomers wait for the following check
                await self.serve(batch)
        finally:  # whatever ended the loop, the next call starts a fresh one
            self.busy = False
            if self.next is not None:
                self.breaker.trip("cancelled")
                self.next.cancel()
                self.next = None

    async def serve(self, batch: asyncio.Future[int]) -> None:
        try:
            batch.set_result(await self.check())
            self.breaker.reset()
        except Exception as problem:  # every failure is a refusal; no waiter is left hanging
            self.breaker.trip(f"{type(problem).__name__}: {problem}")
            batch.set_exception(CheckFailed())
            batch.exception()  # taken note of here: the waiters may all have gone
        finally:
            if not batch.done():  # this task was cancelled: refuse this batch too
                self.breaker.trip("cancelled")
                batch.cancel()

    async def check(self) -> int:
        head = await self.consent.head()  # has its own deadline: a hung check ends
        joint = self.view.check_lineage(head)  # another store or history, or below the high-water mark: fail closed
        if joint is not None:
            self.view.confirm(head, await self.consent.changes(joint, joint))
        if head.revision > self.view.revision:
            self.view.apply(await self.consent.changes(self.view.revision, head.revision))
        self.view.remember(head)
        return head.revision

    async def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


class CheckFailed(Exception):
    """The check that served this batch failed; the cause is in the log, never in an answer."""


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
