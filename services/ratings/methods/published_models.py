"""Risk from coefficients that somebody else published: nothing is fitted, nothing outside their ranges is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import polars as pl
from scipy.special import expit

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import BoolArray, FloatArray
from services.ratings.methods.design_matrix import MISSING, UnknownLevel


class OutOfRange(ValueError):
    """A number outside the range for which the model may be used: no risk can be given."""

    def __init__(self, column: str, lowest: float, highest: float, found: Sequence[float]) -> None:
        self.column, self.found = column, tuple(found)
        listed = ", ".join(f"{value:g}" for value in found)
        super().__init__(f"{column}: {listed} is not within {lowest:g} to {highest:g}")


class UnknownVersion(ValueError):
    """There is no such model, or not in this version; another version is another model."""


@dataclass(frozen=True)
class Levels:
    """A column of words: the weight of each level, 0 for the reference level."""

    column: str
    reference: str
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        if self.reference in self.weights or MISSING in (self.reference, *self.weights):
            raise ValueError(f"{self.column}: neither the reference nor a missing level carries a weight")


@dataclass(frozen=True)
class Bands:
    """A column of numbers in bands: `weights[i]` up to and including `up_to[i]`, the last one above all of them.

    Where `overruled_by` is at another than its reference level, its weight counts in place of the band's, and the
    number may be missing (dialysis in place of creatinine clearance).
    """

    column: str
    lowest: float
    highest: float
    up_to: tuple[float, ...]
    weights: tuple[float, ...]
    overruled_by: Levels | None = None

    def __post_init__(self) -> None:
        edges = (self.lowest, *self.up_to, self.highest)
        if len(self.weights) != len(self.up_to) + 1 or list(edges) != sorted(set(edges)):
            raise ValueError(f"{self.column}: bands must ascend within the range, with one weight more than edges")


@dataclass(frozen=True)
class Slope:
    """A column of numbers: `slope` x (number - `centre`), the difference counted as `at_least` where it is smaller."""

    column: str
    lowest: float
    highest: float
    centre: float
    slope: float
    at_least: float | None = None


PublishedTerm: TypeAlias = Levels | Bands | Slope


@dataclass(frozen=True)
class PublishedModel:
    """A logistic model as printed: linear predictor = `intercept` + the weights of all terms."""

    id: str
    version: str
    source: str
    intercept: float
    terms: tuple[PublishedTerm, ...]
    method: str = "published_coefficients"
    method_version: str = METHOD_VERSION


def version_of(models: Sequence[PublishedModel], model: str, version: str) -> PublishedModel:
    """The model of this id and version; raises UnknownVersion, naming the versions there are."""
    for one in models:
        if (one.id, one.version) == (model, version):
            return one
    known = ", ".join(sorted(one.version for one in models if one.id == model)) or "none"
    raise UnknownVersion(f"there is no {model} of version {version}; versions known: {known}")


def published_risk(patterns: pl.DataFrame, model: PublishedModel) -> FloatArray:
    """Risk in (0, 1) of each row, shape (m,), from the model's columns.

    Raises OutOfRange for a number outside its term's range, UnknownLevel for a level that has no coefficient and for an
    empty cell: what was not published is not guessed.
    """
    linear = np.full(patterns.height, model.intercept)
    for term in model.terms:
        linear += _weights(patterns, term)
    return np.asarray(expit(linear))


def _weights(patterns: pl.DataFrame, term: PublishedTerm) -> FloatArray:
    if isinstance(term, Levels):
        return _of_levels(patterns, term)
    if isinstance(term, Slope):
        values = _numbers(patterns, term, np.ones(patterns.height, dtype=np.bool_)) - term.centre
        return term.slope * (values if term.at_least is None else np.maximum(values, term.at_least))
    counts = np.ones(patterns.height, dtype=np.bool_)
    instead = np.zeros(patterns.height)
    if term.overruled_by is not None:
        instead = _of_levels(patterns, term.overruled_by)
        counts = (patterns[term.overruled_by.column].cast(pl.String) == term.overruled_by.reference).to_numpy()
    band = np.searchsorted(np.array(term.up_to), _numbers(patterns, term, counts), side="left")
    return np.where(counts, np.array(term.weights)[band], instead)


def _of_levels(patterns: pl.DataFrame, term: Levels) -> FloatArray:
    words = patterns[term.column].cast(pl.String).fill_null(MISSING)
    weights = {term.reference: 0.0, **term.weights}
    unknown = words.filter(~words.is_in(list(weights)))
    if unknown.len():
        raise UnknownLevel(term.column, sorted(unknown.unique().to_list()))
    return words.replace_strict(weights, return_dtype=pl.Float64).to_numpy()


def _numbers(patterns: pl.DataFrame, term: Bands | Slope, needed: BoolArray) -> FloatArray:
    """The column's numbers, the lowest allowed one in place of those that are not needed."""
    column = patterns[term.column]
    if not column.dtype.is_numeric() and column.dtype != pl.Null:
        raise ValueError(f"{term.column} must hold numbers, not {column.dtype}")
    values = column.cast(pl.Float64).to_numpy()
    if (column.is_null().to_numpy() & needed).any():
        raise UnknownLevel(term.column, [MISSING])
    outside = needed & ~((values >= term.lowest) & (values <= term.highest))  # a NaN is outside, too
    if outside.any():
        raise OutOfRange(term.column, term.lowest, term.highest, np.unique(values[outside]).tolist())
    return np.where(needed, values, term.lowest)
