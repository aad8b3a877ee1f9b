"""Does a position survive other defensible methods (methods, section 2.17)? Every path that an indicator declares is
walked for all providers, and the report says how many agree, and which do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import ImpossibleExpected
from services.ratings.methods.arrays import BoolArray, Figures, FloatArray, IntArray, TextArray, counts_of, vector_of
from services.ratings.methods.funnel import Position
from services.ratings.methods.levels import CONTROL, WARNING
from services.ratings.methods.paths import Alternatives, walk

ROBUST_FROM = (4, 5)  # the share of agreeing paths, as a fraction of integers, from which a position stands by itself


@dataclass(frozen=True, eq=False)
class Basis:
    """One way to count and to expect, shape (n,) each: with or without deprivation, one year or three.

    `name` is put before the names of its paths; it stays empty for the indicator's own. A provider that a basis
    cannot rate (observed and expected both 0) has no path there.
    """

    observed: ArrayLike
    expected: ArrayLike
    name: str = ""


@dataclass(frozen=True, eq=False)
class Robustness:
    """For n providers over P paths. `position_on`: shape (P, n), "" where a path does not exist for a provider.

    `paths` and `agreeing`: counts, shape (n,). `share`: agreeing / paths, absent for a provider without a path.
    """

    names: tuple[str, ...]
    position_on: TextArray
    agrees: BoolArray
    paths: IntArray
    agreeing: IntArray
    share: Figures
    depends_on_method: BoolArray
    confidence: float
    method: str = "robustness_paths"
    method_version: str = METHOD_VERSION

    def differing(self, provider: int) -> tuple[str, ...]:
        """Names of the paths on which this provider (its row) lies elsewhere than its own position says."""
        differs = (self.position_on[:, provider] != "") & ~self.agrees[:, provider]
        return tuple(name for name, differ in zip(self.names, differs.tolist(), strict=True) if differ)


def robustness(
    position: ArrayLike, bases: Sequence[Basis], alternatives: Alternatives, confidence: float = CONTROL
) -> Robustness:
    """Walk every path on every basis and compare with `position`, shape (n,), words of `Position`.

    A path agrees if it puts the provider on the same side beyond the control limits (or, with `confidence` .95, the
    warning limits): above, below, or neither. `depends_on_method` marks positions beyond them with a share under .8.
    Raises ValueError where no alternative is declared, for an unknown position and for lengths that differ;
    ImpossibleExpected for events where nothing was expected.
    """
    own = np.asarray(position, dtype=np.str_)
    names: list[str] = []
    rows: list[TextArray] = []
    for basis in bases:
        found = _on_basis(basis, alternatives, len(own))
        names += [f"{basis.name}_{name}" if basis.name else name for name in found]
        rows += found.values()
    if not names or len(set(names)) < len(names):
        raise ValueError("no alternative declared" if not names else "two bases have the same name")
    return _compared(own, tuple(names), np.array(rows, dtype=np.str_), confidence)


def side_beyond(position: ArrayLike, confidence: float) -> IntArray:
    """1 above, -1 below, 0 not beyond the limits of that level, shape (n,); raises ValueError for another word."""
    words = np.asarray(position, dtype=np.str_)
    if not np.isin(words, [word.value for word in Position]).all():
        raise ValueError("unknown position")
    if confidence not in (WARNING, CONTROL):
        raise ValueError("confidence must be .95 or .998")
    above, below = [Position.ABOVE_CONTROL.value], [Position.BELOW_CONTROL.value]
    if confidence == WARNING:
        above, below = [*above, Position.ABOVE_WARNING.value], [*below, Position.BELOW_WARNING.value]
    return np.isin(words, above).astype(np.int64) - np.isin(words, below)


def _on_basis(basis: Basis, alternatives: Alternatives, providers: int) -> dict[str, TextArray]:
    """Positions by path, shape (n,); "" for providers that this basis cannot rate."""
    observed, expected = counts_of(basis.observed, "observed"), vector_of(basis.expected, "expected")
    if len(observed) != providers or len(expected) != providers or (expected < 0).any():
        raise ValueError("a basis needs one observed and one expected number, of at least 0, for each position")
    rated = expected > 0
    if (observed[~rated] > 0).any():
        raise ImpossibleExpected(np.flatnonzero(~rated & (observed > 0)).tolist())
    found = walk(observed[rated], expected[rated], alternatives)
    return {name: _spread_out(words, rated) for name, words in found.items()}


def _spread_out(words: TextArray, rated: BoolArray) -> TextArray:
    whole = np.full(rated.shape, "", dtype=words.dtype)
    whole[rated] = words
    return whole


def _compared(own: TextArray, names: tuple[str, ...], position_on: TextArray, confidence: float) -> Robustness:
    exists = position_on != ""
    side = side_beyond(own, confidence)
    walked = side_beyond(np.where(exists, position_on, Position.WITHIN.value).ravel(), confidence)
    agrees = exists & (walked.reshape(position_on.shape) == side)
    paths, agreeing = exists.sum(axis=0), agrees.sum(axis=0)
    share: FloatArray = agreeing / np.maximum(paths, 1)
    numerator, denominator = ROBUST_FROM
    depends = (side != 0) & (denominator * agreeing < numerator * paths)
    return Robustness(names, position_on, agrees, paths, agreeing, Figures.where(paths > 0, share), depends, confidence)
