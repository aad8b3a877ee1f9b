"""The main job at its real size: the demonstration's 510,000 episodes from upload to published, by stage, and the peak
memory of each service. Limit it is held against: 90 s from installed to published on two cores."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.outcome import Outcome
from cli import imports, load, release, releasing
from cli.calls import Service
from cli.demo import FEEDS, NOTE, TITLE
from cli.demonstration.files import write
from cli.demonstration.sizes import DEFAULT_SEED, Sizes
from cli.demonstration.world import make_world
from tests.system.house import House

LIMIT_SECONDS = 90.0


class Clock:
    """Seconds by stage, in order."""

    def __init__(self) -> None:
        self.stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.stages[name] = time.perf_counter() - began


def run() -> Outcome:
    """Ratio: seconds of all stages over the limit."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        with clock.stage("make the demonstration's files"):
            files = write(make_world(DEFAULT_SEED, Sizes()), Path(folder) / "demo", lambda _text: None)
        with clock.stage("migrate and start four services"):
            house.up()
        try:
            built = _main_job(house, files, clock)
            memory = {name: _peak_megabytes(house.pid(name)) for name in ("ingest", "ratings", "consent", "gateway")}
        finally:
            house.down()
    figures = {"stages": clock.stages, "build": built["stages"], "peak_megabytes": memory}
    ratios = {"all stages / limit": sum(clock.stages.values()) / LIMIT_SECONDS}
    return Outcome("main_job", ratios, figures, _tables(clock.stages, built, memory))


def _main_job(house: House, files: dict[str, Path], clock: Clock) -> dict[str, Any]:
    def service(name: str, account: str) -> Service:
        return Service(name, account, house.accounts[account], house.url(name))

    ingest, officer = service("ingest", "steward"), service("consent", "officer")
    for feed, name in FEEDS.items():
        with clock.stage(f"upload and fates: {name}"):
            assert load.send(ingest, feed, files[name])["state"] == "checked"
        with clock.stage(f"snapshot: {name}"):
            load.freeze(ingest, feed)
    for kind in ("register", "returns"):
        with clock.stage(f"consent: {kind}"):
            imports.import_file(officer, kind, files[f"{kind}.csv"])
    return _release(house, service, clock)


def _release(house: House, service: Callable[[str, str], Service], clock: Clock) -> dict[str, Any]:
    analyst = service("ratings", "analyst")
    with clock.stage("release: build"):
        built = release.new_draft(analyst, "benchmark", "2026-09-30", None)
    name = built["release"]
    account = partial(service, "ratings")
    with clock.stage("release: submit, check, sign and approve"):
        releasing.take_through(account, name, TITLE, NOTE, until="approval")
    with clock.stage("release: sign and publish (gate, permissions, bake, flip)"):
        releasing.take_through(account, name, TITLE, NOTE)
    with clock.stage("until the gateway shows it"):
        house.wait_published(name)
    return built


def _peak_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the peak memory of a process")


def _tables(stages: dict[str, float], built: dict[str, Any], memory: dict[str, float]) -> list[Table]:
    total = sum(stages.values())
    table = Table("stage", "seconds", title="Main job: 510,000 episodes from upload to published")
    for name, seconds in stages.items():
        table.add_row(name, f"{seconds:.2f}")
    for stage in built["stages"]:
        table.add_row(f"  of the build: {stage['name']}", f"{stage['seconds']:.2f}")
    table.add_row("all", f"{total:.2f} ({total / LIMIT_SECONDS:.2f} of the {LIMIT_SECONDS:.0f} s limit)")
    peaks = Table("service", "peak MB")
    for name, megabytes in memory.items():
        peaks.add_row(name, f"{megabytes:.0f}")
    return [table, peaks]
