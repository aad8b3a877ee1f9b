"""Indices of comorbidity from diagnosis codes: each condition counts once, its graver form in place of the milder."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import IntArray
from services.ratings.methods.published_models import UnknownVersion

CODE = r"^[A-Z][0-9]{2}[0-9A-Z]*$"


@dataclass(frozen=True)
class ComorbidityIndex:
    """`prefixes`: per condition, the beginnings of its codes, without dots. `weights`: per version, points of each
    condition. `cancels`: a condition and the milder one that does not count beside it."""

    id: str
    source: str
    prefixes: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, Mapping[str, int]]
    cancels: Mapping[str, str]
    method: str = "comorbidity_index"
    method_version: str = METHOD_VERSION

    def __post_init__(self) -> None:
        named = {*self.cancels, *self.cancels.values(), *(name for of in self.weights.values() for name in of)}
        if unknown := named - set(self.prefixes):
            raise ValueError(f"{self.id}: {', '.join(sorted(unknown))} has no codes")
        claimed = [prefix for of in self.prefixes.values() for prefix in of]
        if len(set(claimed)) < len(claimed):
            raise ValueError(f"{self.id}: a code belongs to two conditions")


def comorbidity_points(diagnoses: pl.Series, index: ComorbidityIndex, version: str) -> IntArray:
    """Points of each person, shape (n,), from a list of ICD-10 codes per person, with or without dots (Charlson 1987,
    codes of Quan 2005, weights of the version).

    A code of no condition adds nothing. Raises UnknownVersion; ValueError for something that is not a code: it may have
    hidden a condition.
    """
    if version not in index.weights:
        raise UnknownVersion(f"there is no {index.id} of version {version}; versions known: {sorted(index.weights)}")
    said = pl.DataFrame({"person": pl.int_range(len(diagnoses), eager=True), "code": diagnoses}).explode("code")
    said = said.drop_nulls("code").with_columns(
        pl.col("code").str.strip_chars().str.to_uppercase().str.replace_all(r"\.", "")
    )
    odd = said.filter(~pl.col("code").str.contains(CODE))
    if odd.height:
        raise ValueError(f"not a diagnosis code: {', '.join(odd['code'].unique().sort().to_list()[:5])}")
    has = _conditions(said, index)
    milder = pl.DataFrame(
        {"graver": list(index.cancels), "condition": list(index.cancels.values())},
        schema={"graver": pl.String, "condition": pl.String},
    )
    cancelled = has.join(milder, left_on="condition", right_on="graver").select("person", condition="condition_right")
    counted = has.join(cancelled, on=["person", "condition"], how="anti")
    points = {name: index.weights[version].get(name, 0) for name in index.prefixes}
    scored = counted.group_by("person").agg(
        pl.col("condition").replace_strict(points, return_dtype=pl.Int64).sum().alias("points")
    )
    everybody = pl.DataFrame({"person": pl.int_range(len(diagnoses), eager=True)})
    joined = everybody.join(scored, on="person", how="left", maintain_order="left")
    return joined["points"].fill_null(0).to_numpy()


def _conditions(said: pl.DataFrame, index: ComorbidityIndex) -> pl.DataFrame:
    """`person`, `condition`, each pair once: a code has the condition whose prefix it begins with."""
    known = pl.DataFrame(
        [(prefix, name) for name, of in index.prefixes.items() for prefix in of],
        schema={"prefix": pl.String, "condition": pl.String},
        orient="row",
    )
    found = [
        said.select("person", prefix=pl.col("code").str.head(length)).join(
            known.filter(pl.col("prefix").str.len_chars() == length), on="prefix"
        )
        for length in sorted({len(prefix) for prefix in known["prefix"]})
    ]
    return pl.concat(found).select("person", "condition").unique()
