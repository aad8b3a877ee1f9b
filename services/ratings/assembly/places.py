"""Intervals of places, only where no person's figures are among those that are put in order."""

import hashlib
from collections.abc import Sequence

import polars as pl

from services.ratings.methods.ordering import place_intervals

COLUMNS = ("place_lower", "place_upper", "places_of")
FEWEST = 2


def seed_of(inputs: Sequence[str], *key: str) -> int:
    """A seed for draws that the same inputs give on every run: of the digests of the snapshots, and what is drawn."""
    told = "\0".join([*sorted(inputs), *key])
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8])


def places_of(rated: pl.DataFrame, seed: int | None, variance: float | None) -> list[pl.Series]:
    """COLUMNS of each subject among all of the set; null where there is no `seed`, nobody to stand beside, or no
    `variance` between providers: without it an interval holds the true place far less often than it says.

    An interval of places is a function of everybody's figures. Where some are hidden it would tell of them.
    """
    if seed is None or variance is None or rated.height < FEWEST:
        return [pl.Series(name, [None] * rated.height, pl.Int64) for name in COLUMNS]
    observed, expected = (rated[name].to_numpy() for name in ("observed", "expected"))
    found = place_intervals(observed, expected, seed=seed, between_provider_variance=variance)
    return [
        pl.Series(COLUMNS[0], found.place_lower),
        pl.Series(COLUMNS[1], found.place_upper),
        pl.Series(COLUMNS[2], [found.of] * rated.height, pl.Int64),
    ]
