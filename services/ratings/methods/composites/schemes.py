"""Applies a rating scheme to all providers at once; the parts stand beside the whole, and how far they agree."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.absence import Reason, Status
from services.ratings.methods.arrays import BoolArray, Figures, FloatArray, IntArray, TextArray
from services.ratings.methods.composites.scheme import By, Combine, Cuts, From, OnMissing, Part, Scheme
from services.ratings.methods.composites.segments import QUARTERS, quarters

DECIMALS = 12  # a whole of .6000000000000001 stands at a cut of .6
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Rated:
    """`whole`, one row per provider: `provider`, `points` (null where not rated), `level_before_floors`, `level`,
    `floors` (numbers, from 1, of the floors that changed the level), `agreement` (weight share of the parts within one
    level of the whole), `parts` (how many are present), `status`, `reason`.

    `parts`, one row per provider and indicator: `points`, `level` (that the part alone would give), `weight` (shared
    out over the parts present; 0 where absent). Both sorted, so that the order of the rows given changes no bit.
    """

    whole: pl.DataFrame
    parts: pl.DataFrame
    method: str
    method_version: str = METHOD_VERSION


def rate(scheme: Scheme, results: pl.DataFrame) -> Rated:
    """From one row per `provider` and `indicator` with `position`, `value` and `z_value`, null where absent.

    A part is absent where its row or its figure is. An absent part leaves a provider `not_rated` (`absent_part`), or
    its weight is shared out while `minimum_parts` remain (`too_few_parts`). A floor on an absent value cannot be
    checked and leaves the provider `not_rated` (`absent_part`). Raises ValueError for a repeated row, a missing key, a
    figure that is not finite or an unknown position.
    """
    keys = results.select("provider", "indicator")
    if keys.is_duplicated().any() or any(column.null_count() for column in keys):
        raise ValueError("each provider and indicator must be given once")
    providers = results.select("provider").unique().sort("provider")
    owners = [part for part in scheme.parts for _ in part.indicators]
    columns = [
        _points(part, indicator, providers, results) for part, indicator in zip(owners, scheme.indicators, strict=True)
    ]
    points = np.array([column.values for column in columns]).reshape(len(owners), providers.height)
    present = np.array([column.present for column in columns]).reshape(len(owners), providers.height)
    weights = np.array([part.weight for part in owners])
    shared = _shared(weights, present)
    whole, level, own = _combined(scheme, points, present, shared, float(weights.sum()))
    checked, after, bound = _floored(scheme, level, providers, results)
    reason = _reasons(scheme.combine, present, checked)
    rated = reason == Reason.NONE.value
    agreeing = (np.abs(own - after) <= 1) & present
    frame = providers.with_columns(
        Figures.where(rated, whole).as_series("points"),
        _named(scheme, level, rated, "level_before_floors"),
        _named(scheme, after, rated, "level"),
        pl.Series(
            "floors", [numbers if kept else [] for numbers, kept in zip(bound, rated, strict=True)], pl.List(pl.Int64)
        ),
        Figures.where(rated, np.round((shared * agreeing).sum(axis=0), DECIMALS)).as_series("agreement"),
        pl.Series("parts", present.sum(axis=0).astype(np.int64)),
        pl.Series("status", np.where(rated, Status.RATED.value, Status.NOT_RATED.value)),
        pl.Series("reason", reason),
    )
    return Rated(
        frame, _part_rows(scheme, providers, (points, present, shared, own)), f"scheme_{scheme.combine.by.value}"
    )


def _points(part: Part, indicator: str, providers: pl.DataFrame, results: pl.DataFrame) -> Figures:
    """Points of one part for every provider, shape (n,)."""
    if part.source is From.POSITION:
        given = _column(providers, results, indicator, "position").fill_null("").to_numpy().astype(np.str_)
        table = dict(part.points) if not isinstance(part.points, Cuts) else {}
        if not set(given.tolist()) <= {*table, ""}:
            raise ValueError("unknown position")
        return Figures.where(given != "", np.array([table.get(word, 0.0) for word in given.tolist()], dtype=np.float64))
    column = "z_value" if part.source is From.Z_VALUE else "value"
    numbers = _numbers(providers, results, indicator, column)
    if isinstance(part.points, Cuts):
        chosen = np.searchsorted(part.points.cuts, numbers.values, side="right")
        return Figures.where(numbers.present, np.array(part.points.values, dtype=np.float64)[chosen])
    if numbers.present.sum() < QUARTERS:
        return Figures.where(np.zeros_like(numbers.present), numbers.values)
    by_quarter = np.array([part.points[str(quarter)] for quarter in range(1, QUARTERS + 1)], dtype=np.float64)
    found = np.zeros(len(numbers.values))
    found[numbers.present] = by_quarter[quarters(numbers.values[numbers.present]) - 1]
    return Figures.where(numbers.present, found)


def _column(providers: pl.DataFrame, results: pl.DataFrame, indicator: str, column: str) -> pl.Series:
    rows = results.filter(pl.col("indicator") == indicator).select("provider", column)
    return providers.join(rows, on="provider", how="left", maintain_order="left")[column]


def _numbers(providers: pl.DataFrame, results: pl.DataFrame, indicator: str, column: str) -> Figures:
    series = _column(providers, results, indicator, column).cast(pl.Float64)
    values = series.fill_null(0.0).to_numpy()
    if not np.isfinite(values).all():
        raise ValueError(f"{column} of {indicator} holds a number that is not finite")
    return Figures.where(series.is_not_null().to_numpy(), values)


def _shared(weights: FloatArray, present: BoolArray) -> FloatArray:
    """Weights shared out over the parts present, shape (parts, n); 0 where a provider has none."""
    each = present * weights[:, None]
    whole = each.sum(axis=0)
    return np.asarray(each / np.where(whole > 0, whole, 1.0))


def _combined(
    scheme: Scheme, points: FloatArray, present: BoolArray, shared: FloatArray, weight: float
) -> tuple[FloatArray, IntArray, IntArray]:
    """Whole and its level, shape (n,), and the level that each part alone would give, shape (parts, n).

    mean: weighted mean. sum: weighted mean x all weights, so that an absent part counts as the others do. worst_of:
    fewest points. matrix: the number of the level in its cell.
    """
    combine = scheme.combine
    if combine.by is By.MATRIX:
        both, cells = (
            present.all(axis=0),
            np.array([[scheme.levels.index(word) for word in row] for row in combine.matrix]),
        )
        row, column = np.where(both, points, 0).astype(np.int64)
        level = cells[row, column]
        # alone, a part gives the middle of the levels that it still leaves open
        own = np.array([np.median(cells, axis=1)[row], np.median(cells, axis=0)[column]])
        return level.astype(np.float64), level, np.asarray(np.floor(own), dtype=np.int64)
    if combine.by is By.WORST_OF:
        whole, own = np.where(present, points, np.inf).min(axis=0), points
        whole = np.where(np.isfinite(whole), whole, 0.0)
    else:
        scale = weight if combine.by is By.SUM else 1.0
        whole, own = (shared * points).sum(axis=0) * scale, points * scale
    return whole, _level(combine, whole), _level(combine, own)


def _level(combine: Combine, points: FloatArray) -> IntArray:
    return np.asarray(np.searchsorted(np.round(combine.cuts, DECIMALS), np.round(points, DECIMALS), side="right"))


def _floored(
    scheme: Scheme, level: IntArray, providers: pl.DataFrame, results: pl.DataFrame
) -> tuple[BoolArray, IntArray, list[list[int]]]:
    """Whether every floor could be checked, the level after all of them in order, and which of them changed it."""
    checked, after = np.ones(len(level), dtype=np.bool_), level
    changed = np.zeros((len(scheme.floors), len(level)), dtype=np.bool_)
    for number, floor in enumerate(scheme.floors):
        value = _numbers(providers, results, floor.indicator, "value")
        checked &= value.present
        holds = value.values < floor.below if floor.below is not None else value.values >= (floor.at_least or 0.0)
        if floor.level_at_most is not None:
            new = np.minimum(after, scheme.levels.index(floor.level_at_most))
        else:
            new = np.maximum(after, scheme.levels.index(floor.level_at_least or ""))
        new = np.where(holds & value.present, new, after)
        changed[number], after = new != after, new
    return checked, after, [(np.flatnonzero(column) + 1).tolist() for column in changed.T]


def _reasons(combine: Combine, present: BoolArray, checked: BoolArray) -> TextArray:
    count = present.sum(axis=0)
    if combine.on_missing is OnMissing.NOT_RATED:
        missing = count < len(present)
        return np.where(missing | ~checked, Reason.ABSENT_PART.value, Reason.NONE.value)
    words = [Reason.TOO_FEW_PARTS.value, Reason.ABSENT_PART.value]
    return np.select([count < combine.minimum_parts, ~checked], words, Reason.NONE.value)


def _named(scheme: Scheme, level: IntArray, rated: BoolArray, name: str) -> pl.Series:
    return pl.Series(
        name, [scheme.levels[at] if kept else None for at, kept in zip(level, rated, strict=True)], pl.String
    )


def _part_rows(
    scheme: Scheme, providers: pl.DataFrame, parts: tuple[FloatArray, BoolArray, FloatArray, IntArray]
) -> pl.DataFrame:
    frames = [
        providers.with_columns(
            pl.lit(indicator).alias("indicator"),
            Figures.where(present, points).as_series("points"),
            _named(scheme, own, present, "level"),
            pl.Series("weight", shared),
        )
        for indicator, points, present, shared, own in zip(scheme.indicators, *parts, strict=True)
    ]
    return pl.concat(frames).sort("provider", maintain_order=True)
