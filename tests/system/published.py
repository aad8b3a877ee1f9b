"""New York's printed table, and the tolerance of methods 3.1: EMR was rounded to two decimals before it was printed, so
a figure agrees when it lies within .005 of the range that EMR -/+ .005 allows. Byar's formula stands here a second time
on purpose: what is tested must not supply the yardstick."""

import csv
import math
from dataclasses import dataclass
from pathlib import Path

VERDICT = {
    "Rate not different than Statewide Rate": ("within",),
    "Rate significantly higher than Statewide Rate": ("above_warning", "above_control"),
    "Rate significantly lower than Statewide Rate": ("below_warning", "below_control"),
}
Z = 1.959963984540054
ROUNDING = 0.005 + 1e-9
CAP_FROM = "2013-01-01"
SLUGS = {
    "All PCI": "all-pci", "Non-Emergency PCI": "non-emergency-pci", "Emergency PCI": "emergency-pci", "CABG": "cabg",
    "Valve or Valve/CABG": "valve-or-valve-cabg", "TAVR": "tavr",
}  # fmt: skip

Key = tuple[str, str, str, str]
Three = tuple[float, float, float]


@dataclass(frozen=True)
class PublishedRow:
    """One hospital row as New York printed it, with its state's rate."""

    key: Key
    deaths: int
    cases: int
    expected_rate: float
    state_rate: float
    printed: Three
    verdict: str

    def agrees(self, figures: Three) -> bool:
        """Whether rate, lower and upper limit lie within the tolerance."""
        most, least = self._figures(self.expected_rate - 0.005), self._figures(self.expected_rate + 0.005)
        return all(
            low - ROUNDING <= figure <= high + ROUNDING for low, figure, high in zip(least, figures, most, strict=True)
        )

    def _figures(self, expected_rate: float) -> Three:
        scale = self.state_rate / (expected_rate * self.cases / 100)
        lower, upper = byar(self.deaths)
        cap = 100.0 if self.key[3] >= CAP_FROM else math.inf
        return self.deaths * scale, lower * scale, min(upper * scale, cap)


def byar(x: int) -> tuple[float, float]:
    upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + Z / (3 * math.sqrt(x + 1))) ** 3
    return (x * (1 - 1 / (9 * x) - Z / (3 * math.sqrt(x))) ** 3 if x else 0.0), upper


def days(period: str) -> tuple[str, str]:
    first, _, last = period.partition("-")
    return f"{first}-01-01", f"{last or first}-12-31"


def published_rows(file: Path) -> dict[Key, PublishedRow]:
    """Hospital rows of `hospital_2008_2015.csv` by (provider, indicator, first day, last day)."""
    with file.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    state = {key(row)[1:]: rate(row) for row in rows if int(row["Facility ID"]) == 0}
    return {key(row): as_row(row, state[key(row)[1:]]) for row in rows if int(row["Facility ID"])}


def key(row: dict[str, str]) -> Key:
    indicator = f"ny-{SLUGS[row['Procedure']]}-mortality"
    return (row["Facility ID"].zfill(4), indicator, *days(row["Year of Hospital Discharge"]))


def rate(row: dict[str, str]) -> float:
    return 100 * int(row["Number of Deaths"]) / int(row["Number of Cases"])


def as_row(row: dict[str, str], state_rate: float) -> PublishedRow:
    printed = (
        float(row["Risk-Adjusted Mortality Rate"]),
        float(row["Lower Limit of Confidence Interval"]),
        float(row["Upper Limit of Confidence Interval"]),
    )
    deaths, cases = int(row["Number of Deaths"]), int(row["Number of Cases"])
    expected = float(row["Expected Mortality Rate"])
    return PublishedRow(key(row), deaths, cases, expected, state_rate, printed, row["Comparison Results"])
