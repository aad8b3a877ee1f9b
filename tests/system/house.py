"""The whole house, run as a stranger would run it: `candour up` in its own data directory, and `candour` commands."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests import ports
from tests.system.quick_release import through

ROOT = Path(__file__).parents[2]
CANDOUR = [sys.executable, "-m", "cli"]
READY_SECONDS = 120.0


def free_base(gateways: int) -> int:
    """A base such that every port `candour up` would take is free now."""
    return ports.free_base([*range(4), *(10 * n for n in range(1, gateways))], 21000, 29000, 100)


class House:
    """One installation under test."""

    def __init__(self, folder: Path, gateways: int = 1) -> None:
        self.data = folder / "data"
        self.accounts_file = folder / "accounts.json"
        self.gateways = gateways
        self.base = free_base(gateways)
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []
        self.demo_release = ""

    def up(self, *options: str) -> None:
        """Start, and wait for the line `ready`."""
        command = [*CANDOUR, "up", "--data", str(self.data), "--port", str(self.base), "--gateways", str(self.gateways)]
        command += ["--accounts", str(self.accounts_file), *options]
        self.log = (self.data.parent / "up.err").open("a")
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line.rstrip())
            if line.strip() == "ready":
                return
        raise AssertionError(f"candour up ended with {self.process.wait()}: {self.errors()[-3000:]}")

    def errors(self) -> str:
        return (self.data.parent / "up.err").read_text()

    def down(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.log.close()
        return code

    @property
    def accounts(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.accounts_file.read_text())
        return found

    @property
    def urls(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data / "running.json").read_text())["urls"]
        return found

    @property
    def gateway_names(self) -> list[str]:
        return [name for name in self.urls if name.startswith("gateway")]

    def pid(self, name: str) -> int:
        return int(json.loads((self.data / "running.json").read_text())["pids"][name])

    def url(self, name: str = "gateway") -> str:
        return self.urls[name]

    def signal(self, name: str, number: int) -> None:
        os.kill(self.pid(name), number)

    def kill(self, name: str) -> None:
        """`kill -9`, and wait until the supervisor has put another in its place."""
        old = self.pid(name)
        os.kill(old, signal.SIGKILL)
        until = time.monotonic() + 30
        while self.pid(name) == old:
            assert time.monotonic() < until, f"{name} was not started again"
            time.sleep(0.02)

    def wait_ready(self, *names: str) -> None:
        until = time.monotonic() + READY_SECONDS
        for name in names:
            while not self._ready(name):
                assert time.monotonic() < until, f"{name} is not ready"
                time.sleep(0.05)

    def _ready(self, name: str) -> bool:
        return self._answers(f"{self.url(name)}/health/ready")

    def _answers(self, url: str) -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, "CANDOUR_DATA": str(self.data), "CANDOUR_ACCOUNTS": str(self.accounts_file)}

    def run(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """One `candour` command; `code` is the exit code that is expected (None: whatever it is)."""
        done = subprocess.run(
            [*CANDOUR, *arguments], cwd=ROOT, env=self.environment(), capture_output=True, text=True, check=False,
            timeout=600,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    candour = run  # the word that every kind of house has for it

    def publish(self, date: str, *indicators: str) -> str:
        """Build, and take it through its life to the public; returns the release's name."""
        chosen = [part for indicator in indicators for part in ("--indicator", indicator)]
        name = self.run("release", "build", "--date", date, *chosen).stdout.split()[0]
        through(self.urls, self.accounts, name)
        self.wait_published(name)
        return name

    def wait_published(self, name: str) -> None:
        """Until every gateway shows the release."""
        for gateway in self.gateway_names:
            until = time.monotonic() + 30
            while not self._answers(f"{self.url(gateway)}/v1/releases/{name}"):
                assert time.monotonic() < until, f"{gateway} does not show {name}"
                time.sleep(0.05)

    def officer(self) -> httpx.Client:
        """A client of consent as the consent officer."""
        return httpx.Client(
            base_url=self.url("consent"), auth=("officer", self.accounts["officer"]), timeout=30, trust_env=False
        )

    def reader(self, gateway: str = "gateway") -> httpx.Client:
        return httpx.Client(base_url=self.url(gateway), timeout=30, trust_env=False)

    def signal_supervisor(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)
