"""One data directory, and the environment that tells each service its own part of it."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.places import SERVICES, port_of
from shared.kit.secretfiles import make_secret

PAIRS: Final = (
    "ratings-ingest", "ratings-consent", "consent-ratings", "gateway-ratings", "gateway-consent", "supervisor-consent",
)  # fmt: skip
COMMON: Final = {
    "PYTHONUNBUFFERED": "1",
    # the last bits of a fit must not hang on the number of cores; and small products only wait for more threads
    "OPENBLAS_NUM_THREADS": "1",
}
PRIVATE: Final = ("gateway-cursor", "consent-subjects", "consent-receipts", "ingest-pseudonyms", "ingest-receipts")
GATEWAY_STRIDE: Final = 10


@dataclass(frozen=True)
class Layout:
    """Folders and ports of one installation. `gateways` is how many gateway processes there are."""

    data: Path
    base_port: int
    gateways: int

    @property
    def people(self) -> Path:
        return self.data / "people.json"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def ports(self) -> dict[str, int]:
        """Process name → port. The first gateway is `gateway`, the others `gateway-2`, `gateway-3`, …"""
        ports = {service: port_of(service, self.base_port) for service in SERVICES}
        for number in range(2, self.gateways + 1):
            ports[f"gateway-{number}"] = self.base_port + GATEWAY_STRIDE * (number - 1)
        return ports

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports()[name]}"

    def prepare(self) -> None:
        """Make folders and secrets that are not there yet."""
        for folder in (self.data, self.secrets, self.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in (*PAIRS, *PRIVATE):
            make_secret(self.secrets, name)

    def environment(self, name: str) -> dict[str, str]:
        """The variables of one process: its own folder, the shared people and secrets, its peers' addresses."""
        service = name.partition("-")[0]
        prefix = f"CANDOUR_{service.upper()}_"
        own = {
            "DATA_DIR": str(self.data / name),
            "SECRETS_DIR": str(self.secrets),
            "PORT": str(self.ports()[name]),
        }
        if service != "gateway":
            own["PEOPLE_FILE"] = str(self.people)
        peers = {
            "ratings": {
                "DEMONSTRATION": "true", "RELEASE_POLICY": "demonstration",
                "OUTLIER_POLICY": "outlier_policy_demonstration",
                "INGEST_URL": self.url("ingest"), "CONSENT_URL": self.url("consent"),
            },
            "gateway": {"NAME": name, "RATINGS_URL": self.url("ratings"), "CONSENT_URL": self.url("consent")},
            "consent": {"DEMONSTRATION": "true", "RATINGS_URL": self.url("ratings")},
        }.get(service, {})  # fmt: skip
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CANDOUR_")}
        return kept | {prefix + key: value for key, value in (own | peers).items()} | COMMON

    def command(self, name: str) -> list[str]:
        return [sys.executable, "-m", "cli.up.leash", f"services.{name.partition('-')[0]}", "migrate", "serve"]
