"""Child processes: started in their own session, gone when their parent is gone, restarted when they die."""

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import httpx

from cli.up.layout import Layout
from cli.up.supervising import Supervisor

STOP_SECONDS: Final = 15.0
KILL_SECONDS: Final = 5.0
READY_SECONDS: Final = 90.0


class Child:
    """One service process."""

    def __init__(self, layout: Layout, name: str) -> None:
        self.layout, self.name = layout, name
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.quick_deaths = 0

    def start(self) -> None:
        with (self.layout.logs / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.layout.command(self.name),
                env=self.layout.environment(self.name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def dead(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def revive(self, say: Callable[[str], None]) -> None:
        """Start again what has died; ever more slowly what dies at once, so that a broken disk is not hammered."""
        assert self.process is not None
        self.quick_deaths = self.quick_deaths + 1 if time.monotonic() - self.started < 5 else 0
        say(f"{self.name} ended with code {self.process.returncode}; starting it again")
        time.sleep(min(5.0, 0.25 * 2**self.quick_deaths - 0.25))
        self.start()

    def ready(self) -> bool:
        try:
            answer = httpx.get(f"{self.layout.url(self.name)}/health/ready", timeout=2.0, trust_env=False)
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """Also one that is frozen, and answers to nothing else."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            with suppress(subprocess.TimeoutExpired):  # it waits for its disk, and ends when that answers
                self.process.wait(KILL_SECONDS)

    def ended(self, until: float) -> None:
        """Wait for the end, and force it after `until`."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Family:
    """All child processes of one installation."""

    def __init__(self, layout: Layout, say: Callable[[str], None], supervisor: Supervisor) -> None:
        self.layout, self.say, self.supervisor = layout, say, supervisor
        self.children = {name: Child(layout, name) for name in layout.ports()}

    def start(self) -> None:
        """Start all at once, each bringing its own store to the newest form first. Raises RuntimeError."""
        self.supervisor.start()
        for child in self.children.values():
            child.start()
        self.wait_until_ready(tuple(self.children))

    def wait_until_ready(self, names: tuple[str, ...]) -> None:
        until = time.monotonic() + READY_SECONDS
        waiting = list(names)
        while waiting:
            waiting = [name for name in waiting if not self.children[name].ready()]
            for name in waiting:
                if self.children[name].dead() or time.monotonic() > until:
                    log = self.layout.logs / f"{name}.log"
                    raise RuntimeError(f"{name} did not become ready. The end of {log}:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)

    def tend(self) -> bool:
        """One round: end the gateways that have been silent for too long, start again whatever has died. Whether there
        was any."""
        for name in self.supervisor.take_silent():
            if name in self.children:
                self.say(f"{name} has not confirmed consent's latest revision for long; ending it")
                self.children[name].kill()
        dead = [child for child in self.children.values() if child.dead()]
        for child in dead:
            self.supervisor.note_end(child.name)
            child.revive(self.say)
        return bool(dead)

    def stop(self) -> None:
        self.supervisor.stop()
        until = time.monotonic() + STOP_SECONDS
        for child in self.children.values():
            child.stop()
        for child in self.children.values():
            child.ended(until)
