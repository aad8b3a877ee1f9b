"""What every service's `__main__` does: `migrate`, `serve`, or both in one process, with exit code 0 on SIGTERM."""

import argparse
import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from shared.kit.logs import configure_logs
from shared.kit.presence import Refused, present
from shared.kit.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)
NOT_STARTED: Final = 3
LOOK_SECONDS: Final = 0.1


def run(
    service: str,
    settings_of: Callable[[], S],
    verbs: Mapping[str, Callable[[S], int]],
    arguments: list[str] | None,
    *,
    on_folder: Mapping[str, Callable[[S, Path], int]] | None = None,
    moves: Mapping[str, Callable[[S, str | None], int]] | None = None,
) -> int:
    """Run the named verbs one after the other; stop at the first that does not end with 0. A verb of `on_folder` stands
    alone, and takes one folder; those of `moves` may be told with `--to` which revision they lead to."""
    given = sys.argv[1:] if arguments is None else arguments
    alone = (on_folder or {}).get(given[0]) if given else None
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    if alone is None:
        known = [*(moves or {}), *verbs]
        parser.add_argument("verbs", nargs="+", choices=known, metavar="|".join((*known, *(on_folder or {}))))
        parser.add_argument(
            "--to", metavar="REVISION", help="where a migration leads, if not one step back or to the end"
        )
        parsed = parser.parse_args(given)
        if parsed.to and not any(verb in (moves or {}) for verb in parsed.verbs):
            parser.error("--to belongs to a migration")
        leading = {name: partial(_led, move, parsed.to) for name, move in (moves or {}).items()}
        work = [(leading | dict(verbs))[verb] for verb in parsed.verbs]
    else:
        parser.add_argument("verb")
        parser.add_argument("folder", type=Path)
        folder: Path = parser.parse_args(given).folder
        work = [lambda settings: alone(settings, folder)]
    try:
        settings = settings_of()
    except ValidationError as error:
        sys.stderr.write(_not_set(service, error))
        return 2
    configure_logs(service, settings.log_level)
    try:
        with nullcontext() if alone else present(settings.data_dir):
            return next((code for one in work if (code := one(settings))), 0)
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    except FileNotFoundError as error:
        if not error.filename or settings.secrets_dir not in Path(error.filename).parents:
            raise
        sys.stderr.write(
            f"no secret {error.filename}: 'candour secrets make {settings.secrets_dir}' makes what lacks\n"
        )
        return 2


def _not_set(service: str, error: ValidationError) -> str:
    """What is wrong with each variable, without what it holds: it may be a password."""
    lines = [f"{service} does not start: its settings come from variables, and"]
    for one in error.errors(include_url=False, include_input=False):
        name = "_".join(str(part) for part in one["loc"]).upper()
        what = "is not set" if one["type"] == "missing" else f"is wrong: {one['msg']}"
        lines.append(f"  CANDOUR_{service.upper()}_{name} {what}")
    return "\n".join([*lines, "docs/runbook.md says how a house is set up"]) + "\n"


def _led(move: Callable[[S, str | None], int], to: str | None, settings: S) -> int:
    return move(settings, to)


class Server(uvicorn.Server):
    """Does `on_stop` before it waits for the answers that are on their way, and waits for no others."""

    def __init__(self, config: uvicorn.Config, on_stop: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self.on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.on_stop()
        latecomers = asyncio.create_task(self._end_latecomers())
        try:
            await super().shutdown(sockets)
        finally:
            latecomers.cancel()

    async def _end_latecomers(self) -> None:
        """uvicorn asks each connection once to end. One that was being made just then would be served on until time is
        up, and its last request be answered with 500."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for connection in list(self.server_state.connections):
                if not connection.transport.is_closing():
                    connection.shutdown()


def serve(
    app: FastAPI,
    settings: ServiceSettings,
    protocol: type[asyncio.Protocol] | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> int:
    """Serve until SIGTERM or SIGINT. uvicorn closes up, then hands SIGTERM on to the handler set here. `protocol`: what
    stands between uvicorn and each connection, in place of its own. `on_stop` lets callers go who wait for something.

    What was made up to now, modules and routes, lives as long as the process. Under load the collector would walk
    through all of it about twice a second, and hold every request up for a tenth of one.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, access_log=False, log_config=None, server_header=False,
        timeout_graceful_shutdown=10, proxy_headers=False,  # what a request says of proxies is believed for nothing
        http=protocol or "auto",
    )  # fmt: skip
    server = Server(config, on_stop)
    with suppress(KeyboardInterrupt):
        server.run()
    return 0 if server.started else NOT_STARTED
