"""Demonstration worlds as files, and what is true of every case in them: its risk with and without anybody's effect."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from services.ratings.methods.arrays import FloatArray, IntArray

FILES = ("episodes", "truth", "coefficients")
LEVELS = {"unit": "provider", "consultant": "consultant"}


class WorldUnreadable(ValueError):
    """A folder that does not hold what `candour simulate` writes; the message says what is missing."""


@dataclass(frozen=True, eq=False)
class Country:
    """`cases`: one row per episode with `plain`, its risk by case mix alone, and `risk`, with its unit's and its
    consultant's effect. `subjects`: level (provider, consultant), specialty, subject, multiplier, planted, touched."""

    name: str
    cases: pl.DataFrame
    subjects: pl.DataFrame

    def with_outcomes(self, risk: str, seed: int) -> pl.DataFrame:
        """The episodes with outcomes drawn anew from `plain` or `risk`."""
        chance = np.random.Generator(np.random.PCG64(seed))
        died = chance.random(self.cases.height) < self.cases[risk].to_numpy()
        return self.cases.with_columns(pl.Series("died_30_days", died.astype(np.int64)))


def worlds_in(folder: Path) -> Iterator[Country]:
    """Worlds in order of their folders' names; raises WorldUnreadable where there is none, or a file is missing."""
    found = sorted(path for path in folder.iterdir() if path.is_dir())
    if not found:
        raise WorldUnreadable(f"{folder} holds no world")
    for world in found:
        paths = [world / f"{name}.parquet" for name in FILES]
        if missing := [path.name for path in paths if not path.is_file()]:
            raise WorldUnreadable(f"{world.name} lacks {', '.join(missing)}")
        episodes, truth, coefficients = (pl.read_parquet(path) for path in paths)
        yield country_of(world.name, episodes, truth, coefficients)


def country_of(name: str, episodes: pl.DataFrame, truth: pl.DataFrame, coefficients: pl.DataFrame) -> Country:
    """The cases' true risks from the coefficients that made them, and who is planted or shares cases with one who is.

    Raises WorldUnreadable where a level or a subject of an episode is unknown to the truth.
    """
    cases = _with_log_odds(episodes, coefficients)
    for level, key in LEVELS.items():
        known = truth.filter(pl.col("level") == level).select(
            "specialty", key, pl.col("odds_multiplier").log().alias(f"{level}_effect"),
            pl.col("planted").alias(f"{level}_planted"),
        )  # fmt: skip
        cases = cases.join(known, on=["specialty", key], how="left", validate="m:1", maintain_order="left")
    effects = pl.col("log_odds") + pl.col("unit_effect") + pl.col("consultant_effect")
    cases = cases.with_columns(plain=_expit(pl.col("log_odds")), risk=_expit(effects))
    if cases.select(pl.col("plain", "risk").null_count().max()).sum_horizontal().item():
        raise WorldUnreadable(f"{name}: an episode has a level or a subject that its truth does not know")
    subjects = pl.concat([_subjects(cases, "unit", "consultant"), _subjects(cases, "consultant", "unit")])
    return Country(name, cases, subjects)


def _with_log_odds(episodes: pl.DataFrame, coefficients: pl.DataFrame) -> pl.DataFrame:
    intercepts = coefficients.filter(pl.col("factor") == "intercept").select("specialty", "log_odds")
    cases = episodes.join(intercepts, on="specialty", how="left", validate="m:1", maintain_order="left")
    for factor in sorted(set(coefficients["factor"]) - {"intercept"}):
        effect = coefficients.filter(pl.col("factor") == factor).select(
            "specialty", pl.col("level").alias(factor), pl.col("log_odds").alias("effect")
        )
        cases = cases.join(effect, on=["specialty", factor], how="left", validate="m:1", maintain_order="left")
        cases = cases.with_columns(log_odds=pl.col("log_odds") + pl.col("effect")).drop("effect")
    return cases


def _subjects(cases: pl.DataFrame, level: str, other: str) -> pl.DataFrame:
    return (
        cases.group_by("specialty", pl.col(LEVELS[level]).alias("subject"))
        .agg(
            pl.col(f"{level}_effect").first().exp().alias("multiplier"),
            pl.col(f"{level}_planted").first().alias("planted"),
            pl.col(f"{other}_planted").any().alias("touched"),
            pl.col("plain").sum(),
        )
        .with_columns(pl.lit(LEVELS[level]).alias("level"))
        .sort("specialty", "subject")
    )


def _expit(log_odds: pl.Expr) -> pl.Expr:
    return 1 / (1 + (-log_odds).exp())


def risk_mix(country: Country, specialty: str, decimals: int = 4) -> tuple[FloatArray, IntArray]:
    """Distinct case-mix risks of a specialty, rounded, with their numbers of cases: what a CUSUM is run on."""
    risks = country.cases.filter(pl.col("specialty") == specialty)["plain"].to_numpy().round(decimals)
    distinct, cases = np.unique(risks[risks > 0], return_counts=True)
    return distinct, cases.astype(np.int64)
