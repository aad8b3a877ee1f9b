"""The benchmark's own code at a size for every day: each way takes every row, and what is told has the agreed shape."""

from pathlib import Path

import polars as pl
import pytest

from benchmarks import __main__ as command
from benchmarks.ingest import ingest
from benchmarks.ingest.contenders import WAYS
from benchmarks.ingest.made import digits_for, sources_into, write_episodes

ROWS, MANY = 2_000, 3_000


def test_every_way_takes_every_row_and_the_ratios_are_told() -> None:
    found = ingest.run(ROWS, MANY, runs=1)
    told = found.as_json()
    assert told["name"] == "ingest"
    assert told["figures"]["ways"].keys() == {*WAYS, "Candour, large"}
    assert {one["rows"] for one in told["figures"]["ways"].values()} == {ROWS, MANY}
    assert ingest.LIMITS.keys() <= told["ratios"].keys()
    assert all(ratio > 0 for ratio in told["ratios"].values())
    assert all(one["peak_bytes"]["own"] > 1 << 20 for one in told["figures"]["ways"].values())
    assert told["figures"]["ways"]["Candour"]["peak_bytes"]["child"] > 1 << 20, "the reader is a process of its own"
    assert [table.row_count for table in found.tables] == [len(WAYS) + 1, len(told["ratios"])]


def test_a_way_that_takes_fewer_rows_is_no_contender(tmp_path: Path) -> None:
    write_episodes(tmp_path / "few.csv", 10)
    with pytest.raises(RuntimeError, match="took 10 of 11"):
        ingest.quickest("bare read and write", tmp_path / "few.csv", 11, runs=1)


def test_a_way_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no way"):
        ingest.alone("no way", tmp_path / "none.csv", 1)


def test_episodes_are_of_their_source_however_many(tmp_path: Path) -> None:
    write_episodes(tmp_path / "some.csv", 50)
    header = (tmp_path / "some.csv").read_text().splitlines()[0].split(",")
    assert header == sources_into(tmp_path / "sources", 50).header
    assert pl.read_csv(tmp_path / "some.csv")["episode"].n_unique() == 50
    assert (digits_for(50), digits_for(20_000_000)) == (7, 8)
    large = sources_into(tmp_path / "large", 20_000_000)
    assert [column.pattern for column in large.sent if column.name == "episode"] == ["^E[0-9]{8}$"]  # type: ignore[union-attr]


def test_it_is_one_of_the_benchmarks() -> None:
    assert command.BENCHMARKS["ingest"] is ingest.run
