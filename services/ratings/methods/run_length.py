"""How many cases a risk-adjusted CUSUM runs to its signal, and the threshold for a wanted run length (Steiner 2000)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import FloatArray, counts_of, same_length
from services.ratings.methods.case_series import risks_of
from services.ratings.methods.cusum_weights import cusum_weights

NODES = 1_000
PAIRS_AT_A_TIME = 1_000_000  # nodes x risks
DECIMALS = 4  # of a threshold: published charts state it so, and what is stated must be what is run
LARGEST = 50.0
LONGEST = 1e12  # cases; beyond it a solution is rounding
MOST_CASES = 1_000_000  # of a simulated run


class NoSignal(ValueError):
    """A chart that hardly ever signals: there is no run length to state."""


@dataclass(frozen=True)
class Threshold:
    """A threshold with the mean run lengths that belong to it: every published chart states all three."""

    threshold: float
    in_control: float
    out_of_control: float
    odds_ratio: float
    method: str = "integral_equation_1000_nodes"
    method_version: str = METHOD_VERSION


@dataclass(frozen=True)
class SimulatedRunLength:
    """Mean number of cases to the first signal over `runs` seeded runs, with its standard error."""

    mean: float
    standard_error: float
    runs: int
    method: str = "simulation"
    method_version: str = METHOD_VERSION


def average_run_length(
    risk: ArrayLike, cases: ArrayLike, odds_ratio: float, threshold: float, *, true_odds_ratio: float = 1.0
) -> float:
    """Mean cases to the first signal, sum at 0 to begin with, when cases are drawn from the risk mix (risk, cases).

    L(c) = 1 + mean over the mix of p L(max(0, c + W1)) + (1 - p) L(max(0, c + W0)), L = 0 at or above the threshold,
    solved on 1,000 nodes with linear interpolation; p is the risk at `true_odds_ratio` times the odds (1: in
    control). Raises NoSignal above 10^12 cases, and ValueError for a mix without cases, a risk outside (0, 1), or
    ratios or a threshold out of range.
    """
    length = _run_length(*_mix(risk, cases), odds_ratio, threshold, true_odds_ratio)
    if length > LONGEST:
        raise NoSignal("this chart would not signal within 10^12 cases")
    return length


def _run_length(
    risks: FloatArray, share: FloatArray, odds_ratio: float, threshold: float, true_odds_ratio: float
) -> float:
    """L(0), infinite where the equation has no solution that could be told from rounding."""
    if not 0 < threshold < math.inf:
        raise ValueError("threshold must be finite and above 0")
    step = threshold / (NODES - 1)  # the last node is the limit from below: at the threshold itself L is 0
    moves = np.zeros((NODES, NODES))
    for start in range(0, len(risks), PAIRS_AT_A_TIME // NODES):
        some = slice(start, start + PAIRS_AT_A_TIME // NODES)
        for outcome, chance in _outcomes(risks[some], true_odds_ratio):
            weights = cusum_weights(risks[some], np.full(len(chance), outcome), odds_ratio)
            moves += _moves(weights, share[some] * chance, step)
    try:
        length = float(np.linalg.solve(np.eye(NODES) - moves, np.ones(NODES))[0])
    except np.linalg.LinAlgError:
        return math.inf
    return length if 1 <= length <= LONGEST else math.inf


def _moves(weights: FloatArray, chance: FloatArray, step: float) -> FloatArray:
    """Chance of going from each node to each node, shape (nodes, nodes), shared between the two nodes beside."""
    to = np.maximum(0.0, np.arange(NODES)[:, None] + weights[None, :] / step)
    inside = to < NODES - 1
    left = np.minimum(to.astype(np.int64), NODES - 2)
    cell = np.arange(NODES)[:, None] * NODES + left
    mass = np.where(inside, chance[None, :], 0.0)
    right = mass * (to - left)
    at_left = np.bincount(cell.ravel(), (mass - right).ravel(), NODES * NODES)
    at_right = np.bincount(cell.ravel() + 1, right.ravel(), NODES * NODES)
    return np.asarray(at_left + at_right, dtype=np.float64).reshape(NODES, NODES)


def threshold_for(risk: ArrayLike, cases: ArrayLike, odds_ratio: float, run_length: float) -> Threshold:
    """The smallest threshold, to 4 decimals, whose mean run length in control is at least `run_length` cases.

    Comes with the run length in control and with that at odds multiplied by `odds_ratio`. Raises ValueError as
    `average_run_length`, for a run length that is not above 1, or one that no threshold up to 50 reaches.
    """
    if not 1 < run_length < math.inf:
        raise ValueError("run_length must be finite and above 1")
    mix, unit, low, high = _mix(risk, cases), 10**DECIMALS, 0, 10**DECIMALS
    while _run_length(*mix, odds_ratio, high / unit, 1.0) < run_length:
        low, high = high, 2 * high
        if high > LARGEST * unit:
            raise ValueError(f"no threshold up to {LARGEST} reaches a run length of {run_length}")
    while high - low > 1:
        middle = (low + high) // 2
        reached = _run_length(*mix, odds_ratio, middle / unit, 1.0) >= run_length
        low, high = (low, middle) if reached else (middle, high)
    threshold = high / unit
    in_control = average_run_length(risk, cases, odds_ratio, threshold)
    out_of_control = average_run_length(risk, cases, odds_ratio, threshold, true_odds_ratio=odds_ratio)
    return Threshold(threshold, in_control, out_of_control, odds_ratio)


def simulated_run_length(
    risk: ArrayLike,
    cases: ArrayLike,
    odds_ratio: float,
    threshold: float,
    *,
    runs: int,
    seed: int,
    true_odds_ratio: float = 1.0,
    most_cases: int = MOST_CASES,
) -> SimulatedRunLength:
    """Mean cases to the first signal over seeded runs, all runs stepping together. Raises NoSignal where a run
    passes `most_cases`, and ValueError as `average_run_length`."""
    risks, share = _mix(risk, cases)
    if not 0 < threshold < math.inf or runs < 2:
        raise ValueError("threshold must be finite and above 0, and runs at least 2")
    (_, without), (_, with_event) = _outcomes(risks, true_odds_ratio)
    weights = np.concatenate([cusum_weights(risks, np.full(len(risks), y), odds_ratio) for y in (0, 1)])
    ends = np.cumsum(np.concatenate([share * without, share * with_event]))
    generator, running, lengths, step = np.random.default_rng(seed), np.zeros(runs), [], 0
    while len(running):
        step += 1
        if step > most_cases:
            raise NoSignal(f"{len(running)} of {runs} runs do not signal within {most_cases} cases")
        drawn = np.minimum(np.searchsorted(ends, generator.random(len(running)), side="right"), len(weights) - 1)
        running = np.maximum(0.0, running + weights[drawn])
        over = running >= threshold
        lengths.append(np.full(over.sum(), step))
        running = running[~over]
    every = np.concatenate(lengths).astype(np.float64)
    return SimulatedRunLength(float(every.mean()), float(every.std(ddof=1) / math.sqrt(runs)), runs)


def _outcomes(risks: FloatArray, true_odds_ratio: float) -> list[tuple[int, FloatArray]]:
    """Both outcomes of a case with its chance, shape (m,), when the odds are multiplied."""
    if not 0 < true_odds_ratio < math.inf:
        raise ValueError("true_odds_ratio must be finite and above 0")
    event = true_odds_ratio * risks / (1 - risks + true_odds_ratio * risks)
    return [(0, 1 - event), (1, event)]


def _mix(risk: ArrayLike, cases: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Distinct risks in order with the share of cases that have each; the order of the rows changes no bit."""
    risks, sizes = risks_of(risk), counts_of(cases, "cases")
    same_length(risks, sizes)
    distinct, inverse = np.unique(risks[sizes > 0], return_inverse=True)
    if not len(distinct):
        raise ValueError("a risk mix needs at least one case")
    counts = np.bincount(inverse, weights=sizes[sizes > 0])
    return distinct, counts / counts.sum()
