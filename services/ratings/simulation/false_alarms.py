"""How many providers each dispersion rule puts outside its limits, in worlds whose truth is known."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from services.ratings.methods.arrays import BoolArray, TextArray
from services.ratings.methods.levels import CONTROL, WARNING
from services.ratings.simulation.lines import Line, share_error
from services.ratings.simulation.promises import nominal_share, promised_share
from services.ratings.simulation.rules import Rule
from services.ratings.simulation.worlds import Setting, World, drawn

PART = "dispersion"
Say = Callable[[str], None]
Shares = npt.NDArray[np.float64]

LEVELS = {"outside_95": WARNING, "outside_99_8": CONTROL}


def measure(rules: Iterable[Rule], settings: Iterable[Setting], worlds: int, seed: int, say: Say) -> list[Line]:
    """Lines for every rule in every setting; each setting has a seed of its own, so that none hangs on another."""
    found = []
    chosen = list(rules)
    for number, setting in enumerate(settings):
        say(f"dispersion rules, {setting.name}: {worlds} sets of {setting.providers} providers")
        sets = list(drawn(setting, worlds, seed + number))
        for rule in chosen:
            found += _lines(rule, setting, sets)
    return found


def _lines(rule: Rule, setting: Setting, sets: list[World]) -> list[Line]:
    shares = np.array([_shares(rule.positions(one.observed, one.expected), one.planted) for one in sets])
    trials = len(sets) * (setting.providers - setting.planted)
    lines = []
    for column, (figure, confidence) in enumerate(LEVELS.items()):
        promised = promised_share(confidence, rule.rows, setting.providers) if setting.own in rule.meets else None
        measured, error = _mean_and_error(shares[:, column], promised or 0.0, trials)
        lines.append(
            Line(
                PART, rule.name, setting.name, figure, measured, error, nominal_share(confidence), promised,
                refused_for_ours=rule.refused_for_ours, why=_why(setting, promised),
            )
        )  # fmt: skip
    if setting.planted:
        measured, error = _mean_and_error(shares[:, 2], 0.0, 0)
        lines.append(Line(PART, rule.name, setting.name, "found_99_8", measured, error, why="power, not a level"))
    return lines


def _shares(positions: TextArray, planted: BoolArray) -> Shares:
    """Of those not planted: outside 95%, outside 99.8%; of those planted: above the upper 99.8% limit."""
    above = positions == "above_control"
    control = above | (positions == "below_control")
    others = ~planted
    found = float(above[planted].mean()) if planted.any() else 0.0
    return np.array([(positions[others] != "within").mean(), control[others].mean(), found])


def _mean_and_error(shares: Shares, promised: float, trials: int) -> tuple[float, float]:
    """Providers of one world share its estimate: the error comes from the spread between worlds, and is no smaller
    than that of independent providers at the promised level."""
    between = float(shares.std(ddof=1)) / len(shares) ** 0.5 if len(shares) > 1 else 0.0
    return float(shares.mean()), max(between, share_error(promised, trials))


def _why(setting: Setting, promised: float | None) -> str:
    if promised is not None:
        return "nominal level plus the price of an estimated spread"
    return "planted outliers" if setting.planted else "a truth that this rule does not allow for"
