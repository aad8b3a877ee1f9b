"""The design of a risk model: declared columns in, numeric arrays out. Levels and references are never guessed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import polars as pl

from services.ratings.methods.arrays import BoolArray, FloatArray

INTERCEPT = "intercept"
MISSING = "missing"  # a level of its own: never the reference, never dropped


class UnknownLevel(ValueError):
    """A value that the model file does not declare, or that the fit never saw: no risk can be given."""

    def __init__(self, column: str, found: Sequence[str]) -> None:
        self.column, self.found = column, tuple(found)
        super().__init__(f"{column}: {', '.join(self.found)} is not a level of this model")


class SingularDesign(ValueError):
    """Columns of the design determine one another, so that their coefficients have no single answer."""


@dataclass(frozen=True)
class Categorical:
    """A column of words with its declared levels, in the file's order, and its declared reference level."""

    column: str
    levels: tuple[str, ...]
    reference: str

    def __post_init__(self) -> None:
        if len(set(self.levels)) != len(self.levels) or self.reference not in self.levels:
            raise ValueError(f"{self.column}: levels must differ and hold the reference level")
        if self.reference == MISSING:
            raise ValueError(f"{self.column}: missing cannot be the reference level")

    def names(self) -> list[str]:
        return [f"{self.column}={level}" for level in self.levels if level != self.reference]


@dataclass(frozen=True)
class Numeric:
    """A column of numbers. With a `centre`, a missing number takes that value and an indicator column of its own."""

    column: str
    centre: float | None = None
    missing_seen: bool = False  # set by the fit: whether the indicator column is part of the model

    def names(self) -> list[str]:
        return [self.column, f"{self.column}={MISSING}"] if self.missing_seen else [self.column]


Term: TypeAlias = Categorical | Numeric


def coefficient_names(terms: Sequence[Term]) -> tuple[str, ...]:
    """`intercept`, then each term's columns in file order; raises ValueError for a column declared twice."""
    names = (INTERCEPT, *(name for term in terms for name in term.names()))
    if len(set(names)) != len(names):
        raise ValueError("a column is declared twice")
    return names


def terms_as_seen(patterns: pl.DataFrame, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The declared terms, narrowed to the levels that the data hold: an unseen level has no coefficient to give.

    Raises UnknownLevel for an undeclared level, SingularDesign where the reference level has no case, ValueError for
    a missing number without a declared centre.
    """
    return tuple(_seen(patterns.get_column(term.column), term) for term in terms)


def _seen(values: pl.Series, term: Term) -> Term:
    if isinstance(term, Numeric):
        if values.null_count() and term.centre is None:
            raise ValueError(f"{term.column}: a number is missing and the model states no centre")
        return replace(term, missing_seen=values.null_count() > 0)
    declared = term.levels if MISSING in term.levels else (*term.levels, MISSING)
    found = set(_words(values, term.column).unique().to_list())
    if unknown := found - set(declared):
        raise UnknownLevel(term.column, sorted(unknown))
    if term.reference not in found:
        raise SingularDesign(f"{term.column}: the reference level {term.reference} has no case")
    return replace(term, levels=tuple(level for level in declared if level in found))


def design_matrix(patterns: pl.DataFrame, terms: Sequence[Term]) -> FloatArray:
    """Rows of patterns, columns as `coefficient_names`, shape (m, k), the intercept first.

    Raises UnknownLevel for a level outside the terms (missing included), ValueError for a number that is not finite.
    """
    columns = [np.ones(patterns.height)]
    for term in terms:
        columns.extend(_columns(patterns.get_column(term.column), term))
    return np.column_stack(columns)


def _columns(values: pl.Series, term: Term) -> list[FloatArray]:
    if isinstance(term, Numeric):
        return _number_columns(values, term)
    words = _words(values, term.column)
    unknown = words.filter(~words.is_in(list(term.levels)))
    if unknown.len():
        raise UnknownLevel(term.column, sorted(unknown.unique().to_list()))
    return [_indicator((words == level).to_numpy()) for level in term.levels if level != term.reference]


def _number_columns(values: pl.Series, term: Numeric) -> list[FloatArray]:
    if not values.dtype.is_numeric():
        raise ValueError(f"{term.column} must hold numbers, not {values.dtype}")
    if values.null_count() and not term.missing_seen:
        raise UnknownLevel(term.column, [MISSING])
    filled = values.cast(pl.Float64).fill_null(term.centre or 0.0).to_numpy()
    if not np.isfinite(filled).all():
        raise ValueError(f"{term.column} holds a number that is not finite")
    return [filled, _indicator(values.is_null().to_numpy())] if term.missing_seen else [filled]


def _words(values: pl.Series, column: str) -> pl.Series:
    if values.dtype.is_float() or values.dtype.is_temporal() or values.dtype.is_nested():
        raise ValueError(f"{column} must hold words or whole numbers, not {values.dtype}")
    return values.cast(pl.String).fill_null(MISSING)


def _indicator(flags: BoolArray) -> FloatArray:
    return flags.astype(np.float64)
