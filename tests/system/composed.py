"""The production shape on this machine: docker-compose.yml read, checked, and every service's own command started with
its own environment as a local process, in the order and after the health checks that the file names.

    with Composed(tmp_path, scale={"ingest": 2}) as house:      # everything healthy: docker compose up --wait
        house.url("proxy"), house.url("gateway-1"), house.url("ingest.2")
        house.kill("ratings")                   # kill -9; like compose, the house starts again what dies
        house.kill("postgres")                  # pg_ctl stop -m immediate, and started again
        house.stop("consent"); house.start("consent"); house.restart("gateway-2")
        house.exec("consent", "python", "-m", "services.consent", "verify-ledger")   # docker compose exec
        house.run("databases")                  # docker compose run --rm; without a command, the file's own
        house.candour("release", "list")        # the command line, against the published addresses
        house.postgres.execute("SELECT 1")      # tests/postgres.py
        house.shared / "backup"                 # a folder that every container sees at this very path, and may write to

PostgreSQL is the wheel's (tests/postgres.py) with the flags of the file; nginx is Debian's with the real template. What
the images' own entry points do is done here: initdb, and envsubst of the template. Where root allows it, services run
in a root of their own (tests/system/contain.py: user 10001, read-only, at the file's paths); host names and ports are
rewritten. Elsewhere they run as whoever runs the test, and paths of volumes, secrets and tmpfs are rewritten too.
`house.rewriter.changed` lists every change, and tests/system/test_composed.py holds it to that.

`variables` are those of deploy/example.env; here CANDOUR_DEMONSTRATION is true unless they say otherwise.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.ports import HERE
from tests.postgres import Postgres
from tests.system.composed_file import read
from tests.system.composed_parts import PATH, POSTGRES, Site, flags_of
from tests.system.composed_process import ROOT, Container
from tests.system.quick_release import through

FILE: Final = ROOT / "docker-compose.yml"
HEALTHY_SECONDS: Final = 120.0
MOST_DEATHS: Final = 5  # in a row, each at once: it will not come up


class Composed:
    """One installation by docker-compose.yml under `folder`."""

    def __init__(
        self, folder: Path, scale: Mapping[str, int] | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        self.secrets, self.accounts_file = folder / "secrets", folder / "accounts.json"
        given = {
            "CANDOUR_SECRETS": str(self.secrets),
            "CANDOUR_DEMONSTRATION": "true",
            "CANDOUR_RELEASE_POLICY": "demonstration",
        }
        self.file = read(FILE, {**given, **(variables or {})})
        self.site = Site(self.file, folder, scale or {})
        self.rewriter, self.shared = self.site.rewriter, self.site.shared
        self.postgres = Postgres(flags_of(self.file.services[POSTGRES].command), port=self.site.port(POSTGRES))
        self.processes: dict[str, Container] = {}
        self.stopping = threading.Event()
        self.tending = threading.RLock()
        self.tender = threading.Thread(target=self._tend, name="composed", daemon=True)
        self.demo_release = ""

    # Life

    def __enter__(self) -> "Composed":
        if os.geteuid() == 0 and not self.site.contained:
            pytest.skip("root may not make namespaces here; run these tests as an ordinary user")
        if missing := [name for name in ("nginx", "wget") if shutil.which(name, path=PATH) is None]:
            pytest.skip(f"{' and '.join(missing)} not installed; see tools/install_nginx.sh")
        self.candour("secrets", "make", str(self.secrets), "--accounts", str(self.accounts_file))
        self.postgres.password = (self.secrets / "postgres.password").read_text()
        self.tender.start()
        try:
            for name in self.site.containers:
                self._create(name)
            self.wait_healthy(*self.site.containers)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.tender.join(30)
        for name in reversed(self.processes):
            self.processes[name].ask_to_stop()
        for name in reversed(self.processes):
            self.processes[name].stop()
        self.postgres.remove()

    def _create(self, name: str) -> None:
        """Once what it depends on is as far as the file says."""
        for other, dependency in self.site.containers[name].depends_on.items():
            if dependency.condition == "service_healthy":
                self.wait_healthy(*self.site.replicas(other))
            elif dependency.condition == "service_completed_successfully":
                self._wait_completed(other)
        if name == POSTGRES:
            self.postgres.start()
            return
        self.processes[name] = Container(self.site.plan(name))
        self.processes[name].start()

    def _wait_completed(self, name: str) -> None:
        code = self.processes[name].wait(HEALTHY_SECONDS)
        assert code == 0, f"{name} ended with {code}:\n{self.log(name)[-3000:]}"

    def _tend(self) -> None:
        while not self.stopping.wait(0.02):
            with self.tending:
                for process in list(self.processes.values()):
                    process.tend()

    def start(self, name: str) -> None:
        """`docker compose start`: what was stopped runs again; use wait_healthy to wait for it."""
        with self.tending:
            if name == POSTGRES:
                self.postgres.start()
                return
            self.processes[name].start()

    def stop(self, name: str) -> int:
        """`docker compose stop`; the exit code. It stays down until it is started."""
        with self.tending:
            if name == POSTGRES:
                self.postgres.stop("fast")
                return 0
            return self.processes[name].stop()

    def restart(self, *names: str) -> None:
        """`docker compose restart`, one after the other, and wait until each is healthy."""
        for name in names:
            self.stop(name)
            self.start(name)
            self.wait_healthy(name)

    def kill(self, name: str) -> None:
        """`kill -9` (PostgreSQL: an immediate shutdown), and wait until the restart policy has put another there."""
        with self.tending:
            if name == POSTGRES:
                self.postgres.stop("immediate")
                self.postgres.start()
                return
            old = self.processes[name].pid
            self.processes[name].kill()
        until = time.monotonic() + 30
        while self.processes[name].pid == old:
            assert time.monotonic() < until, f"{name} was not started again"
            time.sleep(0.02)

    def pid(self, name: str) -> int:
        if name == POSTGRES:
            assert self.postgres.process is not None
            return self.postgres.process.pid
        return self.processes[name].pid

    def wait_healthy(self, *names: str, seconds: float = HEALTHY_SECONDS) -> None:
        """By the health checks of the file, once there is somebody to ask: each costs two processes, on the cores that
        the others start on."""
        until = time.monotonic() + seconds
        for name in names:
            while not (self._listens(name) and self.healthy(name)):
                ended = name in self.processes and self.processes[name].deaths > MOST_DEATHS
                if ended or time.monotonic() > until:
                    raise AssertionError(f"{name} is not healthy:\n{self.log(name)[-3000:]}")
                time.sleep(0.1)

    def _listens(self, name: str) -> bool:
        if self.site.containers[name].healthcheck is None:
            return True
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((HERE, self.site.port(name))) == 0

    def healthy(self, name: str) -> bool:
        if self.site.containers[name].healthcheck is None:
            return True
        if name == POSTGRES:
            probe = self.site.plan(POSTGRES)
            return subprocess.run(probe.probe, env=probe.environment, check=False).returncode == 0
        return self.processes[name].healthy()

    # Use

    def url(self, name: str = "proxy") -> str:
        """Where a container listens: its first published or exposed port."""
        return f"http://127.0.0.1:{self.site.port(name)}"

    @property
    def urls(self) -> dict[str, str]:
        """What the command line calls the services; the gateway is whatever the public reads."""
        return {**{name: self.url(name) for name in ("ingest", "ratings", "consent")}, "gateway": self.url("proxy")}

    @property
    def gateway_names(self) -> list[str]:
        return [name for name in self.site.containers if name.startswith("gateway")]

    @property
    def accounts(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.accounts_file.read_text())
        return found

    def log(self, name: str) -> str:
        """Everything a container has said."""
        return self.postgres.log() if name == POSTGRES else self.processes[name].output()

    def exec(
        self, name: str, *command: str, code: int | None = 0, **options: Any
    ) -> "subprocess.CompletedProcess[str]":
        """`docker compose exec`. `code`: the exit code that is expected (None: whatever it is)."""
        assert self.processes[name].running(), f"{name} is not running; use run()"
        return self.run(name, *command, code=code, **options)

    def run(self, name: str, *command: str, code: int | None = 0, **options: Any) -> "subprocess.CompletedProcess[str]":
        """`docker compose run --rm`: beside the service, or instead of it; without a command, the file's own."""
        process = self.processes[name]
        if not process.running():
            process.plan.prepare()
        done = process.execute(list(command) or process.plan.command, **options)
        assert code is None or done.returncode == code, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def candour(self, *arguments: str, code: int | None = 0) -> "subprocess.CompletedProcess[str]":
        """One command of the command line, as its user would run it on the machine that publishes the ports."""
        addresses = {f"CANDOUR_URL_{name.upper()}": url for name, url in self.urls.items()}
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments], cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, **addresses, "CANDOUR_ACCOUNTS": str(self.accounts_file),
                 "CANDOUR_SECRETS": str(self.secrets)}, timeout=900,
        )  # fmt: skip
        assert code is None or done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def publish(self, date: str, *indicators: str) -> str:
        """Build, and take it through its life; returns the release's name once every gateway shows it."""
        chosen = [part for indicator in indicators for part in ("--indicator", indicator)]
        name = self.candour("release", "build", "--date", date, *chosen).stdout.split()[0]
        through(self.urls, self.accounts, name)
        self.wait_published(name)
        return name

    def wait_published(self, release: str, seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        for name in self.gateway_names:
            while not self._answers(f"{self.url(name)}/v1/releases/{release}"):
                assert time.monotonic() < until, f"{name} does not show {release}"
                time.sleep(0.05)

    def reader(self, name: str = "proxy") -> httpx.Client:
        return httpx.Client(base_url=self.url(name), timeout=30, trust_env=False)

    def officer(self) -> httpx.Client:
        """A client of consent as the consent officer."""
        auth = ("officer", self.accounts["officer"])
        return httpx.Client(base_url=self.url("consent"), auth=auth, timeout=30, trust_env=False)

    def _answers(self, url: str) -> bool:
        try:
            return httpx.get(url, timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False
