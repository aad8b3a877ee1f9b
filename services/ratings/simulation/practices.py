"""The general practice traffic light (methods, section 5.1) on thousands of practices of which none differs.

Red or green only with the same side beyond the control limits in at least two of three years; `within` with power of
at least a half is the middle colour, all else is grey.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from services.ratings.methods.arrays import FloatArray
from services.ratings.methods.composites.traffic_light import MINIMUM_POWER, YEARS, traffic_light
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.power import power_to_detect_doubling
from services.ratings.methods.standardisation import indirect_expected
from services.ratings.simulation.lines import Line, share_error
from services.ratings.simulation.rules import Rule, dispersion_rules

PART = "practices"
MOST_COLOURED = 0.0002
TYPICAL_LIST = 7000
FIFTH_RATES = np.array([0.006, 0.007, 0.008, 0.0095, 0.012])  # events per person and year, by deprivation
RULES = ("count_tails_winsorised_10_consistent", "log_winsorised_10_consistent_additive")

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Coloured:
    """Shares of practices: red or green in two of three years, and of those with power in the last, the middle."""

    red_or_green: float
    middle_with_power: float


def practice_lines(practices: int, seed: int, say: Say) -> list[Line]:
    """Identical practices, and practices that differ by deprivation only and are standardised for it."""
    chance = np.random.Generator(np.random.PCG64(seed))
    people: FloatArray = np.round(TYPICAL_LIST * np.exp(chance.normal(0.0, 0.5, practices)))
    rules = {rule.name: rule for rule in dispersion_rules() if rule.rows is DispersionRows.WINSORISED_10_CONSISTENT}
    found = []
    for name in RULES:
        say(f"traffic light of {practices} practices, {name}")
        for world, shares in (("identical", _one_fifth(people)), ("differing by deprivation only", _fifths(people))):
            coloured = _coloured(rules[name], people, shares, chance)
            found += _lines(rules[name], world, coloured, practices)
    return found


def _one_fifth(people: FloatArray) -> FloatArray:
    return np.tile([0.0, 0.0, 1.0, 0.0, 0.0], (len(people), 1))


def _fifths(people: FloatArray) -> FloatArray:
    """Shares of a practice's list in each fifth, shape (practices, 5): most in one, the rest in its neighbours."""
    centre = np.arange(len(people)) % 5
    weight = 0.5 ** np.abs(np.arange(5)[None, :] - centre[:, None]) ** 1.5
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _coloured(rule: Rule, people: FloatArray, shares: FloatArray, chance: np.random.Generator) -> Coloured:
    persons = np.round(people[:, None] * shares).astype(np.int64)
    years, expected = [], people
    for _ in range(YEARS):
        events = chance.poisson(persons * FIFTH_RATES)
        provider, fifth = np.divmod(np.arange(persons.size), 5)
        expected = indirect_expected(provider, fifth, persons.ravel(), events.sum(axis=0), persons.sum(axis=0))
        years.append(rule.positions(events.sum(axis=1), expected))
    power = power_to_detect_doubling(expected)
    colours = traffic_light(np.stack(years), power, lower_is_better=True)
    with_power = colours[power >= MINIMUM_POWER]
    return Coloured(float(np.isin(colours, ("red", "green")).mean()), float((with_power == "middle").mean()))


def _lines(rule: Rule, world: str, coloured: Coloured, practices: int) -> list[Line]:
    error = share_error(MOST_COLOURED, practices)
    red = Line(
        PART, rule.name, world, "red_or_green", coloured.red_or_green, error, MOST_COLOURED, MOST_COLOURED,
        refused_for_ours=rule.refused_for_ours, why="two of three years beyond the same control limit",
    )  # fmt: skip
    why = "of practices with power: nobody outside the control limits in the last year"
    middle = Line(
        PART, rule.name, world, "middle_with_power", coloured.middle_with_power, share_error(0.998, practices), 0.998,
        0.998, at_least=True, refused_for_ours=rule.refused_for_ours, why=why,
    )  # fmt: skip
    return [red, middle]
