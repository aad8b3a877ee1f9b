"""What every benchmark gives back, and its one form as JSON."""

import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from rich.table import Table

PACKAGES = ("numpy", "scipy", "polars", "narwhals", "glum", "statsmodels")


@dataclass(frozen=True)
class Outcome:
    """`ratios` are what a reader compares with a limit or another machine; `figures` are seconds, MiB and counts."""

    name: str
    ratios: dict[str, float]
    figures: dict[str, Any]
    tables: list[Table] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ratios": self.ratios, "figures": self.figures, "versions": versions()}


def versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        **{package: version(package) for package in PACKAGES},
    }
