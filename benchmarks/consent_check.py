"""What the consent check costs: a revocable answer with the check against the same answer without it.

Real processes on real routes, with the same data, in the same run: 32 kept-alive connections ask without a pause, in
short blocks that take turns (there and back again, so that a machine that grows slower or faster does so for all).
Gateway, consent and the generator of requests share the machine's cores.
"""

import os
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from benchmarks.load.job import Found, Generator, Job, percentile
from benchmarks.outcome import Outcome
from cli import demo
from cli.demonstration.sizes import Sizes
from tests.ports import free_port
from tests.system.beside import answers, gateway_beside, process_beside
from tests.system.history import Person, people_of
from tests.system.house import House

OURS, WITHOUT = "ours", "no check"
BESIDE: Final = (WITHOUT, "shared, httpx", "each, lean", "each, httpx")
LIMITS: Final = {"answers a second": "at least 0.6", "p99": "at most 3"}
PEOPLE: Final = 64


@dataclass(frozen=True)
class Plan:
    """How much: rounds of two blocks for each arrangement and route. Other clients are compared on the first route."""

    sizes: Sizes
    rounds: int = 6
    clients_rounds: int = 2
    block_seconds: float = 3.0
    connections: int = 32
    beside: tuple[str, ...] = BESIDE


FULL: Final = Plan(Sizes(hospitals=60, consultants=1300, episodes=150_000))


@dataclass(frozen=True)
class Door:
    """A gateway to be asked, and the consent service behind it."""

    port: int
    gateway: int
    consent: int


@dataclass
class Series:
    """The blocks of one arrangement on one route, and the processor seconds that gateway and consent took for them."""

    blocks: list[Found] = field(default_factory=list)
    gateway: float = 0.0
    consent: float = 0.0

    def add(self, generator: Generator, door: Door, job: Job) -> None:
        gateway, consent = processor_seconds(door.gateway), processor_seconds(door.consent)
        self.blocks.append(generator.run(job))
        self.gateway += processor_seconds(door.gateway) - gateway
        self.consent += processor_seconds(door.consent) - consent

    def figures(self) -> dict[str, Any]:
        """Answers a second, milliseconds, and microseconds of a processor for each answer."""
        everything = sum(block.everything for block in self.blocks)
        times = [one / 1000 for block in self.blocks for one in block.microseconds]
        return {
            "answers": len(times),
            "rate": len(times) / sum(block.seconds for block in self.blocks),
            "p50": percentile(times, 0.5),
            "p99": percentile(times, 0.99),
            "most": max(times),
            "not_200": sum(block.statuses[s] for block in self.blocks for s in block.statuses if s != "200"),
            "bytes": round(sum(block.size for block in self.blocks) / len(times)),
            "generator": max(block.processor for block in self.blocks),
            "gateway_microseconds": self.gateway / everything * 1e6,
            "consent_microseconds": self.consent / everything * 1e6,
        }


def processor_seconds(pid: int) -> float:
    """That the process has taken up to now, of the user's and of the system's time."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def run(plan: Plan = FULL) -> Outcome:
    """Ratios: ours over no check, for each route; the other clients over no check on the first one."""
    with tempfile.TemporaryDirectory() as name:
        house = House(Path(name))
        house.up()
        try:
            house.demo_release = demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=plan.sizes)
            house.wait_published(house.demo_release)
            return measure(house, Path(name), plan)
        finally:
            house.down()


def measure(house: House, folder: Path, plan: Plan) -> Outcome:
    """In a house that shows `house.demo_release`; `folder` is for what stands beside it."""
    with ExitStack() as stack:
        generator = stack.enter_context(Generator())
        ceiling = _ceiling(generator, folder, plan)
        consent = house.pid("consent")
        doors = {OURS: Door(house.base, house.pid("gateway"), consent)}
        for number, variant in enumerate(plan.beside):
            module = ("benchmarks.load.variants", variant)
            there = gateway_beside(house, house.demo_release, folder / f"beside-{number}", module)
            beside = stack.enter_context(there)
            doors[variant] = Door(int(beside.url.rpartition(":")[2]), beside.pid, consent)
        found = _measured(generator, doors, _routes(house), plan)
    return outcome(found, ceiling)


def _ceiling(generator: Generator, folder: Path, plan: Plan) -> float:
    """Answers a second that the generator takes from a server that does nothing."""
    port = free_port()
    module = ("benchmarks.load.trivial", str(port))
    with process_beside(module, folder / "trivial.log", lambda: answers(f"http://127.0.0.1:{port}/")):
        return generator.run(Job(port, ["/"], plan.connections, plan.block_seconds)).rate


def _routes(house: House) -> dict[str, list[str]]:
    with house.reader() as reader:
        people = people_of(reader, house.demo_release)[:PEOPLE]
    return {name: list(paths) for name, paths in routes_of(f"/v1/releases/{house.demo_release}", people).items()}


def routes_of(base: str, people: Sequence[Person]) -> dict[str, list[str]]:
    """Addresses of each kind, all of which depend on somebody's decision."""
    indicators = sorted({one.indicator for one in people})
    return {
        "a consultant": [f"{base}/consultants/{one.gmc}" for one in people],
        "a consultant's results": [f"{base}/results?consultant={one.gmc}" for one in people],
        "a funnel of providers": [f"{base}/indicators/{one}/funnel?level=provider" for one in indicators],
    }


