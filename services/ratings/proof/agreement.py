"""What the specification claims of a source, and how far a recipe got: rows agree or they do not, nothing between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from services.ratings.methods.arrays import BoolArray, FloatArray

Frames = Mapping[str, pl.DataFrame]
"""Frames by entry, such as `shmi-2013-04`, with the canonical columns of their sources."""


@dataclass(frozen=True)
class Claim:
    """`required` of `of` rows agree within `tolerance`. `named`: the keys of the rows that do not agree, where the
    specification names them; None where it gives their number only. `why`: what is behind the exceptions."""

    source: str
    what: str
    tolerance: str
    entries: tuple[str, ...]
    of: int
    required: int
    why: str = ""
    named: frozenset[str] | None = None

    def met_by(self, keys: Sequence[str], agrees: BoolArray) -> "Agreement":
        """One key and one verdict per compared row, shape (n,). Raises ValueError where lengths differ or a key comes
        twice: a row that is there again must not stand for one that is gone."""
        if len(keys) != len(agrees):
            raise ValueError(f"{len(keys)} keys for {len(agrees)} rows")
        if len(set(keys)) < len(keys):
            raise ValueError("two rows have one key")
        apart = tuple(sorted(key for key, equal in zip(keys, agrees.tolist(), strict=True) if not equal))
        return Agreement(self, len(keys), int(agrees.sum()), apart, self.why)

    def figures_met_by(self, found: Mapping[str, float], wanted: Mapping[str, tuple[float, float]]) -> "Agreement":
        """One row per figure: found against (wanted, most that it may differ)."""
        names = sorted(wanted)
        agrees = [name in found and abs(found[name] - wanted[name][0]) <= wanted[name][1] for name in names]
        return self.met_by(names, np.array(agrees, dtype=np.bool_))

    def unmet(self, reason: str) -> "Agreement":
        """Nothing could be compared, and `reason` says why."""
        return Agreement(self, 0, 0, (), reason)


@dataclass(frozen=True)
class Agreement:
    """A claim beside what was found: rows compared, rows that agree, and the keys of those that do not."""

    claim: Claim
    rows: int
    reached: int
    exceptions: tuple[str, ...] = field(default=())
    why: str = ""

    @property
    def ok(self) -> bool:
        """Every row of the specification was compared, as many agree as it requires, and no other row differs."""
        as_named = self.claim.named is None or self.claim.named == frozenset(self.exceptions)
        return self.rows == self.claim.of and self.reached >= self.claim.required and as_named

    def as_row(self) -> dict[str, object]:
        """The row of the table that the command prints."""
        return {
            "source": self.claim.source,
            "what": self.claim.what,
            "tolerance": self.claim.tolerance,
            "rows": self.rows,
            "required": self.claim.required,
            "reached": self.reached,
            "ok": self.ok,
            "exceptions": list(self.exceptions),
            "why": self.why,
            "entries": list(self.claim.entries),
        }


def floats(frame: pl.DataFrame, column: str) -> FloatArray:
    """A column as floats, NaN where it is null, so that a missing figure agrees with nothing."""
    return frame[column].cast(pl.Float64).to_numpy().astype(np.float64)


def near(found: FloatArray, published: FloatArray, most: float) -> BoolArray:
    """Where two figures are at most so far apart; false where either is missing."""
    return np.asarray(np.abs(found - published) <= most)


def keys_of(frame: pl.DataFrame, *columns: str) -> list[str]:
    """What to call each row of a frame: its key columns with spaces between."""
    return (
        frame.select(pl.concat_str([pl.col(c).cast(pl.String) for c in columns], separator=" ")).to_series().to_list()
    )
