"""Every line of every published file has a fate, by the code that a submission goes through."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cli.proof.entries import ENTRIES
from services.ingest.source import load_sources

ACCEPTED = {
    "ny-hospitals": 1578, "ny-cabg-2011": 40, "ny-cabg-2003": 37, "shmi-2011-10": 147, "shmi-2012-01": 147,
    "shmi-2012-04": 147, "shmi-2012-07": 143, "shmi-2012-10": 142, "shmi-2013-01": 142, "shmi-2013-04": 142,
    "proms-hip-records": 41280, "proms-published": 7962, "proms-series": 4512, "cms-star-input": 4536,
    "cms-star-output": 4536, "cms-outcomes": 4706, "prevalence": 240, "medpar": 1495, "uk-cardiac": 3462,
    "california": 5576,
}  # fmt: skip
ASIDE = {
    "ny-hospitals": {"aggregate": 31},
    "ny-cabg-2011": {"aggregate": 1},
    "proms-published": {"aggregate": 18},
    "proms-series": {"aggregate": 18},
    "shmi-2013-04": {"blank": 1, "footer": 1},
}


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "fates.json").read_text())
    return found


def test_every_entry_is_read(told: dict[str, Any]) -> None:
    assert set(told) == set(ACCEPTED) == {one.entry for one in ENTRIES}


@pytest.mark.parametrize("entry", ACCEPTED)
def test_every_line_has_the_fate_that_the_file_gives_it(told: dict[str, Any], entry: str) -> None:
    fates = {fate: lines for fate, lines in told[entry]["fates"].items() if lines}
    assert fates == {"header": 1, "accepted": ACCEPTED[entry], **ASIDE.get(entry, {})}
    assert sum(fates.values()) == told[entry]["lines"]


@pytest.mark.parametrize("one", ENTRIES, ids=lambda one: one.entry)
def test_the_rows_are_those_of_a_snapshot(folder: Path, told: dict[str, Any], one: Any) -> None:
    rows = pl.read_parquet(folder / f"{one.entry}.parquet")
    source = load_sources()[one.source]
    assert rows.schema == pl.Schema(source.canonical)
    assert rows.equals(rows.sort(source.key))
    fates = told[one.entry]["fates"]
    assert rows.height == fates["accepted"] + fates["aggregate"]
    assert sum(rows[name].is_nan().sum() for name, kind in rows.schema.items() if kind.is_float()) == 0


def test_one_encoding_is_older(told: dict[str, Any]) -> None:
    older = {entry for entry, one in told.items() if one["encoding"] != "utf-8"}
    assert older == {"shmi-2013-04"}


def test_leading_zeros_are_restored(folder: Path) -> None:
    hospitals = pl.read_parquet(folder / "cms-outcomes.parquet")["provider_number"]
    assert hospitals.str.len_chars().unique().to_list() == [6]
    assert hospitals.str.starts_with("0").sum() == 713 + hospitals.str.contains("^0.*[A-Z]$").sum()
    assert "01014F" in hospitals
    assert pl.read_parquet(folder / "medpar.parquet")["provnum"].min() == "030001"


def test_the_bands_that_one_release_alone_has_are_null_in_the_others(folder: Path) -> None:
    bands = {
        one.entry: pl.read_parquet(folder / f"{one.entry}.parquet")["po_banding"].null_count()
        for one in ENTRIES
        if one.source == "shmi"
    }
    assert {entry for entry, nulls in bands.items() if nulls == 0} == {"shmi-2011-10"}
    assert all(nulls in (0, ACCEPTED[entry]) for entry, nulls in bands.items())
