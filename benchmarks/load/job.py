"""What the generator is asked for, and what it tells; and the generator as a process."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Job:
    """`connections` to a port of this machine, each asking for the next of `paths` without a pause; `seconds` are
    counted after `warm_up`."""

    port: int
    paths: Sequence[str]
    connections: int = 32
    seconds: float = 3.0
    warm_up: float = 0.3


@dataclass(frozen=True)
class Found:
    """`processor`: the share of one core that the generator itself took. `size`: bytes of the answers counted.
    `everything`: how many answers there were with those of the warm-up. `microseconds`: each counted answer's time."""

    seconds: float
    processor: float
    size: int
    everything: int
    statuses: dict[str, int]
    microseconds: list[int]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.microseconds) / self.seconds


class Generator:
    """The process, as long as the block lasts."""

    def __enter__(self) -> "Generator":
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.load.generator"], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)

    def run(self, job: Job) -> Found:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(job)) + "\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        if not told:
            raise RuntimeError("the generator of requests ended; its reason stands above")
        return Found(**json.loads(told))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed. Raises ValueError for no values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
