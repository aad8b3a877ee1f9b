"""`python -m benchmarks.load.variants NAME`: the real gateway, but for the way in which it asks consent.

For comparison only: no setting of the real gateway can express any of them. What is not shared among requests is asked
with as many connections as there are requests.
"""

import sys
from collections.abc import Callable
from typing import Final, Protocol

import httpx
from fastapi import FastAPI

from services.gateway import __main__ as gateway
from services.gateway.app import create_app
from services.gateway.barrier import Barrier
from services.gateway.consent import ConsentOverHttp
from services.gateway.lean import LeanConnection, LeanError, LeanRefused
from services.gateway.peers import Peers
from services.gateway.settings import Settings


class NoCheck(Barrier):
    """Asks once, and believes it for ever."""

    known: int | None = None

    async def __call__(self) -> int:
        if self.known is None:
            self.known = await super().__call__()
        return self.known


class EachForItself(Barrier):
    """One check for each request. Safe, and dear."""

    async def __call__(self) -> int:
        return await self.check()


class Client(Protocol):
    """What stands behind `ConsentOverHttp.head`."""

    async def get(self, path: str) -> bytes: ...
    def close(self) -> None: ...


class ManyLean:
    """As many lean connections as are needed at once."""

    def __init__(self, one: LeanConnection) -> None:
        self.one, self.idle = one, [one]

    async def get(self, path: str) -> bytes:
        mine = self.idle.pop() if self.idle else LeanConnection(address(self.one), self.one.authorization)
        try:
            return await mine.get(path)
        finally:
            self.idle.append(mine)

    def close(self) -> None:
        for one in self.idle:
            one.close()


class GeneralPurpose:
    """httpx with its pool."""

    def __init__(self, one: LeanConnection) -> None:
        self.authorization = one.authorization
        self.client = httpx.AsyncClient(base_url=address(one), timeout=one.deadline, trust_env=False)

    async def get(self, path: str) -> bytes:
        try:
            answer = await self.client.get(path, headers={"Authorization": self.authorization()})
        except httpx.HTTPError as error:
            raise LeanError(type(error).__name__) from error
        if answer.status_code != 200:
            raise LeanRefused(answer.status_code, answer.content)
        return answer.content

    def close(self) -> None:
        """Its connections end with the process."""


def address(one: LeanConnection) -> str:
    return f"http://{one.host}:{one.port}"


Way = tuple[type[Barrier], Callable[[LeanConnection], Client]]
VARIANTS: Final[dict[str, Way]] = {
    "no check": (NoCheck, lambda one: one),
    "shared, httpx": (Barrier, GeneralPurpose),
    "each, lean": (EachForItself, ManyLean),
    "each, httpx": (EachForItself, GeneralPurpose),
}


def variant(name: str) -> Callable[[Settings, Peers], FastAPI]:
    """In place of the gateway's own `create_app`."""
    barrier, client = VARIANTS[name]

    def create(settings: Settings, peers: Peers) -> FastAPI:
        assert isinstance(peers.consent, ConsentOverHttp)
        peers.consent.lean = client(peers.consent.lean)  # type: ignore[assignment]  # another client in its place
        return create_app(settings, peers, barrier)

    return create


if __name__ == "__main__":
    gateway.create_app = variant(sys.argv[1])  # type: ignore[assignment, attr-defined]  # planted
    sys.exit(gateway.main(["serve"]))
