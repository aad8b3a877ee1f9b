"""The frames that a build makes. Each is kept under the digest of its content."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

RESULT_KEY: Final = ("indicator", "period_id", "level", "subject")
RESULTS: Final[dict[str, type[pl.DataType]]] = {
    "indicator": pl.String, "period_id": pl.String, "level": pl.String, "subject": pl.String,
    "period_start": pl.Date, "period_end": pl.Date, "provider_id": pl.String, "consultant_id": pl.String,
    "cases": pl.Int64, "observed": pl.Int64, "expected": pl.Float64, "status": pl.String, "reason": pl.String,
    "ratio": pl.Float64, "estimate": pl.Float64, "interval_lower": pl.Float64, "interval_upper": pl.Float64,
    "interval_method": pl.String, "benchmark": pl.Float64, "comparison_status": pl.String,
    "not_rated_reason": pl.String, "position": pl.String, "limits_method": pl.String, "warning_lower": pl.Float64,
    "warning_upper": pl.Float64, "control_lower": pl.Float64, "control_upper": pl.Float64,
    "reliability": pl.Float64, "power_to_detect_doubling": pl.Float64, "min_detectable_ratio": pl.Float64,
    "robustness_paths": pl.Int64, "robustness_agreeing": pl.Int64, "robustness_differing": pl.String,
    "place_lower": pl.Int64, "place_upper": pl.Int64, "places_of": pl.Int64, "word": pl.String, "verdict": pl.String,
}  # fmt: skip
COMPARISON_KEY: Final = ("indicator", "period_id", "level")
COMPARISONS: Final[dict[str, type[pl.DataType]]] = {
    "indicator": pl.String, "period_id": pl.String, "level": pl.String, "period_start": pl.Date,
    "period_end": pl.Date, "limits_method": pl.String, "dispersion": pl.String,
    "between_provider_variance": pl.Float64, "merges": pl.String,
}  # fmt: skip
MEMBER_KEY: Final = ("indicator", "period_id", "provider", "consultant")
MEMBERS: Final[dict[str, type[pl.DataType]]] = {
    "indicator": pl.String, "period_id": pl.String, "provider": pl.String, "consultant": pl.String, "cases": pl.Int64,
}  # fmt: skip
CELL_KEY: Final = MEMBER_KEY
CELLS: Final[dict[str, type[pl.DataType]]] = {
    **MEMBERS, "observed": pl.Int64, "expected": pl.Float64,
}  # fmt: skip
MODEL_KEY: Final = ("indicator", "period_id")
MODELS: Final[dict[str, type[pl.DataType]]] = {"indicator": pl.String, "period_id": pl.String, "card": pl.String}
PROVIDER_KEY: Final = ("id",)
PROVIDERS: Final[dict[str, type[pl.DataType]]] = {
    "id": pl.String, "name": pl.String, "kind": pl.String, "region": pl.String, "register_source": pl.String,
    "synthetic": pl.Boolean, "town": pl.String, "postcode": pl.String, "opened": pl.Date, "closed": pl.Date,
    "parent": pl.String, "says_closing": pl.Boolean,
}  # fmt: skip
SUCCESSION_KEY: Final = ("provider", "successor")
SUCCESSIONS: Final[dict[str, type[pl.DataType]]] = {
    "provider": pl.String, "successor": pl.String, "since": pl.Date, "heir": pl.Boolean,
}  # fmt: skip
DIFFERENCE_KEY: Final = ("id", "other_source", "other_name")
DIFFERENCES: Final[dict[str, type[pl.DataType]]] = {
    "id": pl.String, "name": pl.String, "register_source": pl.String, "other_name": pl.String,
    "other_source": pl.String,
}  # fmt: skip
ASCERTAINMENT_KEY: Final = ("indicator", "period_id", "provider")
ASCERTAINMENT: Final[dict[str, type[pl.DataType]]] = {
    "indicator": pl.String, "period_id": pl.String, "provider": pl.String, "cases": pl.Int64,
    "expected_cases": pl.Int64, "share": pl.Float64, "status": pl.String,
}  # fmt: skip
ATTRIBUTION_KEY: Final = ("indicator", "period_id", "rule")
ATTRIBUTION: Final[dict[str, type[pl.DataType]]] = {
    "indicator": pl.String, "period_id": pl.String, "rule": pl.String, "responsible": pl.String, "cases": pl.Int64,
}  # fmt: skip
CONSULTANT_KEY: Final = ("gmc",)
CONSULTANTS: Final[dict[str, type[pl.DataType]]] = {"gmc": pl.String, "name": pl.String}

FRAMES: Final[dict[str, tuple[dict[str, type[pl.DataType]], tuple[str, ...]]]] = {
    "results": (RESULTS, RESULT_KEY),
    "comparisons": (COMPARISONS, COMPARISON_KEY),
    "members": (MEMBERS, MEMBER_KEY),
    "cells": (CELLS, CELL_KEY),
    "models": (MODELS, MODEL_KEY),
    "providers": (PROVIDERS, PROVIDER_KEY),
    "consultants": (CONSULTANTS, CONSULTANT_KEY),
    "successions": (SUCCESSIONS, SUCCESSION_KEY),
    "register_differences": (DIFFERENCES, DIFFERENCE_KEY),
    "ascertainment": (ASCERTAINMENT, ASCERTAINMENT_KEY),
    "attribution": (ATTRIBUTION, ATTRIBUTION_KEY),
}
OF_CASES: Final = ("ascertainment", "attribution")
ONLY_WHERE_THERE_ARE: Final = ("successions", "register_differences", *OF_CASES)
"""Kept only where they have a row: a release without any has the parts that it always had."""


ADDED: Final[dict[str, tuple[str, ...]]] = {
    "results": ("word", "verdict"),
    "providers": ("town", "postcode", "opened", "closed", "parent", "says_closing"),
}
"""Columns that were declared after releases had been kept without them. A frame in which one says nothing is kept
without it: what was built before has the digest that it always had, and a replay of it finds the same."""


class BuildRefused(ValueError):
    """No release can be built on these data; the message says why, without naming a person."""


@dataclass(frozen=True, eq=False)
class Computed:
    """What one indicator adds to a release: five of the frames of `FRAMES`."""

    results: pl.DataFrame
    comparisons: pl.DataFrame
    members: pl.DataFrame
    cells: pl.DataFrame
    models: pl.DataFrame


@dataclass(frozen=True)
class Span:
    """A period: its first and last day, both included, and the id that addresses use."""

    start: date
    end: date

    @property
    def id(self) -> str:
        return f"{self.start:%Y-%m}_{self.end:%Y-%m}"


def as_declared(rows: list[pl.DataFrame], name: str) -> pl.DataFrame:
    """The frames of one kind put together, with the declared columns and types, in order of the full key."""
    schema, key = FRAMES[name]
    if not rows:
        return pl.DataFrame(schema=schema)
    return pl.concat([one.select(pl.col(c).cast(t) for c, t in schema.items()) for one in rows]).sort(*key)


def completed(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """A kept frame with every declared column: what an earlier version did not compute yet is null."""
    schema, _ = FRAMES[name]
    missing = [pl.lit(None, kind).alias(column) for column, kind in schema.items() if column not in frame.columns]
    return frame.with_columns(missing).select(schema.keys())


def to_keep(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """As it is digested and kept: without those of `ADDED` that are null in every row. `completed` fills them again."""
    return frame.drop(column for column in ADDED.get(name, ()) if frame[column].null_count() == frame.height)
