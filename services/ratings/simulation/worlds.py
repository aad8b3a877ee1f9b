"""Sets of providers whose true ratios are known: the truth is drawn here, and nothing else.

The set-up of the method page's section 2.4, in the reading that gives its figures (see docs/methods.md): 150 providers,
expected events log-normal with mean 65 and deviation .5; expected numbers scaled so that their sum is that of all
events, as those of a fitted model are; 7 of 150 planted (5%, whole providers), whose own true ratio is doubled.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from services.ratings.methods.arrays import BoolArray, FloatArray, IntArray

Truth = Callable[[np.random.Generator, FloatArray], FloatArray]
DOUBLED = 2.0


@dataclass(frozen=True)
class Setting:
    """`truth` draws true ratios, shape of its second argument, the expected numbers. `own` names whose assumptions it
    meets: `null`, `additive` (one variance for all), `multiplicative` (variance as 1/E), `counts` (gamma ratios)."""

    name: str
    truth: Truth
    own: str
    providers: int = 150
    mean_expected: float = 65.0
    spread_expected: float = 0.5
    planted: int = 0


@dataclass(frozen=True, eq=False)
class World:
    """One set of providers, shape (n,) each: observed, expected as a model would give it, and who is planted."""

    observed: IntArray
    expected: FloatArray
    planted: BoolArray


def drawn(setting: Setting, worlds: int, seed: int) -> Iterator[World]:
    """`worlds` sets drawn as one block, one after the other; the same seed gives the same sets."""
    chance = np.random.Generator(np.random.PCG64(seed))
    shape = (worlds, setting.providers)
    median = setting.mean_expected * math.exp(-(setting.spread_expected**2) / 2)
    expected = median * np.exp(chance.normal(0.0, setting.spread_expected, shape))
    planted = np.arange(setting.providers) < setting.planted
    ratio = np.where(planted, DOUBLED, 1.0) * setting.truth(chance, expected)
    observed = chance.poisson(expected * ratio).astype(np.int64)
    scaled = expected * (observed.sum(axis=1) / expected.sum(axis=1))[:, None]
    for index in range(worlds):
        yield World(observed[index], scaled[index], planted)


def as_expected(_: np.random.Generator, expected: FloatArray) -> FloatArray:
    """Every true ratio is 1."""
    return np.ones_like(expected)


def log_normal(deviation: float) -> Truth:
    """The truth of section 2.4, and of the additive model on the log scale."""
    return lambda chance, expected: np.exp(chance.normal(0.0, deviation, expected.shape))


def gamma(deviation: float) -> Truth:
    """Mean 1 and the given deviation: the truth of the negative binomial count."""
    return lambda chance, expected: chance.gamma(deviation**-2, deviation**2, expected.shape)


def multiplied(dispersion_ratio: float) -> Truth:
    """Gamma ratios of variance (phi - 1)/E, so that the count has phi times the variance of a Poisson count."""
    return lambda chance, expected: chance.gamma(expected / (dispersion_ratio - 1)) * (dispersion_ratio - 1) / expected


SETTINGS = (
    Setting("null", as_expected, "null"),
    Setting("additive_gamma_0.2", gamma(0.2), "counts"),
    Setting("additive_log_normal_0.2", log_normal(0.2), "additive"),
    Setting("additive_log_normal_0.1", log_normal(0.1), "additive"),
    Setting("multiplicative_2", multiplied(2.0), "multiplicative"),
    Setting("small_null", as_expected, "null", mean_expected=8.0, spread_expected=0.8),
    Setting("small_additive_gamma_0.2", gamma(0.2), "counts", mean_expected=8.0, spread_expected=0.8),
    Setting("planted_0.1", log_normal(0.1), "planted", planted=7),
)
