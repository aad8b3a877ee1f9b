"""Small plots as SVG shapes in numbers: what the page draws, and the sentence that says the same to those who do not
see it."""

from dataclasses import dataclass
from typing import Final

from services.ingest.profiling.words import number
from shared.contracts.profiles import Bin, ColumnProfile

WIDTH: Final = 240
HEIGHT: Final = 56
GAP: Final = 1


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    says: str


@dataclass(frozen=True)
class Plot:
    """Bars in a box of `WIDTH` by `HEIGHT`; `low` and `high` stand below its ends."""

    bars: list[Bar]
    says: str
    low: str
    high: str


def plot_of(column: ColumnProfile) -> Plot | None:
    """None where there is nothing to draw: no numbers, or all of one value."""
    if column.numbers is not None and len(column.numbers.bins) > 1:
        return _histogram(column, column.numbers.bins)
    return None


def share_width(rows: int, of: int) -> float:
    """Of a bar as wide as `WIDTH` for all of them; anything but none is seen."""
    return 0.0 if not rows else max(1.0, round(WIDTH * rows / of, 1))


def _histogram(column: ColumnProfile, bins: list[Bin]) -> Plot:
    most = max(one.rows for one in bins)
    step = WIDTH / len(bins)
    bars = []
    for at, one in enumerate(bins):
        height = 0.0 if not one.rows else max(1.0, round(HEIGHT * one.rows / most, 1))
        bars.append(Bar(round(at * step, 1), round(HEIGHT - height, 1), round(step - GAP, 1), height,
                        f"{_range(one)}: {one.rows:,} rows"))  # fmt: skip
    peak = max(bins, key=lambda one: one.rows)
    says = (
        f"Histogram of {column.heading}: {len(bins)} bars from {number(bins[0].low)} to {number(bins[-1].high)}; "
        f"the tallest is {_range(peak)} with {peak.rows:,} rows."
    )
    return Plot(bars, says, number(bins[0].low), number(bins[-1].high))


def _range(one: Bin) -> str:
    return number(one.low) if one.low == one.high else f"{number(one.low)} to {number(one.high)}"
