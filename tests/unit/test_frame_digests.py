"""A frame's content has one digest, however quickly it is spelled."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from shared.kit.frames import content_digest, file_digest, ordered_digest


def spelled_out(frame: pl.DataFrame) -> str:
    """The same by hand: height, then of each column name and type, and each value behind its length."""
    told = f"{frame.height}"
    for name in frame.columns:
        told += f"\x1d{name}\x1f{frame.schema[name]}\x1e"
        for text in frame[name].cast(pl.String):
            told += "-" if text is None else f"{len(text.encode())}:{text}"
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


@pytest.mark.parametrize(
    "values",
    [
        ["a", "bb", None, "a", "", "é"], ["aa", "bb", "aa"], [None, None], [True, False, None], [1, -20, None, 1],
        [0.0, -0.0, 0.1, None, 1e300], [date(2024, 2, 29), None, date(1801, 1, 1)], ["12:a", "1", "2:a"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 4_000])
def test_the_digest_is_of_every_value_in_its_order(values: list[Any], times: int) -> None:
    frame = pl.DataFrame({"key": pl.int_range(len(values) * times, eager=True), "value": values * times})
    assert content_digest(frame, ["key"]) == spelled_out(frame)


def test_values_that_become_many_after_the_first_are_spelled_too() -> None:
    late = ["same"] * 20_000 + [f"{number}" for number in range(4_001)]
    frame = pl.DataFrame({"key": pl.int_range(len(late), eager=True), "value": late})
    assert content_digest(frame, ["key"]) == spelled_out(frame)


@pytest.mark.parametrize("cuts", [(0, 10), (0, 3, 10), (0, 0, 4, 4, 5, 10, 10)])
@pytest.mark.parametrize("at_once", [3, 100])
def test_several_files_are_one_frame(
    cuts: tuple[int, ...], at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kit.frames.AT_ONCE", at_once)
    frame = pl.DataFrame(
        {"key": range(10), "text": ["a", None, "", "é", "b"] * 2, "real": [0.1, None, -0.0, 3.0, 2.5] * 2}
    )
    files = [tmp_path / f"{place}.parquet" for place in range(len(cuts) - 1)]
    for file, low, high in zip(files, cuts, cuts[1:], strict=False):
        frame[low:high].write_parquet(file)
    assert file_digest(files) == ordered_digest(frame) == spelled_out(frame)
    assert file_digest(files, ["real", "key"]) == ordered_digest(frame.select("real", "key"))


def test_no_file_has_no_digest() -> None:
    with pytest.raises(ValueError, match="no file"):
        file_digest([])


def test_files_of_other_columns_are_no_frame(tmp_path: Path) -> None:
    for name, column in (("one", "a"), ("other", "b")):
        pl.DataFrame({column: [1]}).write_parquet(tmp_path / name)
    with pytest.raises(pl.exceptions.PolarsError):
        file_digest([tmp_path / "one", tmp_path / "other"])
