"""The benchmark's own code at a size for every day: each way takes every row, and what is told has the agreed shape."""

from pathlib import Path

import polars as pl
import pytest

from benchmarks import __main__ as command
from benchmarks.ingest import ingest
from benchmarks.ingest.contenders import WAYS
from benchmarks.ingest.made import digits_for, sources_into, write_episodes

ROWS = 2_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ingest") / "episodes.csv"
    write_episodes(path, ROWS)
    return path


@pytest.mark.parametrize("way", WAYS)
def test_every_way_takes_every_row(way: str, file: Path, tmp_path: Path) -> None:
    assert WAYS[way](file, tmp_path, ROWS) == ROWS


def test_our_own_way_alone_and_what_is_told(file: Path) -> None:
    one = ingest.quickest(ingest.OWN, file, ROWS, runs=1)
    assert one["rows"] == ROWS
    assert min(one["peak_bytes"].values()) > 1 << 20, "the reader is a process of its own"
    found = ingest.outcome(dict.fromkeys(WAYS, one), one, {"rows": ROWS, "rows_of_large_file": ROWS})
    told = found.as_json()
    assert told["name"] == "ingest"
    assert told["figures"]["ways"].keys() == {*WAYS, "Candour, large"}
    assert ingest.LIMITS.keys() <= told["ratios"].keys()
    assert told["ratios"]["Candour / bare read and write"] == told["ratios"]["DuckDB / bare read and write"] == 1
    assert [table.row_count for table in found.tables] == [len(WAYS) + 1, len(told["ratios"])]


def test_a_way_that_takes_fewer_rows_is_no_contender(file: Path) -> None:
    with pytest.raises(RuntimeError, match=f"took {ROWS} of {ROWS + 1}"):
        ingest.quickest(ingest.BARE, file, ROWS + 1, runs=1)


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
