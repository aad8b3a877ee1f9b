"""How often an interval of places holds the true place: as releases make it, with the true variance, and flat.

Expected numbers are scaled to the events, as those of a fitted model are, and the variance between providers is
estimated from the same counts by the rule of our indicators, rounded as it is published. True ratios are log-normal and
the prior is gamma: no rule meets its own truth in practice.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from services.ratings.assembly.figures import published_variance
from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray
from services.ratings.methods.funnel import log_ratio_z
from services.ratings.methods.levels import WARNING
from services.ratings.methods.ordering import place_intervals
from services.ratings.methods.overdispersion import DispersionRows, estimate_dispersion
from services.ratings.simulation.lines import Line, share_error
from services.ratings.simulation.worlds import DOUBLED

PART = "coverage"
FLAT = "flat prior, for reproduction only: extreme counts are taken for extreme truth"
OTHERS = "the doubled are not of the others' kind, and the variance is estimated so as not to hear of them"


@dataclass(frozen=True)
class Placed:
    """`spread` of the true ratios on the log scale, the range of the expected numbers, and how many are doubled."""

    spread: float
    fewest: float
    most: float
    providers: int = 60
    doubled: int = 0

    @property
    def name(self) -> str:
        planted = f", {self.doubled} doubled" if self.doubled else ""
        return f"{self.providers} providers, spread {self.spread:g}, {self.fewest:g} to {self.most:g} expected{planted}"


WORLDS = (
    Placed(0.1, 5.0, 80.0),
    Placed(0.25, 5.0, 80.0),
    Placed(0.25, 80.0, 400.0),
    Placed(1.0, 5.0, 80.0),
    Placed(0.25, 1.0, 10.0),
    Placed(0.1, 5.0, 80.0, providers=12),
    Placed(0.25, 5.0, 80.0, providers=12),
    Placed(0.1, 5.0, 80.0, providers=35),
    Placed(0.1, 5.0, 80.0, doubled=3),
)

Variance = Callable[[Placed, IntArray, FloatArray], float | None]


def as_published(_: Placed, observed: IntArray, expected: FloatArray) -> float | None:
    """By the rule of our indicators, from the counts themselves."""
    z = log_ratio_z(observed, expected)
    return published_variance(estimate_dispersion(z.z_value, z.s, DispersionRows.WINSORISED_10_CONSISTENT))


RULES: dict[str, Variance] = {
    "place_intervals": as_published,
    "place_intervals_known_variance": lambda world, *_: world.spread**2,
    "place_intervals_flat": lambda *_: None,
}


def place_lines(sets: int, seed: int) -> list[Line]:
    """`sets` of each world, the same for every rule. A share's error is that of the means of independent sets, never
    less than if all providers were independent: a few small sets that all hold have no spread to take one from."""
    found = []
    for number, world in enumerate(WORLDS):
        held = _held(world, sets, np.random.Generator(np.random.PCG64(seed + number)))
        for rule, each in held.items():
            found.append(_line(rule, world, "coverage_95", each))
            if world.doubled:
                found.append(_line(rule, world, "coverage_95_of_doubled", each[:, : world.doubled]))
    return found


def _held(world: Placed, sets: int, chance: np.random.Generator) -> dict[str, BoolArray]:
    """Whether each interval holds the true place, shape (sets, providers), by rule."""
    held = {rule: np.empty((sets, world.providers), dtype=np.bool_) for rule in RULES}
    for row in range(sets):
        true_expected = np.exp(chance.uniform(np.log(world.fewest), np.log(world.most), world.providers))
        ratio = np.exp(chance.normal(0.0, world.spread, world.providers))
        ratio[: world.doubled] *= DOUBLED
        observed = chance.poisson(true_expected * ratio).astype(np.int64)
        expected = true_expected * (observed.sum() / true_expected.sum())
        true_place = rankdata(ratio)
        for rule, variance in RULES.items():
            spread = variance(world, observed, expected)
            places = place_intervals(observed, expected, seed=row, between_provider_variance=spread)
            held[rule][row] = (places.place_lower <= true_place) & (true_place <= places.place_upper)
    return held


def _line(rule: str, world: Placed, figure: str, held: BoolArray) -> Line:
    shares = held.mean(axis=1)
    error = max(float(np.std(shares, ddof=1)) / len(shares) ** 0.5, share_error(WARNING, held.size))
    flat = rule == "place_intervals_flat"
    return Line(
        PART, rule, world.name, figure, float(shares.mean()), error, WARNING, None if world.doubled else WARNING,
        at_least=True, refused_for_ours=flat, why=OTHERS if world.doubled else FLAT if flat else "",
    )  # fmt: skip
