"""Both shapes, process by process: how long from its start until it lives and until it is ready, and how much memory it
takes idle and at most while the whole demonstration (510,000 episodes) is loaded and published.

Times are of a process that starts alone, after `kill -9`, its migrations looked at first. Memory is that of a process
and its children together: PSS shares what several map out among them, RSS counts it for each.
"""

import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.table import Table

from benchmarks.outcome import Outcome
from cli import demo
from tests.system.grounds import Ground, composed, embedded

SAMPLE_SECONDS: Final = 0.25
LOOK_SECONDS: Final = 0.01
IDLE_SECONDS: Final = 3.0
PATIENCE_SECONDS: Final = 120.0
MEBI: Final = 1 << 10  # the kernel tells KiB


@dataclass(frozen=True)
class Memory:
    """MiB of a process and its children."""

    pss: float
    rss: float


@dataclass(frozen=True)
class Measured:
    """One process: seconds from its start, MiB."""

    process: str
    live: float
    ready: float
    idle: Memory
    peak: Memory


def run() -> Outcome:
    """Ratios: the composed shape over the embedded one."""
    found: dict[str, Any] = {}
    for shape, ground in (("embedded", embedded), ("composed", composed)):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)  # other users look into it: PostgreSQL and the services run as them
            found[shape] = _measure(ground(Path(folder)))
    ratios = {
        f"composed / embedded: {what}": found["composed"][what] / found["embedded"][what]
        for what in ("from_nothing_to_ready", "demonstration_loaded")
    }
    return Outcome("production", ratios, found, [_table(shape, of) for shape, of in found.items()])


def _measure(house: AbstractContextManager[Ground]) -> dict[str, Any]:
    began = time.monotonic()
    with house as ground:
        whole = time.monotonic() - began
        time.sleep(IDLE_SECONDS)
        idle = {name: memory_of(ground.house.pid(name)) for name in ground.victims}
        began = time.monotonic()
        with Sampler(ground) as sampler:
            demo.load_into(ground.urls(), ground.house.accounts, lambda _text: None)
        load = time.monotonic() - began
        times = {name: start_of(ground, name) for name in ground.victims}
    rows = [asdict(Measured(name, *times[name], idle[name], sampler.peaks[name])) for name in ground.victims]
    return {"from_nothing_to_ready": whole, "demonstration_loaded": load, "processes": rows}


# Memory


def family_of(pid: int) -> list[int]:
    """The process and all that it started, and those started."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def memory_of(pid: int) -> Memory:
    pss = rss = 0
    for one in family_of(pid):
        with suppress(OSError):  # it has ended since
            told = dict(_kibibytes(Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()))
            pss, rss = pss + told["Pss"], rss + told["Rss"]
    return Memory(pss / MEBI, rss / MEBI)


def _kibibytes(lines: Iterable[str]) -> Iterable[tuple[str, int]]:
    for line in lines:
        name, _, rest = line.partition(":")
        if rest.endswith("kB"):
            yield name, int(rest.split()[0])


class Sampler:
    """The largest memory of each process, looked at four times a second."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.peaks = {name: memory_of(ground.house.pid(name)) for name in ground.victims}
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self.stopping.wait(SAMPLE_SECONDS):
            for name, peak in self.peaks.items():
                now = memory_of(self.ground.house.pid(name))
                self.peaks[name] = Memory(max(peak.pss, now.pss), max(peak.rss, now.rss))

    def __enter__(self) -> "Sampler":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.thread.join()


# Time


def start_of(ground: Ground, name: str) -> tuple[float, float]:
    """Seconds from the start of a process, which is killed for it, until it lives and until it is ready."""
    former = ground.house.pid(name)
    ground.house.kill(name)
    until = time.monotonic() + PATIENCE_SECONDS
    live = 0.0
    while True:
        assert time.monotonic() < until, f"{name} does not come back"
        if not live and _lives(ground, name):
            live = _since_boot()
        if live and ground.ready(name):
            break
        time.sleep(LOOK_SECONDS)
    ready, pid = _since_boot(), ground.house.pid(name)
    assert pid != former
    began = _started(pid)
    return live - began, ready - began


def _lives(ground: Ground, name: str) -> bool:
    if name in ("postgres", "proxy"):
        return ground.ready(name)
    try:
        return httpx.get(f"{ground.house.url(name)}/health/live", timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _started(pid: int) -> float:
    """When the kernel made the process, in seconds since boot, to a hundredth."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[19]) / 100


def _table(shape: str, found: dict[str, Any]) -> Table:
    whole, load = found["from_nothing_to_ready"], found["demonstration_loaded"]
    title = f"{shape} house: {whole:.1f} s from nothing to ready; 510,000 episodes published after {load:.1f} s"
    table = Table("process", "live, s", "ready, s", "idle PSS (RSS), MiB", "peak PSS (RSS), MiB", title=title)
    for one in found["processes"]:
        idle, peak = one["idle"], one["peak"]
        table.add_row(
            one["process"], f"{one['live']:.2f}", f"{one['ready']:.2f}", f"{idle['pss']:.0f} ({idle['rss']:.0f})",
            f"{peak['pss']:.0f} ({peak['rss']:.0f})",
        )  # fmt: skip
    return table
