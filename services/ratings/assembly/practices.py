"""Rows of GP practices. One with a single doctor is a person; one whose doctors nobody has counted may be."""

from collections.abc import Iterable, Mapping

import polars as pl

from services.ratings.assembly.registers import PRACTICE
from services.ratings.assembly.schema import RESULTS

DOCTORS = "doctors"
WITHHELD = "not_published"
KEPT = ("indicator", "period_id", "level", "subject", "period_start", "period_end", "provider_id", "consultant_id")


def doctors_of(registers: Iterable[pl.DataFrame]) -> dict[str, int]:
    """Doctors of each practice by its code, from the registers that count them; the fewest, where they differ."""
    counted = [one.select("provider", pl.col(DOCTORS).cast(pl.Int64)) for one in registers if DOCTORS in one.columns]
    if not counted:
        return {}
    known = pl.concat(counted).drop_nulls().group_by("provider").agg(pl.col(DOCTORS).min())
    return dict(known.iter_rows())


def held_back(
    results: pl.DataFrame, places: pl.DataFrame, doctors: Mapping[str, int], fewest: Mapping[str, int]
) -> pl.DataFrame:
    """Results in which a practice's row has no figure, unless the practice is known to have as many doctors as the rule
    of the indicator asks for. Nothing is said of why a row was absent before: that, too, would be about a person.

    `fewest`: by indicator, for those that have a rule; `checked_registers` refuses practices in every other.
    """
    practices = set(places.filter(pl.col("kind") == PRACTICE)["id"])
    if not practices or not fewest:
        return results
    wanted = pl.col("indicator").replace_strict(fewest, default=None, return_dtype=pl.Int64)
    known = pl.col("provider_id").replace_strict(doctors, default=0, return_dtype=pl.Int64)
    is_held = (pl.col("provider_id").is_in(list(practices)) & (known < wanted)).fill_null(value=False)
    cleared = {"status": pl.lit(WITHHELD), "reason": pl.lit(WITHHELD)}
    return results.with_columns(
        pl.when(is_held).then(cleared.get(name, pl.lit(None, kind))).otherwise(pl.col(name)).alias(name)
        for name, kind in RESULTS.items()
        if name not in KEPT
    )
