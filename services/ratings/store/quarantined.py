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
    rows = _rows(view, key)
    people, units = rows.filter(pl.col("level") == "consultant"), rows.filter(pl.col("level") == "provider")
    return Counted(
        own=people.filter(pl.col("consultant_id") == (person or "")).height,
        people=people.height,
        units=units.height,
        consultant_pages=people["consultant_id"].n_unique(),
        unit_pages=units["provider_id"].n_unique(),
        indicator_pages=rows["indicator_id"].n_unique(),
    )


@dataclass(frozen=True)
class Left:
    """Whose rows and which totals of an indicator and period go with somebody."""

    people: frozenset[str]
    units: frozenset[str]


def left(view: Path, key: str) -> dict[tuple[str, str], Left]:
    """By indicator and period, what gateways with the view in this folder hide of a key. Raises FileNotFoundError where
    it is not there any more."""
    parts = _rows(view, key).partition_by("indicator_id", "period_id", as_dict=True)
    return {
        (indicator, period): Left(
            frozenset(part.filter(pl.col("level") == "consultant")["consultant_id"]),
            frozenset(part.filter(pl.col("level") == "provider")["provider_id"]),
        )
        for (indicator, period), part in parts.items()
    }


def _rows(view: Path, key: str) -> pl.DataFrame:
    numbers = pl.scan_parquet(view / "quarantine.parquet").filter(pl.col("key") == key).select("row").unique()
    return pl.scan_parquet(view / "rows.parquet").select(WHERE).join(numbers, on="row", how="semi").collect()
