"""What a view would hide of one key, counted from its files: nothing is worked out anew."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

WHERE = ("row", "level", "provider_id", "consultant_id", "indicator_id", "period_id")


@dataclass(frozen=True)
class Counted:
    """Results of people and of units that go, those of the person among them, and on how many pages they stand."""

    own: int
    people: int
    units: int
    consultant_pages: int
    unit_pages: int
    indicator_pages: int


def counted(view: Path, key: str, person: str | None) -> Counted:
    """Of the view in this folder, and the `person` whose key it is: who is not shown has no row among those that go.
    Raises FileNotFoundError where it is not there any more."""
    numbers = pl.scan_parquet(view / "quarantine.parquet").filter(pl.col("key") == key).select("row").unique()
    rows = pl.scan_parquet(view / "rows.parquet").select(WHERE).join(numbers, on="row", how="semi").collect()
    people, units = rows.filter(pl.col("level") == "consultant"), rows.filter(pl.col("level") == "provider")
    return Counted(
        own=people.filter(pl.col("consultant_id") == (person or "")).height,
        people=people.height,
        units=units.height,
        consultant_pages=people["consultant_id"].n_unique(),
        unit_pages=units["provider_id"].n_unique(),
        indicator_pages=rows["indicator_id"].n_unique(),
    )
