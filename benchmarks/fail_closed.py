"""Consent away, over and over: killed, stopped, and silent though connected. How long a reader waits for a refusal of
what depends on somebody, what happens to everything else, and how soon all is as before."""

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from benchmarks.load.job import percentile
from benchmarks.outcome import Outcome
from cli import demo
from cli.demonstration.sizes import SMALL_SPECIALTIES, Sizes
from tests.system.beside import gateway_beside
from tests.system.history import people_of
from tests.system.house import House
from tests.system.outages import BACK_WITHIN, KINDS, REFUSED_WITHIN, Answer, Outage, Public, outage
from tests.system.slow_link import SlowLink
from tests.system.small_file import INDICATOR, small_file

LIMITS: Final = {
    "slowest refusal / 1.2 s": "at most 1",
    "slowest recovery / 2 s": "at most 1",
    "other answers than promised": "0",
}
DATE: Final = "2026-10-31"


@dataclass(frozen=True)
class Plan:
    sizes: Sizes
    cycles: int = 12
    seconds: float = 3.0


FULL: Final = Plan(Sizes(hospitals=20, consultants=300, episodes=45_000, specialties=SMALL_SPECIALTIES))


def run(plan: Plan = FULL) -> Outcome:
    """Ratios: the slowest over their limits, and how many answers were other ones."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        house = House(folder)
        house.up()
        try:
            release = _release(house, folder, plan)
            with (
                SlowLink(house.base + 3) as link,
                gateway_beside(house, release, folder / "beside", consent_url=link.url) as beside,
                Public(beside.url, *_addresses(house, release)) as public,
            ):
                found = []
                for number in range(plan.cycles):
                    with outage(house, link, public, KINDS[number % len(KINDS)], plan.seconds) as one:
                        pass
                    found.append(one)
        finally:
            house.down()
    return outcome(found)


def _release(house: House, folder: Path, plan: Plan) -> str:
    """One with figures that depend on people, and others that depend on nobody."""
    demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=plan.sizes)
    file = folder / "hospitals.csv"
    file.write_bytes(small_file(range(1000, 1004), state=True))
    house.run("load", "ny-cardiac", str(file))
    return house.publish(DATE)


def _addresses(house: House, release: str) -> tuple[list[str], list[str]]:
    """What depends on somebody, and what does not."""
    base = f"/v1/releases/{release}"
    with house.reader() as reader:
        people = people_of(reader, release)[:20]
    depending = [f"{base}/consultants/{person.gmc}" for person in people]
    depending += [f"{base}/results?consultant={people[0].gmc}", f"/consultants/{people[0].gmc}", f"{base}/results.csv"]
    fixed = [f"{base}/results?indicator={INDICATOR}", f"{base}/results.csv?partition=fixed", base, "/v1/releases", "/"]
    return depending, fixed


def outcome(found: Sequence[Outage]) -> Outcome:
    kinds: dict[str, Any] = {kind: figures_of([one for one in found if one.kind == kind]) for kind in KINDS}
    everything = figures_of(found)
    reached = (
        everything["slowest_refusal"] / REFUSED_WITHIN, everything["slowest_recovery"] / BACK_WITHIN,
        float(sum(len(one.faults()) for one in found)),
    )  # fmt: skip
    figures: dict[str, Any] = {
        "cores": os.cpu_count(), "required": LIMITS, "cycles": len(found), **everything, "by_kind": kinds,
    }  # fmt: skip
    ratios = dict(zip(LIMITS, reached, strict=True))
    return Outcome("fail_closed", ratios, figures, [_table({**kinds, "all": everything}, ratios)])


def figures_of(found: Sequence[Outage]) -> dict[str, Any]:
    """Seconds, and for what is fixed milliseconds."""
    refused = [answer for one in found for answer in one.during(True)]
    fixed = [answer for one in found for answer in one.during(False)]
    before = [answer for one in found for answer in one.before(False)]
    return {
        "outages": len(found),
        "depending": dict(Counter(str(one.status) for one in refused)),
        "slowest_refusal": max((one.seconds for one in refused), default=0.0),
        "fixed": dict(Counter(str(one.status) for one in fixed)),
        "fixed_p99_before_ms": p99(before),
        "fixed_p99_meanwhile_ms": p99(fixed),
        "slowest_recovery": max((one.recovery() for one in found), default=0.0),
    }


def p99(answers: Sequence[Answer]) -> float:
    return percentile([1000 * one.seconds for one in answers], 0.99) if answers else 0.0


def _table(rows: dict[str, dict[str, Any]], ratios: dict[str, float]) -> Table:
    table = Table(
        "consent", "outages", "depending", "slowest refusal s", "fixed", "p99 before ms", "p99 meanwhile ms",
        "slowest recovery s", title="Consent away",
    )  # fmt: skip
    for kind, one in rows.items():
        statuses = [
            ", ".join(f"{number:,} × {code}" for code, number in one[of].items()) for of in ("depending", "fixed")
        ]
        table.add_row(
            kind, str(one["outages"]), statuses[0], f"{one['slowest_refusal']:.2f}", statuses[1],
            f"{one['fixed_p99_before_ms']:.1f}", f"{one['fixed_p99_meanwhile_ms']:.1f}",
            f"{one['slowest_recovery']:.2f}",
        )  # fmt: skip
    table.caption = "; ".join(f"{name} {value:.2f}" for name, value in ratios.items())
    return table
