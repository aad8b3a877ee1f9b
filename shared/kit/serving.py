"""What every service's `__main__` does: `migrate`, `serve`, or both in one process, with exit code 0 on SIGTERM."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

import uvicorn
from fastapi import FastAPI

from shared.kit.logs import configure_logs
from shared.kit.presence import Busy, present
from shared.kit.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


def run(
    service: str,
    settings_of: Callable[[], S],
    verbs: Mapping[str, Callable[[S], int]],
    arguments: list[str] | None,
    on_folder: Mapping[str, Callable[[S, Path], int]] | None = None,
) -> int:
    """Run the named verbs one after the other; stop at the first that does not end with 0. A verb of `on_folder` stands
    alone, and takes one folder."""
    given = sys.argv[1:] if arguments is None else arguments
    alone = (on_folder or {}).get(given[0]) if given else None
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}")
    if alone is None:
        parser.add_argument("verbs", nargs="+", choices=list(verbs), metavar="|".join((*verbs, *(on_folder or {}))))
        work = [verbs[verb] for verb in parser.parse_args(given).verbs]
    else:
        parser.add_argument("verb")
        parser.add_argument("folder", type=Path)
        folder: Path = parser.parse_args(given).folder
        work = [lambda settings: alone(settings, folder)]
    settings = settings_of()
    configure_logs(service, settings.log_level)
    try:
        with nullcontext() if alone else present(settings.data_dir):
            return next((code for one in work if (code := one(settings))), 0)
    except Busy as refused:
        sys.stderr.write(f"{refused}\n")
        return 2


def serve(app: FastAPI, settings: ServiceSettings) -> int:
    """Serve until SIGTERM or SIGINT. uvicorn closes up, then hands SIGTERM on to the handler set here."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        app, host=settings.host, port=settings.port, access_log=False, log_config=None, server_header=False,
        timeout_graceful_shutdown=10,
    )  # fmt: skip
    return 0
