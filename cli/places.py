"""Where the services are: the running `candour up` of a data directory says so, the environment may say otherwise."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.say import stop

SERVICES: Final = ("gateway", "ingest", "ratings", "consent")
DEFAULT_PORT: Final = 8000
LAST_PORT: Final = 65535
USAGE: Final = 2


@dataclass(frozen=True)
class Places:
    """Base URL of each service."""

    urls: dict[str, str]

    def of(self, service: str) -> str:
        return self.urls[service]


def data_folder() -> Path:
    return Path(os.environ.get("CANDOUR_DATA", ".candour"))


def port_of(service: str, base: int) -> int:
    return base + SERVICES.index(service)


def places() -> Places:
    """`CANDOUR_URL_<SERVICE>` first, then the ports from `CANDOUR_PORT` on, then what `candour up` noted in the data
    directory, then the default ports. Ends the command where `CANDOUR_PORT` is no port."""
    urls = _beside(DEFAULT_PORT)
    noted = data_folder() / "running.json"
    said = os.environ.get("CANDOUR_PORT", "")
    if said:
        urls = _beside(_port(said))
    elif noted.exists():
        urls |= json.loads(noted.read_text())["urls"]
    for service in SERVICES:
        urls[service] = os.environ.get(f"CANDOUR_URL_{service.upper()}", urls[service])
    return Places(urls)


def _beside(base: int) -> dict[str, str]:
    return {service: f"http://127.0.0.1:{port_of(service, base)}" for service in SERVICES}


def _port(said: str) -> int:
    if not (said.isascii() and said.isdigit() and 0 < int(said) <= LAST_PORT - len(SERVICES) + 1):
        stop(
            f"CANDOUR_PORT is {said!r}: the first of {len(SERVICES)} ports is expected, such as {DEFAULT_PORT}.", USAGE
        )
    return int(said)