Measured = dict[str, dict[str, Series]]


def _measured(generator: Generator, doors: dict[str, Door], routes: dict[str, list[str]], plan: Plan) -> Measured:
    """By route and arrangement."""
    found: Measured = {}
    first = next(iter(routes))
    for route, paths in routes.items():
        turns = Turns(generator, paths, plan)
        turns.take({name: doors[name] for name in (OURS, WITHOUT)}, plan.rounds)
        if route == first:
            turns.take({name: door for name, door in doors.items() if name not in turns.found}, plan.clients_rounds)
        found[route] = turns.found
    return found


@dataclass
class Turns:
    """Arrangements on one route, there and back again."""

    generator: Generator
    paths: list[str]
    plan: Plan
    found: dict[str, Series] = field(default_factory=dict)

    def take(self, doors: dict[str, Door], rounds: int) -> None:
        for _ in range(rounds):
            for name in (*doors, *reversed(doors)):
                job = Job(doors[name].port, self.paths, self.plan.connections, self.plan.block_seconds)
                self.found.setdefault(name, Series()).add(self.generator, doors[name], job)


def outcome(found: Measured, ceiling: float) -> Outcome:
    figures: dict[str, Any] = {
        "cores": os.cpu_count(), "generator_ceiling": ceiling, "required": LIMITS,
        "routes": {route: {name: one.figures() for name, one in of.items()} for route, of in found.items()},
        "by_pair": {route: pairs(of) for route, of in found.items()},
    }  # fmt: skip
    ratios: dict[str, float] = {}
    for route, of in figures["routes"].items():
        for name, one in of.items():
            if name != WITHOUT:
                ratios[f"{route}: {name}, answers a second"] = one["rate"] / of[WITHOUT]["rate"]
                ratios[f"{route}: {name}, p99"] = one["p99"] / of[WITHOUT]["p99"]
    return Outcome("consent_check", ratios, figures, [_table(figures, ratios)])


def pairs(of: dict[str, Series]) -> dict[str, float]:
    """The ratios of neighbouring blocks, which a passing disturbance spoils one by one."""
    ratios = [one.rate / other.rate for one, other in zip(of[OURS].blocks, of[WITHOUT].blocks, strict=True)]
    return {"least": min(ratios), "median": statistics.median(ratios), "most": max(ratios)}


def _table(figures: dict[str, Any], ratios: dict[str, float]) -> Table:
    title = (
        f"32 connections; gateway, consent and generator share {figures['cores']} cores; the generator takes at most "
        f"{figures['generator_ceiling']:,.0f} answers a second"
    )
    processor = ("gateway µs", "consent µs")
    table = Table(
        "check", "answers/s", "of no check", "p50 ms", "p99 ms", "of no check", *processor, "not 200", title=title
    )
    for route, of in figures["routes"].items():
        table.add_section()
        table.add_row(f"[bold]{route}, {of[OURS]['bytes']:,} bytes")
        for name, one in of.items():
            rate, slow = (f"{ratios[f'{route}: {name}, {what}']:.2f}" if name != WITHOUT else "1" for what in LIMITS)
            numbers = (f"{one['rate']:,.0f}", rate, f"{one['p50']:.1f}", f"{one['p99']:.1f}", slow)
            processor = (f"{one['gateway_microseconds']:.0f}", f"{one['consent_microseconds']:.0f}")
            table.add_row(name, *numbers, *processor, str(one["not_200"]))
    table.caption = (
        f"required of ours: answers a second {LIMITS['answers a second']}, p99 {LIMITS['p99']}, of no check; µs are a "
        "processor's time for one answer"
    )
    return table
