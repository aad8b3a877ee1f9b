"""All parts in order, as one document: lines with their verdicts, curves to draw, and whether anything is off."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.levels import WARNING
from services.ratings.simulation.casemix_lines import casemix_lines
from services.ratings.simulation.coverage import CURVE, count_coverage, coverage_lines
from services.ratings.simulation.drawn_coverage import drawn_coverage
from services.ratings.simulation.false_alarms import measure
from services.ratings.simulation.lines import Line, Verdict
from services.ratings.simulation.own_case_levels import own_case_lines
from services.ratings.simulation.place_coverage import place_lines
from services.ratings.simulation.practices import practice_lines
from services.ratings.simulation.proportions import proportion_levels
from services.ratings.simulation.published import compared
from services.ratings.simulation.rules import dispersion_rules
from services.ratings.simulation.run_lengths import RiskMix, run_lengths
from services.ratings.simulation.sizes import Size
from services.ratings.simulation.truth import risk_mix, worlds_in
from services.ratings.simulation.volumes import detection, levels_by_volume, volume_curves, worst_levels
from services.ratings.simulation.worlds import SETTINGS

MONITORED = "adult-cardiac-surgery"
SEEDS_APART = 1_000  # so that the parts' own seeds never meet

Say = Callable[[str], None]


def simulated(folder: Path, size: Size, seed: int, say: Say) -> dict[str, object]:
    """The whole report; the same folder, size and seed give the same document. Raises WorldUnreadable."""
    lines = [*_of_providers(size, seed, say), *_of_demonstrations(folder, size, seed, say)]
    found = Counter(line.verdict.value for line in lines)
    return {
        "method_version": METHOD_VERSION,
        "seed": seed,
        "worlds": size.worlds,
        "verdicts": {verdict.value: found[verdict.value] for verdict in Verdict},
        "ok": found[Verdict.OFF.value] == 0,
        "lines": [line.as_dict() for line in lines],
        "curves": {"coverage_95": _coverage_curve(), **volume_curves()},
    }


def _of_providers(size: Size, seed: int, say: Say) -> list[Line]:
    measured = measure(dispersion_rules(), SETTINGS, size.worlds, seed, say)
    say("exact levels, finds and coverage")
    return [
        *measured,
        *compared(measured, size.worlds),
        *worst_levels(size.volumes),
        *levels_by_volume(),
        *detection(),
        *own_case_lines(),
        *proportion_levels(),
        *coverage_lines(),
        *drawn_coverage(size.draws, seed + SEEDS_APART),
        *place_lines(size.placed, seed + 5 * SEEDS_APART),
        *practice_lines(size.practices, seed + 2 * SEEDS_APART, say),
    ]


def _of_demonstrations(folder: Path, size: Size, seed: int, say: Say) -> list[Line]:
    say("CUSUM charts")
    mix = RiskMix(*risk_mix(next(worlds_in(folder)), MONITORED))
    charts = run_lengths(mix, size.runs, size.longest_chart, seed + 3 * SEEDS_APART)
    return [*charts, *casemix_lines(worlds_in(folder), size.replicates, seed + 4 * SEEDS_APART, say)]


def _coverage_curve() -> dict[str, list[float]]:
    curve = {"mean": CURVE} | {str(rule): count_coverage(rule, WARNING, CURVE) for rule in IntervalRule}
    return {name: np.round(values, 6).tolist() for name, values in curve.items()}
