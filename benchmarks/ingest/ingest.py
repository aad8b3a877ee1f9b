"""Five million episodes of CSV taken in as the service does it, from an upload's bytes to a frozen snapshot; beside the
limit, which is polars reading the file without a check and writing it, and beside dataframely, pandera and DuckDB with
the same checks as far as they can say them. Then twenty million, for the memory alone.

Every way runs in a process of its own, `RUNS` times, the large file once; the quickest run counts, because whatever
else a machine does only ever adds. Bulk writes into databases have a benchmark of their own, `bulk`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from benchmarks.ingest.contenders import WAYS
from benchmarks.ingest.made import write_episodes
from benchmarks.outcome import Outcome

ROWS: Final = 5_000_000
MANY: Final = 20_000_000
RUNS: Final = 2
OWN, BARE = "Candour", "bare read and write"
LIMITS: Final = {
    f"{OWN} / {BARE}": "at most 3",
    f"peak memory: {OWN} / {BARE}": "at most 1.5",
    "peak memory of the large file / 4 GiB": "at most 1",
}
Run = dict[str, Any]


def run(rows: int = ROWS, many: int = MANY, runs: int = RUNS) -> Outcome:
    """Seconds and memory of every way with `rows` episodes, and of our own with `many`."""
    with tempfile.TemporaryDirectory(prefix="candour-ingest-") as folder:
        file = Path(folder) / "episodes.csv"
        write_episodes(file, rows)
        ways = {way: quickest(way, file, rows, runs) for way in WAYS}
        size = file.stat().st_size
        write_episodes(file, many)
        large = quickest(OWN, file, many, 1)
    return outcome(ways, large, {"rows": rows, "bytes": size, "rows_of_large_file": many})


def quickest(way: str, file: Path, rows: int, runs: int) -> Run:
    """The quickest of `runs` runs. Raises RuntimeError where one fails, or takes other than all the rows."""
    every = [alone(way, file, rows) for _ in range(runs)]
    for one in every:
        if one["rows"] != rows:
            raise RuntimeError(f"{way} took {one['rows']} of {rows} rows")
    best = min(every, key=lambda one: float(one["seconds"]))
    return best | {"all_seconds": [one["seconds"] for one in every]}


def alone(way: str, file: Path, rows: int) -> Run:
    """One run in a process of its own, and the load of the machine before it."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.ingest.contenders", way, str(file), folder, str(rows)],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{way}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    told: Run = json.loads(done.stdout.splitlines()[-1])
    return told | {"load_before": load}


def outcome(ways: dict[str, Run], large: Run, sizes: dict[str, int]) -> Outcome:
    """Ratios to the bare read and write of the same run; memory is that of a process and its child together."""
    own, bare = ways[OWN], ways[BARE]
    ratios = {f"{way} / {BARE}": one["seconds"] / bare["seconds"] for way, one in ways.items() if way != BARE}
    ratios |= {
        f"processor time: {OWN} / {BARE}": own["processor_seconds"] / bare["processor_seconds"],
        f"peak memory: {OWN} / {BARE}": peak(own) / peak(bare),
        "peak memory of the large file / 4 GiB": peak(large) / (4 << 30),
    }
    every = {**ways, f"{OWN}, large": large}
    return Outcome("ingest", ratios, {**sizes, "ways": every}, tables(every, ratios, sizes))


def peak(one: Run) -> int:
    """Bytes of the process and of its child, each at its most: they need not have been so at once."""
    return int(sum(one["peak_bytes"].values()))


def tables(ways: dict[str, Run], ratios: dict[str, float], sizes: dict[str, int]) -> list[Table]:
    title = f"{sizes['rows']:,} episodes of CSV taken in; large: {sizes['rows_of_large_file']:,}"
    first = Table("way", "seconds", "processor seconds", "peak MiB", "load before", title=title)
    for way, one in ways.items():
        numbers = (one["seconds"], one["processor_seconds"], peak(one) / (1 << 20), one["load_before"])
        first.add_row(way, *(f"{number:,.1f}" for number in numbers))
    second = Table("ratio", "reached", "required")
    for name, reached in ratios.items():
        second.add_row(name, f"{reached:.2f}", LIMITS.get(name, ""))
    return [first, second]
