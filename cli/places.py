"""Where the services are: the running `candour up` of a data directory says so, the environment may say otherwise."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SERVICES: Final = ("gateway", "ingest", "ratings", "consent")
DEFAULT_PORT: Final = 8000


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
    """`CANDOUR_URL_<SERVICE>` first, then what `candour up` noted in the data directory, then the default ports."""
    urls = {service: f"http://127.0.0.1:{port_of(service, DEFAULT_PORT)}" for service in SERVICES}
    noted = data_folder() / "running.json"
    if noted.exists():
        urls |= json.loads(noted.read_text())["urls"]
    for service in SERVICES:
        urls[service] = os.environ.get(f"CANDOUR_URL_{service.upper()}", urls[service])
    return Places(urls)
