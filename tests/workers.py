"""Worker processes of one service under test: several on one PostgreSQL and one data directory, or one embedded."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from tests.ports import free_port

ROOT: Final = Path(__file__).parents[1]
READY_SECONDS: Final = 90.0


class Worker:
    """`python -m services.<service> serve`, started and killed as often as a test likes, always at the same address."""

    def __init__(self, service: str, environment: Mapping[str, object], log: Path, name: str = "") -> None:
        self.service, self.name, self.log = service, name or service, log
        self.port = free_port()
        prefix = f"CANDOUR_{service.upper()}_"
        named = {**environment, "PORT": self.port, "WORKER": name}
        self.environment = os.environ | {f"{prefix}{key}": str(value) for key, value in named.items()}
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Worker":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"services.{self.service}", "serve"], cwd=ROOT, env=self.environment,
                stdout=log, stderr=log,
            )  # fmt: skip
        return self

    def wait_ready(self) -> "Worker":
        until = time.monotonic() + READY_SECONDS
        while not self.ready():
            assert self.process is not None
            assert self.process.poll() is None, f"{self.name} ended:\n{self.log.read_text()[-3000:]}"
            assert time.monotonic() < until, f"{self.name} is not ready:\n{self.log.read_text()[-3000:]}"
            time.sleep(0.05)
        return self

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """The exit code; of one that has ended already, too."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(60)
