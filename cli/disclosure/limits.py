"""Which counts of events fit the limits that are printed: exact limits give a count away. Pure.

Garwood's limits of a Poisson count are quantiles of chi-square (Garwood 1936), Byar's are a formula (Breslow and Day
1987). Limits of a rate or ratio are those of the count times a scale that is the same for lower end, estimate and upper
end; whoever has two of the three needs to know no scale.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, norm

from cli.disclosure.numbers import Span

Floats = npt.NDArray[np.float64]
LARGEST: Final = 2000  # counts tried; beyond them neighbours are told apart by nobody
FEWEST_THAT_FIT: Final = 3
TAIL: Final = 0.025


def fitting(method: str, parts: dict[str, Span], scale: Span | None = None) -> list[int]:
    """Counts for which one scale gives all printed `parts` (`lower`, `estimate`, `upper`, each with its rounding). All
    of them where the method is not known. `scale`: what is known of it (the benchmark over the expected number)."""
    counts = np.arange(LARGEST + 1, dtype=np.float64)
    ends = {"exact_poisson": _exact, "byar": _byar}.get(method)
    if ends is None or not parts:
        return [int(one) for one in counts]
    lower, upper = ends(counts)
    low = np.full(counts.shape, scale.low if scale else 0.0)
    high = np.full(counts.shape, scale.high if scale else np.inf)
    possible = np.ones(counts.shape, dtype=np.bool_)
    for name, at in (("lower", lower), ("estimate", counts), ("upper", upper)):
        if name not in parts:
            continue
        said, some = parts[name], at > 0
        possible &= some | (said.low <= 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.where(some, np.maximum(low, said.low / at), low)
            high = np.where(some, np.minimum(high, said.high / at), high)
    fits = possible & (low <= high * (1 + 1e-12)) & (high > 0)
    return [int(one) for one in counts[fits]]


def _exact(counts: Floats) -> tuple[Floats, Floats]:
    lower = np.where(counts > 0, chi2.ppf(TAIL, 2 * np.maximum(counts, 1)) / 2, 0.0)
    return lower, np.asarray(chi2.ppf(1 - TAIL, 2 * counts + 2) / 2)


def _byar(counts: Floats) -> tuple[Floats, Floats]:
    z = float(norm.ppf(1 - TAIL))
    some, more = np.maximum(counts, 1), counts + 1
    lower = some * np.maximum(1 - 1 / (9 * some) - z / (3 * np.sqrt(some)), 0) ** 3
    return np.where(counts > 0, lower, 0.0), more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
