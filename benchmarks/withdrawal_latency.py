"""How long a withdrawal takes until it is recorded, and until it is effective: every gateway process has said that
nothing older is going out. `candour up` with three gateways, while the public reads a little; then with one gateway
frozen, which the supervisor must end before anybody may call the withdrawal effective.

Both are told as the officer sees them: from the moment the request goes out to the answer that says so.
"""

import itertools
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.table import Table

from benchmarks.load.job import percentile
from benchmarks.outcome import Outcome
from cli import demo
from cli.demonstration.sizes import SMALL_SPECIALTIES, Sizes
from tests.system.history import Person, people_of
from tests.system.house import House

LIMITS: Final = {
    "recorded, p99 / 50 ms": "at most 1",
    "effective, p99 / 300 ms": "at most 1",
    "effective with a gateway frozen, most / 12 s": "at most 1",
}
READS_A_SECOND: Final = 40
PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Plan:
    sizes: Sizes
    withdrawals: int = 300
    freezes: int = 3
    gateways: int = 3


FULL: Final = Plan(Sizes(hospitals=60, consultants=800, episodes=90_000, specialties=SMALL_SPECIALTIES))


@dataclass(frozen=True)
class Taken:
    """Milliseconds of one withdrawal."""

    recorded: float
    effective: float


def run(plan: Plan = FULL) -> Outcome:
    """Ratios: each over its limit."""
    with tempfile.TemporaryDirectory() as name:
        house = House(Path(name), plan.gateways)
        house.up()
        try:
            house.demo_release = demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=plan.sizes)
            house.wait_published(house.demo_release)
            with house.reader() as reader:
                people = people_of(reader, house.demo_release)[: plan.withdrawals + plan.freezes]
            assert len(people) == plan.withdrawals + plan.freezes, f"only {len(people)} people are shown"
            return measure(house, people, plan)
        finally:
            house.down()


def measure(house: House, people: Sequence[Person], plan: Plan) -> Outcome:
    """`people` who are shown, as many as `plan` withdraws."""
    with house.officer() as officer, Readers(house, people) as readers:
        officer.get("/v1/consultants", params={"limit": 1}).raise_for_status()  # the password is checked slowly, once
        calm = [withdraw(officer, person) for person in people[: plan.withdrawals]]
        frozen = []
        for number, person in enumerate(people[plan.withdrawals :]):
            with one_frozen(house, house.gateway_names[number % len(house.gateway_names)]):
                frozen.append(withdraw(officer, person))
            house.wait_ready(*house.gateway_names)
        assert readers.answered > 0, "nobody read"
    return outcome(calm, frozen)


def withdraw(officer: httpx.Client, person: Person) -> Taken:
    """Until it is effective. Raises AssertionError where it does not become so."""
    began = time.perf_counter()
    body = {"programme": person.programme, "purpose": "own_figures", "channel": "benchmark"}
    answer = officer.post(
        f"/v1/consultants/{person.gmc}/withdrawal", json=body, headers={"Idempotency-Key": f"benchmark-{person.gmc}"}
    )
    recorded = time.perf_counter() - began
    assert answer.status_code == 202, answer.text
    told = answer.json()
    while told["effective"]["status"] != "effective":
        assert time.perf_counter() - began < PATIENCE_SECONDS, "it does not become effective"
        told = officer.get(f"/v1/decisions/{told['decision']}", params={"wait": 10}).raise_for_status().json()
    return Taken(recorded * 1000, (time.perf_counter() - began) * 1000)


@contextmanager
def one_frozen(house: House, name: str) -> Iterator[None]:
    """A gateway that hangs; the supervisor has put another in its place when the block ends."""
    pid = house.pid(name)
    os.kill(pid, signal.SIGSTOP)
    yield
    until = time.monotonic() + PATIENCE_SECONDS
    while house.pid(name) == pid:
        assert time.monotonic() < until, f"{name} was not replaced"
        time.sleep(0.05)


class Readers:
    """One thread for each gateway, which together read so often."""

    def __init__(self, house: House, people: Sequence[Person]) -> None:
        self.paths = [f"/v1/releases/{house.demo_release}/consultants/{person.gmc}" for person in people]
        self.ended, self.answered = threading.Event(), 0
        urls = [house.url(name) for name in house.gateway_names]
        self.pause = len(urls) / READS_A_SECOND
        self.threads = [threading.Thread(target=self._read_on, args=(url,), daemon=True) for url in urls]

    def __enter__(self) -> "Readers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(10)

    def _read_on(self, url: str) -> None:
        with httpx.Client(base_url=url, timeout=5, trust_env=False) as client:
            for path in itertools.cycle(self.paths):
                if self.ended.wait(self.pause):
                    return
                try:
                    client.get(path)
                except httpx.TransportError:  # it is frozen, or has been ended
                    continue
                self.answered += 1


def outcome(calm: list[Taken], frozen: list[Taken]) -> Outcome:
    recorded, effective = [one.recorded for one in calm], [one.effective for one in calm]
    figures: dict[str, Any] = {
        "cores": os.cpu_count(), "withdrawals": len(calm), "freezes": len(frozen), "required": LIMITS,
        "recorded_ms": spread(recorded), "effective_ms": spread(effective),
        "recorded_with_a_gateway_frozen_ms": spread([one.recorded for one in frozen]),
        "effective_with_a_gateway_frozen_ms": spread([one.effective for one in frozen]),
    }  # fmt: skip
    hung = figures["effective_with_a_gateway_frozen_ms"]["most"]
    reached = (percentile(recorded, 0.99) / 50, percentile(effective, 0.99) / 300, hung / 12_000)
    return Outcome("withdrawal_latency", dict(zip(LIMITS, reached, strict=True)), figures, [_table(figures, reached)])


def spread(values: list[float]) -> dict[str, float]:
    """Zeros where nothing was measured."""
    values = values or [0.0]
    return {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "most": max(values)}


def _table(figures: dict[str, Any], reached: Sequence[float]) -> Table:
    title = (
        f"{figures['withdrawals']} withdrawals, {figures['freezes']} more with a gateway frozen, on "
        f"{figures['cores']} cores"
    )
    table = Table("milliseconds", "p50", "p99", "most", title=title)
    for name, told in figures.items():
        if name.endswith("_ms"):
            table.add_row(name.removesuffix("_ms").replace("_", " "), *(f"{told[one]:,.1f}" for one in told))
    table.caption = "; ".join(f"{name} {one:.2f}" for name, one in zip(LIMITS, reached, strict=True))
    return table
