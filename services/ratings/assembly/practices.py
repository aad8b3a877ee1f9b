"""Rows of GP practices. One with a single doctor is a person; one whose doctors nobody has counted may be."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from services.ratings.assembly.registers import PRACTICE
from services.ratings.assembly.schema import RESULTS, BuildRefused

WITHHELD = "not_published"
KEPT = ("indicator", "period_id", "level", "subject", "period_start", "period_end", "provider_id", "consultant_id")


@dataclass(frozen=True)
class Practices:
    """The rule of one indicator: how many doctors there must be, and how many each practice has."""

    fewest: int
    doctors: Mapping[str, int]


def doctors_of(counted: pl.DataFrame, column: str) -> dict[str, int]:
    """Doctors of each `provider`; the fewest that is said of it. Raises BuildRefused where there is no such column."""
    if lacking := sorted({"provider", column} - set(counted.columns)):
        raise BuildRefused(f"the doctors of practices should stand in {', '.join(lacking)}, which is not there")
    known = counted.select("provider", pl.col(column).cast(pl.Int64)).drop_nulls()
    return dict(known.group_by("provider").agg(pl.col(column).min()).iter_rows())


def held_back(results: pl.DataFrame, places: pl.DataFrame, rules: Mapping[str, Practices]) -> pl.DataFrame:
    """Results in which a practice's row has no figure, unless the practice is known to have as many doctors as the rule
    of its indicator asks for. Nothing is said of why a row was absent before: that, too, would be about a person.

    `rules` by indicator; `checked_registers` refuses practices in every other.
    """
    practices = set(places.filter(pl.col("kind") == PRACTICE)["id"])
    held = [
        indicator in rules and provider in practices
        and rules[indicator].doctors.get(provider, 0) < rules[indicator].fewest
        for indicator, provider in results.select("indicator", "provider_id").iter_rows()
    ]  # fmt: skip
    cleared = {"status": pl.lit(WITHHELD), "reason": pl.lit(WITHHELD)}
    is_held = pl.lit(pl.Series(held, dtype=pl.Boolean))
    return results.with_columns(
        pl.when(is_held).then(cleared.get(name, pl.lit(None, kind))).otherwise(pl.col(name)).alias(name)
        for name, kind in RESULTS.items()
        if name not in KEPT
    )
