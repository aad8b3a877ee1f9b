"""A frame's content has one digest, however quickly it is spelled."""

import hashlib
from datetime import date
from typing import Any

import polars as pl
import pytest

from shared.kit.frames import FEW, content_digest


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
@pytest.mark.parametrize("times", [1, FEW])
def test_the_digest_is_of_every_value_in_its_order(values: list[Any], times: int) -> None:
    frame = pl.DataFrame({"key": pl.int_range(len(values) * times, eager=True), "value": values * times})
    assert content_digest(frame, ["key"]) == spelled_out(frame)


def test_values_that_become_many_after_the_first_are_spelled_too() -> None:
    late = ["same"] * 20_000 + [f"{number}" for number in range(FEW + 1)]
    frame = pl.DataFrame({"key": pl.int_range(len(late), eager=True), "value": late})
    assert content_digest(frame, ["key"]) == spelled_out(frame)
