"""What every service's `__main__` does: `migrate`, `serve`, or both in one process, with exit code 0 on SIGTERM."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

import uvicorn
from fastapi import FastAPI

from shared.kit.logs import configure_logs
from shared.kit.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


def run(
    service: str, settings_of: Callable[[], S], verbs: Mapping[str, Callable[[S], int]], arguments: list[str] | None
) -> int:
    """Run the named verbs one after the other; stop at the first that does not end with 0."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    parser.add_argument("verbs", nargs="+", choices=list(verbs), metavar="|".join(verbs))
    wanted = parser.parse_args(arguments).verbs
    settings = settings_of()
    configure_logs(service, settings.log_level)
    for verb in wanted:
        code = verbs[verb](settings)
        if code:
            return code
    return 0


def serve(app: FastAPI, settings: ServiceSettings) -> int:
    """Serve until SIGTERM or SIGINT. uvicorn closes up, then hands SIGTERM on to the handler set here."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        app, host=settings.host, port=settings.port, access_log=False, log_config=None, server_header=False,
        timeout_graceful_shutdown=10,
    )  # fmt: skip
    return 0
