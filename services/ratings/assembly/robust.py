"""Whether a flag survives the other methods that the indicator's file calls defensible."""

import numpy as np
import polars as pl

from services.ratings.assembly.comparing import ComparisonSet
from services.ratings.indicators.definition import Definition
from services.ratings.methods.arrays import BoolArray, IntArray, TextArray
from services.ratings.methods.levels import CONTROL, WARNING
from services.ratings.methods.paths import Alternatives
from services.ratings.methods.robustness import Basis, Robustness, robustness, side_beyond

COLUMNS = ("robustness_paths", "robustness_agreeing", "robustness_differing")
KINDS = (pl.Int64, pl.Int64, pl.String)


def expected_without(factor: str) -> str:
    """The column with the numbers expected by the model without this factor."""
    return f"expected_without_{factor}"


def robustness_of(
    rated: pl.DataFrame, position: TextArray, shown: TextArray, compared: ComparisonSet
) -> list[pl.Series]:
    """COLUMNS for each subject beyond the limits that give a word of their own; null for every other.

    `position`: of all subjects of the set. `shown`: the same where it may be said aloud, else empty. The names of
    the paths that differ stand with spaces between. Raises what `robustness` raises.
    """
    alternatives = alternatives_for(compared)
    level = level_of(compared.definition)
    flagged = np.zeros(len(position), dtype=np.bool_)
    found: Robustness | None = None
    if alternatives is not None:
        found = robustness(position, _bases(rated, compared.definition), alternatives, level)
        flagged = (side_beyond(position, level) != 0) & (shown != "") & (found.paths > 0)
    if found is None or not flagged.any():
        return [pl.Series(name, [None] * len(position), kind) for name, kind in zip(COLUMNS, KINDS, strict=True)]
    differing = [" ".join(found.differing(row)) if flag else None for row, flag in enumerate(flagged.tolist())]
    return [
        _where(flagged, found.paths, COLUMNS[0]),
        _where(flagged, found.agreeing, COLUMNS[1]),
        pl.Series(COLUMNS[2], differing, pl.String),
    ]


def level_of(definition: Definition) -> float:
    """The confidence of the limits beyond which a position gets a word of its own."""
    return WARNING if definition.limits.verdict == "warning" else CONTROL


def alternatives_for(compared: ComparisonSet) -> Alternatives | None:
    """Those of the file. Where this level's limits never allow for spread between subjects, no alternative does."""
    declared = compared.definition.alternatives
    if declared is None:
        return None
    spread = compared.level in compared.definition.dispersion.levels
    return Alternatives(
        interval=tuple(declared.interval),
        test=tuple(declared.test),
        scale=tuple(declared.scale) if spread else (),
        rows=tuple(declared.rows) if spread else (),
        effect=tuple(declared.effect) if spread else (),
    )


def _bases(rated: pl.DataFrame, definition: Definition) -> list[Basis]:
    observed = rated["observed"].to_numpy()
    without = definition.alternatives.without if definition.alternatives else []
    return [
        Basis(observed, rated["expected"].to_numpy()),
        *(Basis(observed, rated[expected_without(one)].to_numpy(), f"without_{one}") for one in without),
    ]


def _where(flagged: BoolArray, counts: IntArray, name: str) -> pl.Series:
    return pl.Series(name, counts.astype(np.int64)).set(pl.Series(~flagged), None)
