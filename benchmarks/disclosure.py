"""Disclosure control for a whole invented country: what the rule costs the public, and how long it takes to decide.

The country of the demonstration, one table per specialty, in three readable releases at once: the newest, and two
earlier ones that lack a few episodes each, as returns do before they are corrected. Expected deaths are those of the
country's episodes of the same specialty, age, sex, urgency and comorbidity. Only those who refused are secrets.
Times are those of one processor, so that others on the machine do not count.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl
from rich.table import Table as Printed

from benchmarks.outcome import Outcome
from cli.demonstration.sizes import DEFAULT_SEED, Sizes
from cli.demonstration.specialties import FACTORS
from cli.demonstration.world import make_world
from services.ratings.disclosure import (
    MEASURES,
    Cell,
    Decision,
    Memory,
    Policy,
    Table,
    Widths,
    decide,
    fixed_units,
    quarantines,
    unsafe,
)  # fmt: skip

Result = TypeVar("Result")
LIMITS: Final = {"processor seconds for the country / 2 s": "at most 1", "unsafe cells": "0"}
STEPS: Final = ("fixed", "decide", "quarantines")
RELEASES: Final = 3
MISSING: Final = 0.01  # of the episodes of an earlier release
EXPECTATION: Final = {  # assurance.md, cost of the defaults
    "units affected": "110 to 150",
    "partners per unit affected": "about 2",
    "share of affected units that lose a total": "about 0.25",
    "share of totals fixed": "about 0.5",
    "share of totals fixed by cases alone": "0.85",
}


@dataclass(frozen=True)
class Audit:
    """One indicator and period of the country: a table per release, who refused, and keyed orders."""

    tables: list[Table]
    refused: frozenset[str]
    order: list[str]
    unit_order: list[str]


@dataclass(frozen=True)
class Decided:
    """What came of one audit, and how many seconds of a processor each step took."""

    audit: Audit
    decision: Decision
    unsafe: int
    quarantined: int
    seconds: tuple[float, float, float]


def run(sizes: Sizes | None = None, policy: Policy | None = None) -> Outcome:
    """Ratios: seconds for all specialties together over two, and how many secret cells were left unsafe."""
    rule = policy or Policy()
    audits = country(sizes or Sizes(), rule)
    found = [decided(audit, rule) for audit in audits]
    steps = np.array([one.seconds for one in found]).sum(axis=0)
    everybody = decided(_together(audits), rule)
    ratios = dict(zip(LIMITS, (float(steps.sum()) / 2, float(sum(one.unsafe for one in found))), strict=True))
    figures = {
        "required": LIMITS, "assurance.md": EXPECTATION, **costs(found), **fixed_shares(audits, rule),
        "processor seconds": dict(zip(STEPS, steps.tolist(), strict=True)),
        "processor seconds for everybody in one table": dict(zip(STEPS, everybody.seconds, strict=True)),
    }  # fmt: skip
    return Outcome("disclosure", ratios, figures, [_printed(figures)])


def country(sizes: Sizes, policy: Policy, seed: int = DEFAULT_SEED) -> list[Audit]:
    """One audit per specialty."""
    world = make_world(seed, sizes)
    factors = ["specialty", *FACTORS]
    episodes = world.episodes.with_columns(pl.col("died_30_days").mean().over(factors).alias("expected"))
    refused = frozenset(world.returns.filter(pl.col("act") == "refused")["gmc"])
    keep = np.random.Generator(np.random.PCG64(seed)).random((RELEASES, episodes.height)) >= MISSING
    keep[0] = True
    return [
        _audit(
            [episodes.filter(pl.Series(kept) & (pl.col("specialty") == specialty)) for kept in keep], refused, policy
        )
        for specialty in sizes.specialties
    ]


def _audit(releases: Sequence[pl.DataFrame], refused: frozenset[str], policy: Policy) -> Audit:
    tables = [_table(episodes, str(number), policy) for number, episodes in enumerate(releases)]
    people, units = (
        sorted(frozenset().union(*names)) for names in zip(*((t.people, t.units) for t in tables), strict=True)
    )
    shuffled = random.Random(len(people))
    shuffled.shuffle(people)
    shuffled.shuffle(units)
    return Audit(tables, refused & frozenset(people), people, units)


def _table(episodes: pl.DataFrame, release: str, policy: Policy) -> Table:
    unit = pl.format("{} {}", "provider", "specialty")
    cells = episodes.group_by(pl.col("consultant"), unit.alias("unit"), maintain_order=True).agg(
        pl.len().cast(pl.Float64), pl.col("died_30_days").sum().cast(pl.Float64), pl.col("expected").sum()
    )
    cases = cells.group_by("unit").agg(pl.col("len").sum())
    small = frozenset(cases.filter(pl.col("len") < policy.small)["unit"])
    return Table(
        tuple(Cell(person, unit, tuple(sizes)) for person, unit, *sizes in cells.iter_rows()),
        small=small,
        release=release,
    )


def _together(audits: Sequence[Audit]) -> Audit:
    """Everybody in one table per release, as if there were one specialty."""
    tables = [
        Table(tuple(cell for audit in audits for cell in audit.tables[number].cells),
              small=frozenset().union(*(audit.tables[number].small for audit in audits)), release=str(number))
        for number in range(RELEASES)
    ]  # fmt: skip
    refused = frozenset().union(*(audit.refused for audit in audits))
    return Audit(
        tables,
        refused,
        [one for audit in audits for one in audit.order],
        [one for audit in audits for one in audit.unit_order],
    )


def decided(audit: Audit, policy: Policy) -> Decided:
    """Decides from nothing: the first view of an audit."""
    memory = Memory()
    tables, fixing = _timed(
        lambda: [replace(table, fixed=fixed_units(table, audit.unit_order, policy)) for table in audit.tables]
    )
    decision, deciding = _timed(lambda: decide(tables, audit.refused, audit.order, audit.unit_order, memory, policy))
    after = memory.after(tables, decision, audit.refused)
    nameable = frozenset(audit.order) - audit.refused
    sets, quarantining = _timed(
        lambda: list(quarantines(tables, decision, nameable, audit.order, audit.unit_order, policy))
    )
    wrong = len(unsafe(tables, audit.refused, decision, after, policy.widths)) + len(decision.exposed)
    return Decided(replace(audit, tables=tables), decision, wrong, len(sets), (fixing, deciding, quarantining))


def costs(found: Sequence[Decided]) -> dict[str, Any]:
    """What the newest release does not show for the sake of those who refused."""
    affected = [
        (unit, one) for one in found for unit in sorted(one.audit.tables[0].units)
        if one.audit.tables[0].people_in(unit) & one.audit.refused
    ]  # fmt: skip
    partners = sum(
        len((one.decision.hidden - one.audit.refused) & one.audit.tables[0].people_in(unit)) for unit, one in affected
    )
    withheld = sum(len(one.decision.withheld[0]) for one in found)
    return {
        "people": sum(len(one.audit.order) for one in found),
        "units": sum(len(one.audit.tables[0].units) for one in found),
        "refused": sum(len(one.audit.refused) for one in found),
        "units affected": len(affected),
        "partners hidden": sum(len(one.decision.hidden - one.audit.refused) for one in found),
        "partners per unit affected": partners / len(affected),
        "totals withheld": withheld,
        "share of affected units that lose a total": withheld / len(affected),
        "quarantine sets": sum(one.quarantined for one in found),
    }


def fixed_shares(audits: Sequence[Audit], policy: Policy) -> dict[str, float]:
    """Of the unit totals of the newest release, on all measures and on each alone."""
    units = sum(len(audit.tables[0].units) for audit in audits)

    def share(rule: Policy, measures: slice) -> float:
        tables = [
            (
                Table(
                    tuple(replace(cell, sizes=cell.sizes[measures]) for cell in audit.tables[0].cells),
                    small=audit.tables[0].small,
                ),
                audit,
            )
            for audit in audits
        ]
        return sum(len(fixed_units(table, audit.unit_order, rule)) for table, audit in tables) / units

    shares = {"share of totals fixed": share(policy, slice(None))}
    for number, measure in enumerate(MEASURES):
        alone = replace(
            policy, widths=Widths(policy.widths.k, policy.widths.p, policy.widths.floors[number : number + 1])
        )
        shares[f"share of totals fixed by {measure} alone"] = share(alone, slice(number, number + 1))
    return shares


def _timed(step: Callable[[], Result]) -> tuple[Result, float]:
    start = time.process_time()
    return step(), time.process_time() - start


def _printed(figures: dict[str, Any]) -> Printed:
    printed = Printed("figure", "found", "assurance.md", title="Disclosure control of a country")
    for name, value in figures.items():
        if isinstance(value, int | float):
            printed.add_row(
                name, f"{value:,.2f}" if isinstance(value, float) else f"{value:,}", EXPECTATION.get(name, "")
            )
    for title in ("processor seconds", "processor seconds for everybody in one table"):
        for step, spent in figures[title].items():
            printed.add_row(f"{title}: {step}", f"{spent:.2f}", "")
    return printed
