"""Where the campaign of kills is fought: the embedded house (SQLite, one process a service) and the composed one
(PostgreSQL, replicas, a proxy). The campaign is the same; only what there is to kill and where things lie differ."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from cli.up.layout import Layout
from tests.system.composed import Composed
from tests.system.house import ROOT, House

Rows = list[tuple[Any, ...]]
DEMONSTRATION: Final = {"CANDOUR_DEMONSTRATION": "true"}


@dataclass(frozen=True)
class Ground:
    """`doors`: what the public reads from, each by itself. `rows(service, statement)` asks a service's own database,
    from outside of the service."""

    name: str
    house: House | Composed
    victims: tuple[str, ...]
    doors: tuple[str, ...]
    ingest: tuple[str, ...]
    ratings: tuple[str, ...]
    uploads: Path
    journal: Path
    secrets: Path
    rows: Callable[[str, str], Rows]
    verify_ledger: Callable[[], str]

    def urls(self) -> dict[str, str]:
        """As the command line calls them."""
        return {name: self.house.urls[name] for name in ("ingest", "ratings", "consent", "gateway")}

    def log(self, name: str) -> str:
        if isinstance(self.house, Composed):
            return self.house.log(name)
        return (self.house.data / "logs" / f"{name}.log").read_text()

    def ready(self, name: str) -> bool:
        if name == "postgres" and isinstance(self.house, Composed):
            return self.house.postgres.answers()
        if name == "proxy":
            return self._answers(f"{self.house.url(name)}/v1")
        return self._answers(f"{self.house.url(name)}/health/ready")

    def _answers(self, url: str) -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


@contextlib.contextmanager
def embedded(folder: Path) -> Iterator[Ground]:
    house = House(folder, gateways=2)
    house.up()

    def rows(service: str, statement: str) -> Rows:
        with closing(sqlite3.connect(house.data / service / f"{service}.sqlite", timeout=30)) as connection:
            return connection.execute(statement).fetchall()

    def verify_ledger() -> str:
        environment = Layout(house.data, house.base, house.gateways).environment("consent")
        command = [sys.executable, "-m", "services.consent", "verify-ledger"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    gateways = ("gateway", "gateway-2")
    try:
        yield Ground(
            "embedded house", house, ("ingest", "ratings", "consent", *gateways), gateways, ("ingest",), ("ratings",),
            house.data / "ingest" / "ingest" / "uploads", house.data / "consent" / "journal", house.data / "secrets",
            rows, verify_ledger,
        )  # fmt: skip
    finally:
        code = house.down()
    assert code == 0


@contextlib.contextmanager
def composed(folder: Path) -> Iterator[Ground]:
    with Composed(folder, scale={"ingest": 2, "ratings": 2}, variables=DEMONSTRATION) as house:

        def rows(service: str, statement: str) -> Rows:
            return house.postgres.execute(statement, service)

        def verify_ledger() -> str:
            return house.exec("consent", "python", "-m", "services.consent", "verify-ledger").stdout

        ingest, ratings, gateways = ("ingest", "ingest.2"), ("ratings", "ratings.2"), ("gateway-1", "gateway-2")
        volumes = house.site.folder / "volumes"
        yield Ground(
            "composed house", house, (*ingest, *ratings, "consent", *gateways, "proxy", "postgres"),
            (*gateways, "proxy"), ingest, ratings, volumes / "ingest-data" / "ingest" / "uploads",
            volumes / "consent-journal", house.secrets, rows, verify_ledger,
        )  # fmt: skip
