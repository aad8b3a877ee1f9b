"""The gateway as a function of its settings and its peers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from services.gateway.api.answers import Answers
from services.gateway.api.cors import OpenToPages
from services.gateway.api.cursors import Cursors
from services.gateway.api.routers import ROUTERS
from services.gateway.barrier import Barrier
from services.gateway.peers import Peers
from services.gateway.settings import Settings
from services.gateway.site.routes import router as site
from services.gateway.view.changelog import ChangeLog
from services.gateway.view.disk import Shelf
from services.gateway.view.following import Follower
from services.gateway.view.live import HighWater, Live
from shared.kit.files import sweep_parts
from shared.kit.secretfiles import read_secret
from shared.kit.service import service_app


def create_app(settings: Settings, peers: Peers, barrier_type: type[Barrier] = Barrier) -> FastAPI:
    """`barrier_type` is for tests that plant a wrong barrier; no setting can name one.

    Raises FileNotFoundError without the cursor secret; LineageBroken where the record of consent cannot be read.
    """
    sweep_parts(settings.data_dir)
    live = Live(HighWater(settings.data_dir / "consent.json"), ChangeLog(settings.data_dir / "changes.ndjson"))
    barrier = barrier_type(peers.consent, live)
    follower = Follower(live, Shelf(settings.data_dir / "views"), peers, barrier, settings.poll_seconds)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await follower.tick()
        task = asyncio.create_task(follower.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await barrier.close()
            live.close()
            await peers.close()

    def ready() -> str | None:
        if follower.failed:
            return "views are not being followed"
        return None if live.started and not live.waiting else "views are being loaded"

    app = service_app("gateway", lifespan, [*ROUTERS, site], ready)
    app.add_middleware(OpenToPages)
    app.state.settings, app.state.follower = settings, follower
    app.state.answers = Answers(live, barrier, Cursors(read_secret(settings.secrets_dir, "gateway-cursor")))
    return app
