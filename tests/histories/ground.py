"""The processes of a campaign: consent, somebody who bakes views, three gateways, and a link from each to consent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from cli.up.layout import COMMON, PAIRS, PRIVATE
from shared.kit.secretfiles import make_secret
from tests.histories.clock import Clock, build_clock
from tests.histories.town import Town
from tests.people import make_quick_people
from tests.ports import free_ports
from tests.system.house import ROOT

GATEWAYS: Final = ("gateway-1", "gateway-2", "gateway-3")
START_SECONDS: Final = 90.0


@dataclass
class Process:
    """Something that runs `command`, and can be ended and started again."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    port: int
    log: Path
    running: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", *self.command], cwd=ROOT, env=self.environment, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def send(self, number: int) -> None:
        assert self.running is not None
        self.running.send_signal(number)

    def ended(self, seconds: float = 20.0) -> int:
        assert self.running is not None
        return self.running.wait(seconds)

    def alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def close(self) -> None:
        if self.alive():
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            self.ended()


@dataclass
class Ground:
    """A campaign's processes in `folder`. Its parts are started by `up`; `close` leaves nothing behind."""

    folder: Path
    town: Town
    mistake: str = ""  # of every gateway; see tests.histories.mutants
    clocks: dict[str, Clock] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    links: "asyncio.subprocess.Process | None" = None
    ordering: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.secrets = self.folder / "secrets"
        for name in (*PAIRS, *PRIVATE):
            make_secret(self.secrets, name)
        self.passwords = make_quick_people(self.secrets / "people.json")
        library = build_clock(self.folder)
        self.clocks = {name: Clock(self.folder, name, library) for name in ("consent", *GATEWAYS)} if library else {}
        consent, baker, *ports = free_ports(2 + 2 * len(GATEWAYS))
        self.link_ports = ports[len(GATEWAYS) :]
        self._add("consent", ["services.consent", "migrate", "serve"], consent, self._of_consent(consent))
        self._add("baker", ["tests.histories.baker", str(baker), f"http://127.0.0.1:{consent}", str(self.secrets),
                            str(len(self.town.people))], baker, {})  # fmt: skip
        for number, (name, port) in enumerate(zip(GATEWAYS, ports, strict=False)):
            self._add(name, ["tests.histories.door", "serve"], port, self._of_gateway(name, number, port))

    def _add(self, name: str, command: list[str], port: int, values: Mapping[str, str]) -> None:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CANDOUR_")}
        clock = self.clocks[name].environment if name in self.clocks else {}
        log = self.folder / f"{name}.log"
        self.processes[name] = Process(name, command, kept | COMMON | dict(values) | clock, port, log)

    def _of_consent(self, port: int) -> dict[str, str]:
        values = {"DATA_DIR": self.folder / "consent", "PEOPLE_FILE": self.secrets / "people.json", "PORT": port,
                  "SECRETS_DIR": self.secrets, "BALLAST_BYTES": 0, "DEMONSTRATION": "true"}  # fmt: skip
        return {f"CANDOUR_CONSENT_{name}": str(value) for name, value in values.items()}

    def _of_gateway(self, name: str, number: int, port: int) -> dict[str, str]:
        values = {"DATA_DIR": self.folder / name, "SECRETS_DIR": self.secrets, "PORT": port, "NAME": name,
                  "RATINGS_URL": self.processes["baker"].url, "BALLAST_BYTES": 0, "POLL_SECONDS": 0.2,
                  "CONSENT_URL": f"http://127.0.0.1:{self.link_ports[number]}"}  # fmt: skip
        test = {"CANDOUR_TEST_SENT": str(self.folder / f"{name}.sent"),
                "CANDOUR_TEST_PEOPLE": str(len(self.town.people)), "CANDOUR_TEST_MISTAKE": self.mistake}  # fmt: skip
        return {f"CANDOUR_GATEWAY_{key}": str(value) for key, value in values.items()} | test

    async def up(self) -> None:
        """Start everything, register everybody with their consent, and wait until every gateway shows them."""
        self.links = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.histories.links", str(self.processes["consent"].port),
            *(str(port) for port in self.link_ports), cwd=ROOT, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self.links.stdout is not None
        assert await self.links.stdout.readline() == b"ready\n"
        self.processes["consent"].start()
        await self.ready("consent")
        await asyncio.to_thread(self._import)
        for name in ("baker", *GATEWAYS):
            self.processes[name].start()
        for name in GATEWAYS:
            await self.ready(name, f"/v1/releases/2026-03-31/consultants/{self.town.people[0]}")

    def _import(self) -> None:
        with self.officer() as officer:
            for kind, lines in (("register", self.town.register()), ("returns", self.town.returns())):
                answer = officer.post("/v1/imports", params={"kind": kind}, content=lines.encode(),
                                      headers={"Content-Type": "text/csv"})  # fmt: skip
                assert answer.status_code == 200, answer.text
                assert answer.json()["applied"] == len(self.town.people), answer.text

    def officer(self) -> httpx.Client:
        auth = ("officer", self.passwords["officer"])
        return httpx.Client(base_url=self.processes["consent"].url, auth=auth, timeout=30, trust_env=False)

    async def ready(self, name: str, path: str = "/health/ready") -> None:
        """Until the process answers `path` with 200."""
        process, until = self.processes[name], time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(base_url=process.url, timeout=2, trust_env=False) as client:
            while True:
                try:
                    if (await client.get(path)).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                assert process.alive(), f"{name} ended:\n{process.log.read_text()[-3000:]}"
                assert time.monotonic() < until, f"{name} is not ready:\n{process.log.read_text()[-3000:]}"
                await asyncio.sleep(0.02)

    async def link(self, gateway: str, mode: str, seconds: float = 0.0) -> None:
        """Set the fault of a gateway's link to consent; it is in force when this returns."""
        assert self.links is not None
        assert self.links.stdin is not None
        assert self.links.stdout is not None
        order = f"{GATEWAYS.index(gateway)} {mode} {seconds}\n".encode()
        async with self.ordering:
            self.links.stdin.write(order)
            await self.links.stdin.drain()
            assert await self.links.stdout.readline() == order

    async def close(self) -> None:
        for process in self.processes.values():
            process.close()
        if self.links is not None and self.links.returncode is None:
            self.links.kill()
            await self.links.wait()
