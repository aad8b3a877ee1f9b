"""From ten million episodes to observed over expected of every consultant: the product's way beside the limit, which is
reading the file at all, and beside glum and statsmodels. Then 10,000 providers at once, and cost against size.

Every way runs in a process of its own, `RUNS` times where it is quick; the quickest run counts, because whatever else a
machine does only ever adds. The load before each run is among the figures.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from benchmarks.outcome import Outcome
from benchmarks.rate import picture, world
from benchmarks.rate.contenders import SUBSET, WAYS
from benchmarks.rate.kernels import DRAWS, INDICATORS

EPISODES: Final = 10_000_000
SIZES: Final = (1_000_000, 3_000_000, EPISODES)
PROVIDERS: Final = 10_000
RUNS: Final = {"bare read": 5, "embedded": 5, "glum on patterns": 2}
# The products of the fit are small: a second BLAS thread only waits for the first. glum's own threads are left alone.
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1"}
LIMITS: Final = {
    "embedded / bare read": "at most 3",
    "glum on rows / embedded": "at least 8",
    "peak memory / 1 GiB": "at most 1",
    "coefficients: embedded against glum on patterns / 1e-10": "at most 1",
    "rating of 10,000 providers x 60 indicators / 5 s": "at most 1",
}


@dataclass(frozen=True)
class Run:
    """The quickest of some runs of one way: seconds on the clock and of the processors, MiB, the machine's load before
    it, and what it found."""

    seconds: float
    processor_seconds: float
    peak_mebibytes: float
    load: float
    all_seconds: tuple[float, ...]
    answer: dict[str, NDArray[np.float64]]

    def told(self) -> dict[str, Any]:
        return {
            "seconds": self.seconds,
            "processor_seconds": self.processor_seconds,
            "peak_mebibytes": self.peak_mebibytes,
            "load_before": self.load,
            "all_seconds": self.all_seconds,
        }


def run() -> Outcome:
    """Measure everything at full size, draw cost against size, and give the ratios that are held against limits."""
    with tempfile.TemporaryDirectory() as folder:
        ways = {}
        sizes = {}
        for episodes in SIZES:
            file = Path(folder) / f"{episodes}.parquet"
            world.write_episodes(file, episodes)
            every = list(WAYS) if episodes == EPISODES else ["bare read", "embedded"]
            ways = {way: measured(way, file, RUNS.get(way, 1)) for way in every}
            sizes[episodes] = {way: ways[way].processor_seconds for way in ("bare read", "embedded")}
            file.unlink()
    rating, places = kernel("rating", PROVIDERS, runs=3), kernel("places", PROVIDERS)
    picture.draw(sizes)
    return outcome(ways, sizes, rating, places)


def outcome(
    ways: dict[str, Run], sizes: dict[int, dict[str, float]], rating: dict[str, float], places: dict[str, float]
) -> Outcome:
    own, patterns = ways["embedded"], ways["glum on patterns"]
    ratios = {
        "embedded / bare read": own.seconds / ways["bare read"].seconds,
        "glum on rows / embedded": ways["glum on rows"].seconds / own.seconds,
        "glum on rows, default tolerance / embedded": ways["glum on rows, default tolerance"].seconds / own.seconds,
        "glum on patterns / embedded": patterns.seconds / own.seconds,
        "peak memory / 1 GiB": own.peak_mebibytes / 1024,
        "coefficients: embedded against glum on patterns / 1e-10": apart(own, patterns) / 1e-10,
        "rating of 10,000 providers x 60 indicators / 5 s": rating["seconds"] / 5,
    }
    subset, oracle = ways["embedded, subset"], ways["statsmodels on a subset"]
    figures = {
        "episodes": max(sizes),
        "parameters": len(own.answer["coefficients"]),
        "consultants": len(own.answer["consultants"]),
        "ways": {way: run.told() for way, run in ways.items()},
        "coefficients_apart": {way: apart(own, run) for way, run in ways.items() if way.startswith("glum")},
        "consultants_apart_from_glum_on_patterns": apart(own, patterns, "consultants"),
        "statsmodels_subset": {
            "episodes": SUBSET,
            "coefficients_apart": apart(subset, oracle),
            "standard_errors_apart": apart(subset, oracle, "standard_errors"),
        },
        "processor_seconds_by_episodes": sizes,
        "exponent": picture.exponent(sizes, "embedded"),
        "exponent_of_the_bare_read": picture.exponent(sizes, "bare read"),
        "rating": rating | {"providers": PROVIDERS, "indicators": INDICATORS},
        "places": places | {"providers": PROVIDERS, "draws": DRAWS},
        "required": LIMITS,
    }
    return Outcome("rate", ratios, figures, tables(ways, ratios, rating, places))


def apart(one: Run, other: Run, what: str = "coefficients") -> float:
    return float(np.abs(one.answer[what] - other.answer[what]).max())


def measured(way: str, file: Path, runs: int = 1) -> Run:
    """The quickest of some runs, each in a new process."""
    found = [_once(way, file) for _ in range(runs)]
    best = min(found, key=lambda one: one.seconds)
    return replace(best, all_seconds=tuple(one.seconds for one in found))


def _once(way: str, file: Path) -> Run:
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.npz"
        told = alone("benchmarks.rate.contenders", way, str(file), str(answer))
        with np.load(answer) as arrays:
            numbers = {name: arrays[name] for name in arrays.files}
    seconds = told["seconds"]
    return Run(seconds, told["processor_seconds"], told["peak_mebibytes"], load, (seconds,), numbers)


def kernel(task: str, size: int, runs: int = 1) -> dict[str, float]:
    return min((alone("benchmarks.rate.kernels", task, str(size)) for _ in range(runs)), key=lambda one: one["seconds"])


def alone(*arguments: str) -> dict[str, float]:
    """What a module prints as JSON, run in a process of its own."""
    own = "statsmodels" not in arguments[1]
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=os.environ | (ONE_THREAD if own else {}),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr[-2000:]}")
    told: dict[str, float] = json.loads(done.stdout)
    return told


def tables(
    ways: dict[str, Run], ratios: dict[str, float], rating: dict[str, float], places: dict[str, float]
) -> list[Table]:
    title = "Parquet to observed/expected of every consultant"
    first = Table("way", "seconds", "processor seconds", "peak MiB", "load before", title=title)
    for way, run in ways.items():
        numbers = f"{run.seconds:.2f}", f"{run.processor_seconds:.2f}", f"{run.peak_mebibytes:.0f}", f"{run.load:.1f}"
        first.add_row(way, *numbers)
    second = Table("ratio", "reached", "required")
    for name, reached in ratios.items():
        second.add_row(name, f"{reached:.3g}", LIMITS.get(name, ""))
    third = Table("task", "seconds", "peak MiB", title=f"{PROVIDERS:,} providers")
    third.add_row(f"rating, {INDICATORS} indicators", f"{rating['seconds']:.2f}", f"{rating['peak_mebibytes']:.0f}")
    third.add_row("expected places", f"{places['expected_places_seconds']:.2f}", "")
    third.add_row(f"place intervals, {DRAWS:,} draws", f"{places['seconds']:.2f}", f"{places['peak_mebibytes']:.0f}")
    return [first, second, third]
