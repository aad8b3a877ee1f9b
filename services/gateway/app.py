"""The gateway as a function of its settings and its peers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from services.gateway.api.answers import Answers
from services.gateway.api.cors import OpenToPages
from services.gateway.api.cursors import Cursors
from services.gateway.api.routers import ROUTERS
from services.gateway.api.wholeforms import WHOLE_FILES
from services.gateway.barrier import Barrier
from services.gateway.choosing import Choosing
from services.gateway.confirming import Confirmer
from services.gateway.inflight import InFlight
from services.gateway.peers import Peers
from services.gateway.settings import Settings
from services.gateway.site.routes import router as site
from services.gateway.site.serving import for_readers, unknown_address
from services.gateway.view.changelog import ChangeLog
from services.gateway.view.disk import Shelf
from services.gateway.view.figures import Figures
from services.gateway.view.following import Follower, Kept
from services.gateway.view.lineage import HighWater
from services.gateway.view.live import Live
from services.gateway.view.room import Room
from services.gateway.view.wholefiles import PublicFolder
from services.gateway.waking import Waker
from shared.kit.ballast import Ballast
from shared.kit.files import sweep_parts
from shared.kit.secretfiles import accepted_secrets
from shared.kit.service import Lifespan, service_app

Handler = Callable[[Request, Any], Response | Awaitable[Response]]


def create_app(settings: Settings, peers: Peers, barrier_type: type[Barrier] = Barrier) -> FastAPI:
    """`barrier_type` is for tests that plant a wrong barrier; no setting can name one.

    Raises FileNotFoundError without the cursor secret; LineageBroken where the record of consent cannot be read.
    """
    sweep_parts(settings.data_dir)
    room = Room(Ballast(settings.data_dir, settings.ballast_bytes))
    live = Live(
        HighWater(settings.data_dir / "consent.json", room), ChangeLog(settings.data_dir / "changes.ndjson", room)
    )
    barrier = barrier_type(peers.consent, live, peers.deadlines.check)
    in_flight = InFlight()
    confirmer = Confirmer(peers.consent, lambda: live.applied, in_flight.close, peers.deadlines.leaving)

    def applied() -> None:
        in_flight.applied(live.revision)
        confirmer.tell()

    live.on_applied, live.on_hidden = applied, in_flight.hidden
    waker = Waker(peers.consent, barrier, lambda: live.applied)
    choosing = Choosing(live, barrier, peers.choices)
    follower = Follower(live, _kept(settings, room), peers, barrier, settings.poll_seconds)

    async def close() -> None:
        await barrier.close()
        await confirmer.leave()
        live.close()
        await peers.close()

    app = service_app(
        "gateway", _lifespan(follower, (confirmer, waker, choosing), close), [*ROUTERS, site],
        lambda: _why_not_ready(settings.name, peers, follower, live),
    )  # fmt: skip
    app.add_middleware(OpenToPages)
    app.add_exception_handler(HTTPException, _pages_for_readers(app.exception_handlers[HTTPException]))
    app.state.settings, app.state.follower, app.state.in_flight = settings, follower, in_flight
    cursors = Cursors(*accepted_secrets(settings.secrets_dir, "gateway-cursor"))
    app.state.answers = Answers(live, barrier, cursors, choosing)
    return app


class Running(Protocol):
    """What a gateway does beside answering, until it is cancelled."""

    async def run(self) -> None: ...


def _lifespan(follower: Follower, others: Iterable[Running], close: Callable[[], Awaitable[None]]) -> Lifespan:
    """The first look at the releases comes before the door opens; `close` runs when nothing is answered any more."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await follower.tick()
        tasks = [asyncio.create_task(one.run()) for one in (follower, *others)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await close()

    return lifespan


def _why_not_ready(name: str, peers: Peers, follower: Follower, live: Live) -> str | None:
    if peers.consent.superseded:
        return f"another process has registered under this gateway's name, {name}, or it is held to have ended"
    if follower.failed:
        return "views are not being followed"
    return None if live.started and not live.waiting else "views are being loaded"


def _kept(settings: Settings, room: Room) -> Kept:
    return Kept(
        Shelf(settings.data_dir / "views", room),
        Figures(settings.data_dir / "figures.json", room),
        PublicFolder(settings.data_dir / "public", WHOLE_FILES),
    )


def _pages_for_readers(otherwise: Handler) -> Handler:
    """An unknown address is answered with the site's page where a reader of pages asked for it."""

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 404 and for_readers(request):
            return await unknown_address(request)
        other = otherwise(request, error)
        return other if isinstance(other, Response) else await other

    return answer
