"""Histories one after the other, each judged by `candour check`, until there are enough of them. Every one that has
ended is written down, so that whoever is interrupted goes on with the next."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.histories.campaign import Campaign, Size
from tests.system.house import ROOT

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """What `candour check` said of one history."""

    code: int
    report: dict[str, Any]

    def line(self) -> str:
        figures, faults = self.report["figures"], sum(self.report["faults"].values())
        return (
            f"{self.report['verdict']}: {figures['withdrawals']:,} withdrawals, {figures['grants']:,} grants, "
            f"{figures['reads']:,} reads ({figures['answered']:,} answered), {figures['effective']:,} known to be in "
            f"force everywhere, {figures['chunks']:,} chunks below the buffers, {faults} faults; "
            f"{figures['granted_share']:.1%} of {figures['granted_reads']:,} reads in definitely granted time show the "
            f"person"
        )


def judged(file: Path) -> Judged:
    """By the command, as anybody would."""
    done = subprocess.run([sys.executable, "-m", "cli", "check", str(file), "--json"], cwd=ROOT, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.stdout, done.stderr
    return Judged(done.returncode, json.loads(done.stdout))


def one_history(folder: Path, size: Size, seed: int, tell: Tell) -> Judged:
    began = time.monotonic()
    file = asyncio.run(Campaign(folder, size, seed, tell).run())
    tell(f"history {seed} took {time.monotonic() - began:.0f} s")
    return judged(file)


def many_histories(folder: Path, size: Size, seeds: range, tell: Tell) -> list[Judged]:
    """Each in a folder of its own, which is kept only where the history did not pass. `folder` has what was done."""
    folder.mkdir(parents=True, exist_ok=True)
    done = done_before(folder, size)
    found = [done[seed] for seed in seeds if seed in done]
    if found:
        tell(f"{len(found)} of {len(seeds)} histories were done before")
    for seed in seeds:
        if seed in done:
            continue
        place = folder / f"history-{seed}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        one = one_history(place, size, seed, tell)
        found.append(one)
        with (folder / "done.jsonl").open("a") as file:
            file.write(done_line(size, seed, one))
        tell(f"history {seed} ({len(found)} of {len(seeds)}): {one.line()}")
        if one.code == 0:
            shutil.rmtree(place)
    return found


def summed(found: list[Judged]) -> str:
    """What all of them add up to."""
    figures: Counter[str] = Counter()
    for one in found:
        figures.update({name: value for name, value in one.report["figures"].items() if isinstance(value, int)})
    breaches = sum(sum(one.report["breaches"].values()) for one in found)
    faults: Counter[str] = Counter()
    for one in found:
        faults.update(one.report["faults"])
    return (
        f"{len(found)} histories, {sum(one.code == 0 for one in found)} passed: "
        f"{figures['withdrawals']:,} withdrawals, {figures['grants']:,} grants, "
        f"{figures['reads']:,} reads ({figures['answered']:,} answered), "
        f"{figures['effective']:,} known to be in force everywhere, {figures['chunks']:,} chunks, "
        f"{sum(faults.values())} faults of {len(faults)} kinds, {breaches} violations"
    )


def done_line(size: Size, seed: int, one: Judged) -> str:
    return json.dumps(_key(size) | {"seed": seed, "code": one.code, "report": one.report}) + "\n"


def _key(size: Size) -> dict[str, Any]:
    """Only histories of the same size and of the same code add up."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {"commit": commit.stdout.strip(), "size": asdict(size)}


def done_before(folder: Path, size: Size) -> dict[int, Judged]:
    """By seed."""
    file = folder / "done.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    key = _key(size)
    return {
        one["seed"]: Judged(one["code"], one["report"]) for one in lines if {name: one[name] for name in key} == key
    }
