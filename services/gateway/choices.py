"""Two questions to consent beside its check: who refused, where naming them is on, and how many were asked.

Who refused is asked anew for every reader and kept nowhere. Readers share an ask, but only one that starts after they
arrived: an answer that was read earlier may name somebody whose withdrawal was acknowledged before the reader came.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

import httpx
from pydantic import ValidationError

from services.gateway.barrier import ConsentUnreachable
from services.gateway.deadlines import DEADLINES
from shared.contracts.consent import Refusals, SafeParticipation
from shared.kit.logs import log
from shared.kit.tokens import ServiceToken


class Choices(Protocol):
    """Both raise ConsentUnreachable for whatever is no answer."""

    async def refusals(self) -> Refusals | None: ...  # None where it is on nowhere
    async def participation(self, at: datetime) -> SafeParticipation: ...
    async def close(self) -> None: ...


class ChoicesOverHttp:
    def __init__(self, url: str, token: ServiceToken, seconds: float = DEADLINES.choices) -> None:
        self.client = httpx.AsyncClient(base_url=url, auth=token, timeout=seconds, trust_env=False)
        self.refusals = Shared(self._refusals)

    async def _refusals(self) -> Refusals | None:
        found = await self._ask("/v1/refusals", {})
        try:
            return None if found is None else Refusals.model_validate_json(found)
        except ValidationError:
            raise ConsentUnreachable from None

    async def participation(self, at: datetime) -> SafeParticipation:
        found = await self._ask("/v1/participation", {"at": at.isoformat()})
        try:
            return SafeParticipation.model_validate_json(found or b"")
        except ValidationError:
            raise ConsentUnreachable from None

    async def close(self) -> None:
        await self.client.aclose()

    async def _ask(self, path: str, params: dict[str, str]) -> bytes | None:
        """None for 404."""
        try:
            response = await self.client.get(path, params=params)
        except httpx.HTTPError as error:
            log.warning("consent_not_asked", path=path, kind=type(error).__name__)
            raise ConsentUnreachable from error
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            log.warning("consent_not_asked", path=path, status=response.status_code)
            raise ConsentUnreachable
        return response.content


class Shared:
    """`ask`, at most one at a time: whoever comes while one is under way waits for the next."""

    def __init__(self, ask: Callable[[], Awaitable[Refusals | None]]) -> None:
        self.ask = ask
        self.next: asyncio.Task[Refusals | None] | None = None
        self.turn = asyncio.Lock()

    async def __call__(self) -> Refusals | None:
        if self.next is None:
            self.next = asyncio.create_task(self._run())
        return await asyncio.shield(self.next)  # one cancelled caller is not all of them

    async def _run(self) -> Refusals | None:
        async with self.turn:
            self.next = None  # from here on newcomers wait for the following one
            return await self.ask()
