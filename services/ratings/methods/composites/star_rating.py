"""A star rating from standardised measures in weighted groups, as CMS published it in April 2021.

What is measured, which way is preferred, what each group weighs: all data, in the recipe. Nothing here knows a name.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from services.ratings.methods.absence import Reason
from services.ratings.methods.arrays import LARGEST, BoolArray, Figures, FloatArray, IntArray
from services.ratings.methods.composites.kmeans import TooFewValues, cms_two_pass
from services.ratings.methods.sums import total


@dataclass(frozen=True)
class MeasureGroup:
    """Measures that are averaged, the group's weight, and whether it is one of those that a report cannot lack."""

    name: str
    measures: tuple[str, ...]
    weight: float
    essential: bool = False


@dataclass(frozen=True)
class StarRecipe:
    """Groups in order; measures of which less is preferred; and the minimum numbers of the published method.

    A measure is used if more than `dropped_up_to` providers report it. A provider is rated if `minimum_groups` groups
    have `minimum_measures` measures and one of them is essential; the number of such groups is its peer group.
    """

    groups: tuple[MeasureGroup, ...]
    lower_is_better: frozenset[str]
    dropped_up_to: int = 100
    minimum_measures: int = 3
    minimum_groups: int = 3
    stars: int = 5

    def __post_init__(self) -> None:
        names = [measure for group in self.groups for measure in group.measures]
        if len(set(names)) != len(names) or not self.lower_is_better <= set(names):
            raise ValueError("each measure stands in one group, and only such measures have a direction")
        if len({group.name for group in self.groups}) != len(self.groups):
            raise ValueError("groups must have different names")
        if any(not group.weight > 0 for group in self.groups):
            raise ValueError("a group's weight must be above 0")


def star_rating(measures: pl.DataFrame, recipe: StarRecipe, key: str) -> pl.DataFrame:
    """One row per provider, as given: from `key` and one column of numbers per measure (null = not reported).

    Returns `key`; per group `<name>_value` (null without a measure), `<name>_measures` and `<name>_weight` (shared out
    over the groups present); `summary` (null without any group), `peer_group` (number of complete groups), `star`
    (null where not rated), `reason` (empty, `too_few_parts`, or `too_few_values` where a peer group has fewer distinct
    summaries than stars). The order of the rows changes no bit. Raises ValueError for a missing, repeated or absent
    key, and for a measure that is not finite.
    """
    if measures[key].null_count() or measures[key].is_duplicated().any():
        raise ValueError(f"{key} must be given once per row")
    groups = [_group(measures, group, recipe) for group in recipe.groups]
    counts = np.array([count for _, count in groups])
    weights = _shared_weights(np.array([group.weight for group in recipe.groups]), [value for value, _ in groups])
    values = np.array([value.values for value, _ in groups])
    summary = Figures.where(np.asarray(weights.any(axis=0)), (weights * values).sum(axis=0))
    complete = counts >= recipe.minimum_measures
    essential = complete[[group.essential for group in recipe.groups]].any(axis=0)
    peers = complete.sum(axis=0)
    star, reason = _stars(summary, peers, (peers >= recipe.minimum_groups) & essential, recipe.stars)
    columns = [measures[key]]
    for group, (value, count), weight in zip(recipe.groups, groups, weights, strict=True):
        columns.append(value.as_series(f"{group.name}_value"))
        columns += [pl.Series(f"{group.name}_measures", count), pl.Series(f"{group.name}_weight", weight)]
    columns += [summary.as_series("summary"), pl.Series("peer_group", peers.astype(np.int64))]
    return pl.DataFrame([*columns, star, pl.Series("reason", reason)])


def standardised(figures: Figures) -> Figures:
    """(x - mean) / sample standard deviation over the figures present, shape (n,); no spread: all absent."""
    values = np.sort(figures.values[figures.present])
    if not len(values) or values[0] == values[-1]:
        return Figures.where(np.zeros_like(figures.present), figures.values)
    mean = total(values) / len(values)
    deviation = (total((values - mean) ** 2) / (len(values) - 1)) ** 0.5
    return Figures.where(figures.present, (figures.values - mean) / deviation)


def _group(measures: pl.DataFrame, group: MeasureGroup, recipe: StarRecipe) -> tuple[Figures, IntArray]:
    """The group's standardised value and its number of measures, shape (n,) each."""
    sums, count = np.zeros(measures.height), np.zeros(measures.height, dtype=np.int64)
    for measure in group.measures:
        figures = _figures(measures[measure])
        if figures.present.sum() <= recipe.dropped_up_to:
            continue
        z = standardised(figures)
        sums = sums + z.values * (-1.0 if measure in recipe.lower_is_better else 1.0)
        count = count + z.present
    return standardised(Figures.where(count > 0, sums / np.maximum(count, 1))), count


def _figures(column: pl.Series) -> Figures:
    present = column.is_not_null().to_numpy()
    values = column.cast(pl.Float64).fill_null(0.0).to_numpy()
    if not (np.abs(values) <= LARGEST).all():
        raise ValueError(f"{column.name} holds a number that is not finite, or above {LARGEST}")
    return Figures.where(present, values)


def _shared_weights(weight: FloatArray, values: list[Figures]) -> FloatArray:
    """Weights shared out over the groups that a provider has, shape (groups, n); all 0 where it has none."""
    present = np.array([value.present for value in values]) * weight[:, None]
    whole = present.sum(axis=0)
    return np.asarray(present / np.where(whole > 0, whole, 1.0))


def _stars(summary: Figures, peers: IntArray, rated: BoolArray, stars: int) -> tuple[pl.Series, list[str]]:
    """Stars within each peer group, 1 = lowest summaries, and why there is none."""
    star, too_few_values = np.zeros(len(peers), dtype=np.int64), np.zeros(len(peers), dtype=np.bool_)
    for peer in np.unique(peers[rated]):
        group = rated & (peers == peer)
        try:
            star[group] = cms_two_pass(summary.values[group], stars).label
        except TooFewValues:
            too_few_values |= group
    words = [Reason.TOO_FEW_PARTS.value, Reason.TOO_FEW_VALUES.value]
    reason = np.select([~rated, too_few_values], words, Reason.NONE.value)
    return pl.Series("star", star).set(pl.Series(star == 0), None), reason.tolist()
