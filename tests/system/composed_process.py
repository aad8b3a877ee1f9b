"""One container of the composed house as a process of this machine: contained where root allows it, else plain."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.system.composed_file import Service

ROOT: Final = Path(__file__).parents[2]
CONTAIN: Final = Path(__file__).with_name("contain.py")
LAUNCHER: Final = [sys.executable, "-I", "-S", str(CONTAIN)]
STOP_SIGNALS: Final = {"proxy": signal.SIGQUIT}  # as the image of nginx says
SEEN: Final = sorted({str(ROOT), sys.base_prefix, sys.prefix} - {"/usr"})


@dataclass
class Plan:
    """What to run: the compose file's own command and environment, rewritten where a machine without containers needs
    it. `mounts`: (path here, path in the container, read-only). `prepare` does what Docker and the image's entry point
    do at each start."""

    name: str
    service: Service
    command: list[str]
    environment: dict[str, str]
    probe: list[str]
    mounts: list[tuple[Path, str, bool]]
    folder: Path
    contained: bool
    prepare: Callable[[], None]

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def launched(self, command: list[str]) -> list[str]:
        """The whole command line, the container around `command` included."""
        if not self.contained:
            return command
        mounts = [(path, path, True) for path in SEEN] + [(str(here), inside, ro) for here, inside, ro in self.mounts]
        user = int(self.service.user.partition(":")[0])
        specification = {
            "hostname": self.name, "user": user, "folder": str(self.folder / "root"),
            "mounts": sorted(mounts, key=lambda mount: mount[1]),
        }  # fmt: skip
        return [*LAUNCHER, json.dumps(specification), *command]


@cache
def can_contain() -> bool:
    """Whether this machine lets us make a root and a user of our own; else the services run as we do, on our paths."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    tried = subprocess.run(["unshare", "--mount", "--uts", "true"], capture_output=True, check=False)
    return tried.returncode == 0


class Container:
    """A process that is started, killed and restarted like a container. All are started by one lasting thread: a child
    is told of the death of the *thread* that made it."""

    spawner = ThreadPoolExecutor(1, thread_name_prefix="spawner")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.process: subprocess.Popen[bytes] | None = None
        self.wanted = False
        self.started = self.due = 0.0
        self.deaths = 0

    def start(self) -> None:
        """Wanted from when it is there: before, whoever tends it would take it for one that has ended."""
        self.plan.prepare()
        self.process = self.spawner.submit(self._spawn).result()
        self.started, self.due = time.monotonic(), 0.0
        self.wanted = True

    def tend(self) -> None:
        """The restart policy: start again what has ended, after a tenth of a second, and ever more slowly what ends
        within ten seconds of its start."""
        if not self.wanted or self.running() or self.plan.service.restart == "no":
            return
        now = time.monotonic()
        if not self.due:
            self.deaths = 0 if now - self.started > 10 else self.deaths + 1
            self.due = now + min(60.0, 0.1 * 2 ** max(0, self.deaths - 1))
        elif now >= self.due:
            self.start()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        with self.plan.log.open("ab") as log:
            return subprocess.Popen(
                self.plan.launched(self.plan.command), env=self.plan.environment, cwd=self.plan.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.plan.name} was never started"
        return self.process.pid

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def healthy(self) -> bool:
        """One run of the health check that the file names."""
        return self.running() and self.execute(self.plan.probe, timeout=30).returncode == 0

    def execute(self, command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        """`command` beside the process: same environment, same paths."""
        return subprocess.run(
            self.plan.launched(command), env=self.plan.environment, cwd=self.plan.folder, capture_output=True,
            text=True, check=False, **options,
        )  # fmt: skip

    def kill(self) -> None:
        """`kill -9` of the container's first process: with it goes everything in the container."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def wait(self, seconds: float) -> int:
        """Until it has ended by itself; the exit code."""
        assert self.process is not None
        return self.process.wait(seconds)

    def ask_to_stop(self) -> None:
        self.wanted = False
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(STOP_SIGNALS.get(self.plan.name, signal.SIGTERM))

    def stop(self) -> int:
        """As `docker compose stop`: its signal, its patience, then force. The exit code."""
        self.ask_to_stop()
        if self.process is None:
            return 0
        try:
            return self.process.wait(self.plan.service.stop_grace_period)
        except subprocess.TimeoutExpired:
            self.kill()
            return int(self.process.returncode)

    def output(self) -> str:
        return self.plan.log.read_text(errors="replace") if self.plan.log.exists() else ""
