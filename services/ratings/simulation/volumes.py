"""Tests that allow for chance alone, at every volume: false alarms and finds summed over all counts, so without noise.

Tests of whole counts cannot meet a level exactly. What is promised is an upper bound for each side, .025 or .001; what
each test really does at a volume is the sum of the probabilities of the counts that it calls outside.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import poisson

from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.levels import CONTROL, WARNING, tail_of
from services.ratings.methods.power import power_to_detect_doubling
from services.ratings.simulation.lines import Line
from services.ratings.simulation.rules import Rule, chance_only_tests

LEVELS_PART, DETECTION_PART = "volume", "detection"
VOLUMES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
LOWEST, HIGHEST = 0.5, 200.0
DOUBLED = 2.0
UPPER_TAILS = ("count_tails_none", "interval_exact")  # their upper warning limit is the threshold count of the power
SIDES = {
    "above_95": (("above_warning", "above_control"), WARNING),
    "below_95": (("below_warning", "below_control"), WARNING),
    "above_99_8": (("above_control",), CONTROL),
    "below_99_8": (("below_control",), CONTROL),
}
OUTSIDE = {
    "outside_95": (("above_warning", "above_control", "below_warning", "below_control"), 0.05),
    "outside_99_8": (("above_control", "below_control"), 0.002),
}


@dataclass(frozen=True, eq=False)
class Laid:
    """Every expected number beside every count that has a chance worth naming: shapes (volumes, counts)."""

    expected: FloatArray
    counts: FloatArray

    @classmethod
    def over(cls, expected: FloatArray, largest_ratio: float) -> "Laid":
        most = float(expected.max()) * largest_ratio
        counts = np.arange(np.ceil(most + 12 * np.sqrt(most) + 20))
        return cls(*np.meshgrid(expected, counts, indexing="ij"))

    def share(self, rule: Rule, words: tuple[str, ...], ratio: float = 1.0) -> FloatArray:
        """Chance of a position among `words`, shape (volumes,), where the true ratio is `ratio`."""
        positions = rule.positions(self.counts.ravel().astype(np.int64), self.expected.ravel())
        mass = np.asarray(poisson.pmf(self.counts, self.expected * ratio))
        return np.asarray((mass * np.isin(positions, words).reshape(mass.shape)).sum(axis=1), dtype=np.float64)


def worst_levels(volumes: int) -> list[Line]:
    """Per test and side the largest share of false alarms over `volumes` expected numbers from .5 to 200."""
    grid = np.geomspace(LOWEST, HIGHEST, volumes)
    laid, found = Laid.over(grid, 1.0), []
    for rule in chance_only_tests():
        for figure, (words, level) in SIDES.items():
            share, tail = laid.share(rule, words), tail_of(level)
            worst = int(share.argmax())
            where = f"worst at {grid[worst]:.3g} expected events; mean {float(share.mean()):.5f}"
            found.append(
                Line(
                    LEVELS_PART, rule.name, "0.5 to 200 expected events", figure, float(share[worst]), 0.0, tail, tail,
                    refused_for_ours=rule.refused_for_ours, why=where,
                )
            )  # fmt: skip
    return found


def levels_by_volume() -> list[Line]:
    """What each test really does at each volume: two-sided shares, where a limit's name says .05 and .002."""
    volumes = np.array(VOLUMES)
    laid, found = Laid.over(volumes, 1.0), []
    for rule in chance_only_tests():
        for figure, (words, nominal) in OUTSIDE.items():
            share = laid.share(rule, words)
            found += [
                Line(
                    LEVELS_PART, rule.name, _at(volume), figure, float(value), 0.0, nominal, nominal,
                    refused_for_ours=rule.refused_for_ours, why="summed over all counts",
                )
                for volume, value in zip(VOLUMES, share, strict=True)
            ]  # fmt: skip
    return found


def detection() -> list[Line]:
    """A doubled rate by volume: chance of a position above the warning and above the control limit.

    For tests by the upper tail, `computed` is the power that stands on every published row (methods, section 2.9).
    """
    volumes = np.array(VOLUMES)
    laid, power = Laid.over(volumes, DOUBLED), power_to_detect_doubling(volumes)
    found = []
    for rule in chance_only_tests():
        for figure in ("above_95", "above_99_8"):
            share = laid.share(rule, SIDES[figure][0], DOUBLED)
            exact = figure == "above_95" and rule.name in UPPER_TAILS
            for volume, value, computed in zip(VOLUMES, share, power, strict=True):
                found.append(
                    Line(
                        DETECTION_PART, rule.name, _at(volume), figure, float(value),
                        computed=float(computed) if exact else None,
                        refused_for_ours=rule.refused_for_ours, why="true rate doubled; summed over all counts",
                    )
                )  # fmt: skip
    return found


def volume_curves() -> dict[str, dict[str, list[float]]]:
    """For drawing, at 160 volumes from 1 to 100: shares outside 99.8% by chance, and doubled rates above 95%."""
    volumes = np.geomspace(1, 100, 160)
    chance, doubled = Laid.over(volumes, 1.0), Laid.over(volumes, DOUBLED)
    levels, finds = {"volume": volumes}, {"volume": volumes}
    for rule in chance_only_tests():
        levels[rule.name] = chance.share(rule, OUTSIDE["outside_99_8"][0])
        finds[rule.name] = doubled.share(rule, SIDES["above_95"][0], DOUBLED)
    return {name: {rule: np.round(values, 6).tolist() for rule, values in curve.items()}
            for name, curve in (("outside_99_8", levels), ("doubled_above_95", finds))}  # fmt: skip


def _at(volume: float) -> str:
    return f"{volume:g} expected events"
