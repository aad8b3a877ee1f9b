"""Files read as submissions are, without a service: what it writes, and what it says of a file that it cannot take."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from services.ingest.trial import main

NY_2003 = "Hospital,Cases,Deaths,OMR,EMR,RAMR\nB,100,2,2.0,1.5,2.7\nA,50,0,0,1.1,0\nA,50,0,0,1.1,0\nC,5,6,1,1,1\n"
JOB = {"entry": "bypass", "source": "ny-cabg-2003"}


def tried(folder: Path, *jobs: dict[str, Any]) -> int:
    (folder / "jobs.json").write_text(json.dumps(jobs))
    (folder / "out").mkdir()
    return main([str(folder / "jobs.json"), str(folder / "out")])


def test_rows_as_a_snapshot_has_them_and_a_fate_for_every_line(tmp_path: Path) -> None:
    (tmp_path / "sent.csv").write_text(NY_2003)
    assert tried(tmp_path, JOB | {"path": str(tmp_path / "sent.csv")}) == 0
    rows = pl.read_parquet(tmp_path / "out" / "bypass.parquet")
    assert rows.columns == ["hospital", "cases", "deaths", "omr", "emr", "ramr"]
    assert rows.rows() == [("A", 50, 0, 0.0, 1.1, 0.0), ("B", 100, 2, 2.0, 1.5, 2.7)]
    told = json.loads((tmp_path / "out" / "fates.json").read_text())["bypass"]
    assert told["fates"] == {
        "header": 1, "accepted": 2, "duplicate": 1, "conflict": 0, "quarantined": 1, "aggregate": 0, "footer": 0,
        "blank": 0,
    }  # fmt: skip
    assert (told["lines"], told["bytes"], told["source"]) == (5, len(NY_2003), "ny-cabg-2003")
    assert len(told["sha256"]) == 64


@pytest.mark.parametrize(
    ("content", "change", "said"),
    [
        ("Hospital,Cases\nA,1\n", {}, ("bypass", "missing Deaths", "Expected: Hospital, Cases, Deaths")),
        ("", {}, ("bypass", "The file is empty")),
        (None, {}, ("bypass", "No such file")),
        (NY_2003, {"source": "colours"}, ("no source is called colours", "ny-cardiac")),
        (NY_2003, {"colour": "blue"}, ("colour",)),
    ],
)
def test_what_cannot_be_taken_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, change: dict[str, str], said: tuple[str]
) -> None:
    path = tmp_path / "sent.csv"
    if content is not None:
        path.write_text(content)
    assert tried(tmp_path, {**JOB, "path": str(path), **change}) == 2
    printed = capsys.readouterr().err
    assert all(part in printed for part in said), printed
    assert not (tmp_path / "out" / "fates.json").exists()


def test_its_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "JOBS.json OUT" in capsys.readouterr().err
