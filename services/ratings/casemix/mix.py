"""Case mix as counts and shares of the levels of a risk model's factors, told so that it points at nobody."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from services.ratings.indicators.risk_model import RiskModel
from services.ratings.methods.arrays import FloatArray

SMALL: Final = 10  # cases of a level: a smaller group has no share
SUPPRESSED_TO: Final = 7  # counts from 1 to this are not told where counts are rounded, as in NHS practice
TO: Final = 5

Counts = Mapping[str, int]  # level -> cases


@dataclass(frozen=True)
class Mix:
    """`cases`, and how many of them are in each level of each factor: column -> level -> cases, in the file's order."""

    cases: int
    factors: Mapping[str, Counts]


def mix_of(counts: pl.DataFrame, model: RiskModel) -> Mix:
    """Of rows with `cases` and the model's columns, as from `count_patterns`."""
    factors = {}
    for factor in model.factor:
        seen = dict(counts.group_by(factor.column).agg(pl.col("cases").sum()).iter_rows())
        others = sorted(set(seen) - set(factor.levels))
        factors[factor.column] = {level: int(seen.get(level, 0)) for level in (*factor.levels, *others)}
    return Mix(int(counts["cases"].sum()), factors)


def nearest_five(count: int) -> int | None:
    """None for a count from 1 to 7."""
    return None if 0 < count <= SUPPRESSED_TO else (2 * count + TO) // (2 * TO) * TO


def exact_shares(levels: Counts) -> dict[str, int | None]:
    """In whole percent; None where there are no cases."""
    whole = sum(levels.values())
    return {level: round(100 * count / whole) if whole else None for level, count in levels.items()}


def safe_shares(levels: Counts) -> dict[str, int | None]:
    """In whole percent, None for a small group; and where one alone is small for the next smallest too, or the rest
    would give it away."""
    small = {level for level, count in levels.items() if 0 < count < SMALL}
    left = sorted((count, level) for level, count in levels.items() if count >= SMALL)
    if len(small) == 1 and left:
        small.add(left[0][1])
    return {level: None if level in small else share for level, share in exact_shares(levels).items()}


def context_of(mixes: Sequence[Mix], model: RiskModel) -> FloatArray:
    """What makes two subjects comparable, shape (n, columns): the logarithm of their cases, and the share of each level
    but the reference. Raises ValueError for somebody without cases."""
    rows = []
    for mix in mixes:
        shares = [
            mix.factors[factor.column].get(level, 0) / mix.cases
            for factor in model.factor for level in factor.levels if level != factor.reference
        ]  # fmt: skip
        rows.append([math.log(mix.cases), *shares])
    return pl.DataFrame(rows, orient="row").to_numpy()
