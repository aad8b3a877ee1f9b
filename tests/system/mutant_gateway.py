"""`python -m tests.system.mutant_gateway`: a gateway whose requests join a consent check that is already in flight.

Planted, to prove that the test of withdrawals can fail. No setting of the real gateway can express it.
"""

import asyncio

import uvicorn

from services.gateway.app import create_app
from services.gateway.barrier import Barrier
from services.gateway.peers import over_http
from services.gateway.settings import Settings
from shared.kit.logs import configure_logs


class JoinInFlight(Barrier):
    """Ordinary single-flight: whoever arrives while a check runs takes its answer."""

    running: "asyncio.Future[int] | None" = None

    def join(self) -> "asyncio.Future[int]":
        if self.running is not None and not self.running.done():
            return self.running
        return super().join()

    async def serve(self, batch: "asyncio.Future[int]") -> None:
        self.running = batch
        await super().serve(batch)


def main() -> None:
    settings = Settings()
    configure_logs("gateway", settings.log_level)
    app = create_app(settings, over_http(settings), JoinInFlight)
    uvicorn.run(app, host=settings.host, port=settings.port, access_log=False, log_config=None)


if __name__ == "__main__":
    main()
