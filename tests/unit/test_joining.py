"""Parquet files are joined without a value being read: what comes out is what polars and others read of an ordinary
file. Footers are parsed and spelled byte by byte as their writers did."""

import io
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from shared.kit.joining import NotAlike, join
from shared.kit.thrift import BINARY, BYTE, DOUBLE, I16, I64, LIST, STRUCT, TRUE, Struct, parsed, spelled

Codec = Literal["lz4", "zstd", "uncompressed"]
KINDS = {
    "text": pl.String(), "few": pl.String(), "small": pl.Int8(), "whole": pl.Int64(), "real": pl.Float64(),
    "day": pl.Date(), "flag": pl.Boolean(), "nothing": pl.String(),
}  # fmt: skip
ONE: Struct = {1: (I64, 1)}


def frame(seed: int, rows: int) -> pl.DataFrame:
    """Every kind of value, a tenth of them absent."""
    chance = random.Random(seed)
    makers: dict[str, Callable[[], object]] = {
        "text": lambda: "é" * chance.randrange(4) + str(chance.random()), "few": lambda: chance.choice(["a", "", "c"]),
        "small": lambda: chance.randrange(-128, 128), "whole": lambda: chance.randrange(-(2**63), 2**63),
        "real": lambda: chance.gauss(0, 1e9), "day": lambda: date(1801, 1, 1) + timedelta(chance.randrange(99_999)),
        "flag": lambda: chance.random() < 0.5, "nothing": lambda: None,
    }  # fmt: skip
    values = {name: [make() if chance.random() < 0.9 else None for _ in range(rows)] for name, make in makers.items()}
    return pl.DataFrame(values, schema=KINDS)


def joined(files: list[Path], columns: list[str]) -> bytes:
    out = io.BytesIO()
    join(out, files, columns)
    return out.getvalue()


def footer_of(data: bytes) -> bytes:
    return data[-8 - int.from_bytes(data[-8:-4], "little") : -8]


@pytest.mark.parametrize("codecs", [("lz4", "lz4", "lz4"), ("zstd", "lz4", "uncompressed")])
@pytest.mark.parametrize("heights", [(1000, 1, 333), (0, 5, 0), (0, 0, 0), (10, 10, 3000)])
def test_what_is_joined_is_what_was_there(tmp_path: Path, codecs: tuple[Codec, ...], heights: tuple[int, ...]) -> None:
    """Some columns, in another order than in the files; groups of 128 rows."""
    files, frames = [tmp_path / str(place) for place in range(3)], [frame(place, n) for place, n in enumerate(heights)]
    for file, codec, one in zip(files, codecs, frames, strict=True):
        one.with_columns(line=pl.int_range(one.height)).write_parquet(
            file, compression=codec, statistics=codec == "zstd", row_group_size=128
        )
    wanted = ["day", *(name for name in KINDS if name != "day")]
    out = joined(files, wanted)
    expected = pl.concat(frames).select(wanted)
    assert_frame_equal(pl.read_parquet(out), expected)
    (tmp_path / "out").write_bytes(out)
    every = pl.scan_parquet(tmp_path / "out")
    assert_frame_equal(every.slice(1000, 7).collect(), expected.slice(1000, 7))
    assert_frame_equal(every.filter(pl.col("small") > 100).collect(), expected.filter(pl.col("small") > 100))
    assert every.select(pl.len()).collect().item() == sum(heights)
    assert b"line" not in footer_of(out)
    assert_frame_equal(pl.read_parquet(tmp_path / "out", use_pyarrow=True), expected)


def test_files_that_were_joined_are_joined_again(tmp_path: Path) -> None:
    frames = [frame(place, 100) for place in range(3)]
    for place, one in enumerate(frames):
        one.write_parquet(tmp_path / str(place))
    (tmp_path / "first").write_bytes(joined([tmp_path / "0", tmp_path / "1"], list(KINDS)))
    out = joined([tmp_path / "first", tmp_path / "2"], ["text", "real"])
    assert_frame_equal(pl.read_parquet(out), pl.concat(frames).select("text", "real"))


def test_columns_of_another_form_are_refused(tmp_path: Path) -> None:
    one, files = frame(1, 10), [tmp_path / "one", tmp_path / "other"]
    one.write_parquet(files[0])
    others = {
        "another type": one.with_columns(pl.col("small").cast(pl.Int16)), "none of this name": one.drop("small"),
        "columns of columns": one.with_columns(pl.struct("text", "few").alias("both")),
        "lists": one.with_columns(pl.concat_list("text", "few").alias("both")),
    }  # fmt: skip
    for other in others.values():
        other.write_parquet(files[1])
        with pytest.raises(NotAlike):
            joined(files, ["text", "small"])
    with pytest.raises(NotAlike):
        joined([], ["text"])


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    """Cut anywhere, or changed at its end: never another table."""
    file, damaged = tmp_path / "file", tmp_path / "damaged"
    frame(1, 50).write_parquet(file)
    whole = file.read_bytes()
    for cut in range(8, len(whole), 97):
        damaged.write_bytes(whole[:cut])
        with pytest.raises((NotAlike, OSError)):
            joined([damaged], ["text"])
    damaged.write_bytes(whole[:4] + whole[400:])  # a footer that speaks of more than there is
    with pytest.raises(NotAlike):
        joined([damaged], list(KINDS))


@pytest.mark.parametrize("rows", [0, 1, 5000])
def test_footers_are_spelled_as_they_were(tmp_path: Path, rows: int) -> None:
    """Those of polars and of Arrow, whatever is in them."""
    one = frame(3, rows).with_columns(pl.struct("text", "few").alias("both"))
    one.write_parquet(tmp_path / "polars", row_group_size=100)
    one.write_parquet(
        tmp_path / "arrow", row_group_size=100, use_pyarrow=True, pyarrow_options={"write_page_index": True}
    )
    for file in (tmp_path / "polars", tmp_path / "arrow"):
        told = footer_of(file.read_bytes())
        assert spelled(parsed(told)) == told


def test_structs_are_spelled_and_parsed() -> None:
    struct: Struct = {
        1: (TRUE, True), 2: (TRUE, False), 3: (BYTE, 255), 5: (I16, -32768), 25: (I64, -(2**63)), 41: (I64, 2**63 - 1),
        42: (DOUBLE, b"12345678"), 43: (BINARY, b""), 44: (LIST, (STRUCT, [ONE] * 20)), 400: (LIST, (TRUE, [1, 2])),
        401: (STRUCT, {}), 402: (LIST, (BINARY, [])),
    }  # fmt: skip
    assert parsed(spelled(struct)) == struct


@pytest.mark.parametrize("data", [b"", b"\x16", b"\x18\x05ab", b"\x1b\x00", b"\x19\xfc\xff\xff\xff\x7f"])
def test_what_is_no_struct_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not"):
        parsed(data)
