"""Figures of many providers at once, each task in its own process: `python -m benchmarks.rate.kernels TASK SIZE`."""

import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.rate.contenders import peak_mebibytes
from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.count_tails import count_tail_limits
from services.ratings.methods.dispersion_limits import additive_limits
from services.ratings.methods.funnel import entered, log_ratio_z, positions_against, target_limits
from services.ratings.methods.gates import Gates, gated
from services.ratings.methods.intervals import IntervalRule, exact_binomial_interval, wilson_interval
from services.ratings.methods.ordering import expected_places, place_intervals
from services.ratings.methods.overdispersion import DispersionRows, estimate_dispersion
from services.ratings.methods.power import poisson_power
from services.ratings.methods.reliability import reliability, shrunk_ratio
from services.ratings.methods.standardisation import standardise

SEED = 20260401
INDICATORS = 60
DRAWS = 10_000
GATES = Gates(10, 1.0, 0.5)


def providers(size: int, chance: np.random.Generator) -> tuple[IntArray, IntArray, FloatArray]:
    """Events, cases and expected events of `size` providers that truly differ: sizes from a handful to thousands."""
    cases = np.maximum(10, chance.lognormal(5.5, 1.0, size)).astype(np.int64)
    expected = cases * chance.uniform(0.02, 0.06, size)
    observed = np.minimum(cases, chance.poisson(expected * chance.lognormal(0, 0.2, size)))
    return observed.astype(np.int64), cases, expected


def rate_all(size: int) -> dict[str, float]:
    """Every interval, limit and reliability of `INDICATORS` indicators for `size` providers each."""
    chance = np.random.default_rng(SEED)
    worlds = [providers(size, chance) for _ in range(INDICATORS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # indicators know nothing of one another
        outside = sum(threads.map(lambda world: _rated(*world), worlds))
    return {"seconds": time.perf_counter() - began, "beyond_control_limits": float(outside)}


def _rated(observed: IntArray, cases: IntArray, expected: FloatArray) -> int:
    for rule in IntervalRule:
        ratio = standardise(observed, cases, expected, rule=rule)
    for confidence in (0.95, 0.998):
        wilson_interval(observed, cases, confidence)
        exact_binomial_interval(observed, cases, confidence)
    target = target_limits(expected)
    z = log_ratio_z(observed, expected)
    spread = estimate_dispersion(z.z_value, z.s, DispersionRows.WINSORISED_10_CONSISTENT)
    variance = spread.variance_for_limits
    wider = [additive_limits(expected, variance), count_tail_limits(expected, variance)]
    power = poisson_power(expected).power_to_detect_doubling
    _, _, position = (
        gated(positions_against(entered(observed) / expected, limits), cases, expected, GATES, power)
        for limits in (target, *wider)
    )
    reliability(expected, variance)
    shrunk_ratio(observed, expected, variance)
    assert ratio.rated.all()
    return int(np.char.endswith(position.position, "control").sum())


def place_all(size: int) -> dict[str, float]:
    """Expected places and place intervals of `size` providers, by draws."""
    observed, _, expected = providers(size, np.random.default_rng(SEED))
    began = time.perf_counter()
    expected_places(observed, expected)
    middle = time.perf_counter()
    places = place_intervals(observed, expected, seed=SEED, draws=DRAWS)
    ended = time.perf_counter()
    width = float(np.mean(places.place_upper - places.place_lower))
    return {"seconds": ended - middle, "expected_places_seconds": middle - began, "mean_width": width}


TASKS: dict[str, Callable[[int], dict[str, float]]] = {"rating": rate_all, "places": place_all}


if __name__ == "__main__":
    told = TASKS[sys.argv[1]](int(sys.argv[2]))
    sys.stdout.write(json.dumps(told | {"peak_mebibytes": peak_mebibytes()}))
