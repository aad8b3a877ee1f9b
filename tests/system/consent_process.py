"""The consent service as a process of its own, on a database by URL, and short ways to ask it as everybody does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from services.consent.keys import SubjectKeys
from shared.kit.secretfiles import read_secret
from tests.ports import free_port
from tests.system.house import ROOT
from tests.unit.test_consent_rig import CARDIAC, OWN, House

T = TypeVar("T")


def eventually(ask: Callable[[], T], enough: Callable[[T], bool], seconds: float = 60.0) -> T:
    until = time.monotonic() + seconds
    while not enough(answer := ask()):
        assert time.monotonic() < until, f"still {answer!r} after {seconds} seconds"
        time.sleep(0.05)
    return answer


class Consent:
    """`python -m services.consent migrate serve`, with its data and its journal in `folder`."""

    def __init__(self, folder: Path, house: House, database_url: str, **changes: str) -> None:
        self.folder, self.house, self.port = folder, house, free_port()
        values = {
            "DATA_DIR": str(folder / "data"), "PEOPLE_FILE": str(house.folder / "people.json"),
            "SECRETS_DIR": str(house.folder), "PORT": str(self.port), "DATABASE_URL": database_url,
            "JOURNAL_DIR": str(folder / "journal"), "BALLAST_BYTES": str(1 << 20), "DEMONSTRATION": "true",
        }  # fmt: skip
        self.environment = {f"CANDOUR_CONSENT_{name}": value for name, value in (values | changes).items()}
        self.incarnation, self.module = "", "services.consent"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=30)

    def start(self, *verbs: str) -> "Consent":
        self.launch(*verbs)
        eventually(self.alive, bool)
        return self

    def launch(self, *verbs: str) -> None:
        """Without waiting for anything."""
        self.folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", self.module, *(verbs or ("migrate", "serve"))]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | self.environment, stdout=log, stderr=log
            )

    def run(self, *verbs: str) -> subprocess.CompletedProcess[str]:
        """Verbs that end by themselves."""
        return subprocess.run(
            [sys.executable, "-m", "services.consent", *verbs], cwd=ROOT, env=os.environ | self.environment,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        self.http.close()

    def log(self) -> str:
        return (self.folder / "log").read_text()

    # Asking

    def alive(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"consent ended:\n{self.log()[-3000:]}"
        try:
            return self.http.get("/health/live", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def ready(self) -> httpx.Response:
        return self.http.get("/health/ready")

    def wait_ready(self) -> None:
        eventually(self.ready, lambda answer: answer.status_code == 200)

    def officer(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, path, auth=self.house.person("officer"), **options)

    def register_people(self, numbers: list[str]) -> None:
        body = "\n".join(["gmc,name,programme", *(f"{gmc},Dr {gmc},{CARDIAC}" for gmc in numbers)]) + "\n"
        headers = {"Content-Type": "text/csv"}
        assert self.officer("POST", "/v1/imports?kind=register", content=body, headers=headers).status_code == 200

    def alias(self, number: str) -> str:
        """How the ledger knows a number."""
        return SubjectKeys(read_secret(self.house.folder, "consent-subjects")).alias(number)

    def withdraw(self, gmc: str, timeout: float = 30) -> httpx.Response:
        body = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
        headers = {"Idempotency-Key": f"of-{gmc}"}
        return self.officer("POST", f"/v1/consultants/{gmc}/withdrawal", json=body, headers=headers, timeout=timeout)

    def register_gateway(self, name: str = "elm") -> None:
        answer = self.http.put(f"/v1/gateways/{name}", auth=self.house.service("gateway"))
        assert answer.status_code == 200, answer.text
        self.incarnation = answer.json()["incarnation"]

    def head(self, name: str = "elm") -> httpx.Response:
        """As a gateway asks."""
        params = {"gateway": name, "incarnation": self.incarnation}
        return self.http.get("/v1/head", auth=self.house.service("gateway"), params=params)
