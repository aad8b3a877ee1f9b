"""Whatever way a column is spelled, its bytes are those of the law, which is written here once more, value by value."""

import hashlib
import random
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kit import frames, spelling
from shared.kit.frames import ordered_digest
from shared.kit.spelling import FEW, MANY, NARROW, framed

Kind = type[pl.DataType]
Column = tuple[Kind, list[Any]]
WHOLE: Final[dict[Kind, tuple[int, int]]] = {
    pl.Int8: (-(2**7), 2**7 - 1), pl.Int16: (-(2**15), 2**15 - 1), pl.Int32: (-(2**31), 2**31 - 1),
    pl.Int64: (-(2**63), 2**63 - 1), pl.UInt8: (0, 2**8 - 1), pl.UInt16: (0, 2**16 - 1), pl.UInt32: (0, 2**32 - 1),
    pl.UInt64: (0, 2**64 - 1),
}  # fmt: skip
LIMITS: Final = {"MANY": 1, "SAMPLE": 5, "FEW": 6, "NARROW": 64, "TOGETHER": 30}


def by_hand(values: list[Any]) -> bytes:
    texts = ["-" if value is None else f"{len(_text(value).encode())}:{_text(value)}" for value in values]
    return "".join(texts).encode()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _fraction(repr(value)) if isinstance(value, float) else str(value)


@cache
def _fraction(told: str) -> str:
    """1e300, where Python says 1e+300."""
    text: str = pl.Series([float(told)]).cast(pl.String).item()
    assert repr(float(text)) == told
    return text


def digest_by_hand(name: str, kind: Kind, values: list[Any]) -> str:
    told = f"{len(values)}\x1d{name}\x1f{kind()}\x1e".encode() + by_hand(values)
    return f"sha256:{hashlib.sha256(told).hexdigest()}"


def listed(kind: Kind, values: st.SearchStrategy[Any], most: int = 40) -> st.SearchStrategy[Column]:
    return st.tuples(st.just(kind), st.lists(values, max_size=most) | st.lists(st.none() | values, max_size=most))


def whole(kind: Kind) -> st.SearchStrategy[Column]:
    """Near one another anywhere in the type, or from all of it."""
    low, high = WHOLE[kind]
    near = st.integers(low, high).flatmap(lambda top: listed(kind, st.integers(max(low, top - 9), top), 200))
    return near | listed(kind, st.integers(low, high))


CHARACTERS: Final = st.characters(codec="utf-8")
TEXTS: Final = st.text(CHARACTERS) | st.sampled_from(["", "-", "1:", "12:a", "é", "\0", "a" * 300])
COLUMNS: Final = st.one_of(
    *map(whole, WHOLE),
    listed(pl.String, TEXTS),
    listed(pl.String, st.sampled_from(["male", "female", ""]), 200),
    st.integers(0, 20).flatmap(lambda size: listed(pl.String, st.text("ab-:1", min_size=size, max_size=size))),
    listed(pl.Float64, st.floats() | st.sampled_from([0.0, -0.0, 1.0, 0.1])),
    listed(pl.Float64, st.sampled_from([0.0, -0.0, 12.5]), 200),
    listed(pl.Boolean, st.booleans(), 200),
    listed(pl.Date, st.dates()),
    listed(pl.Date, st.dates(date(1999, 12, 20), date(2000, 3, 9)), 200),
)


@given(COLUMNS, st.integers(1, 50))
@settings(max_examples=500)
def test_every_way_gives_the_bytes_of_the_law(column: Column, at_once: int) -> None:
    """With limits so low that few values go every way, and in parts."""
    kind, values = column
    series = pl.Series("name", values, dtype=kind)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LIMITS.items():
            patch.setattr(spelling, name, value)
        assert bytes(framed(series)) == by_hand(values)
        patch.setattr(frames, "AT_ONCE", at_once)
        assert ordered_digest(series.to_frame()) == digest_by_hand("name", kind, values)


def some(make: Callable[[random.Random], Any], absent: float = 0.0, rows: int = MANY + 7) -> list[Any]:
    chance = random.Random(7)
    return [None if chance.random() < absent else make(chance) for _ in range(rows)]


DAY: Final = date(2023, 4, 1)
LARGE: Final[dict[str, Column]] = {
    "one length": (pl.String, some(lambda chance: f"E{chance.randrange(10**7):07d}")),
    "few": (pl.String, some(lambda chance: chance.choice(["elective", "urgent", "emergency, later", "é"]))),
    "few with nulls": (pl.String, some(lambda chance: chance.choice(["0", "3+", "missing"]), 0.1)),
    "few of one length with nulls": (pl.String, some(lambda chance: chance.choice(["F", "M"]), 0.1)),
    "one that the sample lacks": (pl.String, [*some(lambda chance: chance.choice("ab")), "late", None, "later"]),
    "many that the sample lacks": (pl.String, ["same"] * 2 * MANY + [f"{number}" for number in range(FEW + 1)]),
    "many": (pl.String, some(lambda chance: "ab" * chance.randrange(40) + str(chance.random()), 0.1)),
    "nothing": (pl.String, [None] * MANY),
    "nothing but empty texts": (pl.String, [""] * MANY),
    "days": (pl.Date, some(lambda chance: DAY + timedelta(chance.randrange(1_095)))),
    "days with nulls": (pl.Date, some(lambda chance: DAY + timedelta(chance.randrange(1_095)), 0.1)),
    "days and none": (pl.Date, [*some(lambda chance: DAY + timedelta(chance.randrange(9)), 0.1), date(1801, 1, 1)]),
    "days of all times": (pl.Date, some(lambda chance: date.fromordinal(chance.randrange(1, 3_000_000)))),
    "ages": (pl.Int16, some(lambda chance: chance.randrange(-1, 111), 0.1)),
    "flags": (pl.Boolean, some(lambda chance: chance.random() < 0.5)),
    "flags with nulls": (pl.Boolean, some(lambda chance: chance.random() < 0.5, 0.1)),
    "more than a few in a row": (pl.Int32, some(lambda chance: chance.randrange(9_000))),
    "too far apart": (pl.Int64, some(lambda chance: chance.choice([0, NARROW]))),
    "the ends of the type": (pl.Int64, some(lambda chance: chance.choice([-(2**63), 2**63 - 1]))),
    "near one end of the type": (pl.Int64, some(lambda chance: 2**63 - 1 - chance.randrange(90))),
    "near the other end": (pl.Int64, some(lambda chance: chance.randrange(90) - 2**63)),
    "all of eight bits": (pl.Int8, some(lambda chance: chance.randrange(-128, 128))),
    "few fractions": (pl.Float64, some(lambda chance: chance.choice([0.0, -0.0, 12.5, float("inf")]), 0.1)),
    "fractions": (pl.Float64, some(lambda chance: chance.gauss(0, 1e9), rows=3_000)),
}


@pytest.mark.parametrize("name", LARGE)
def test_so_it_is_of_many_values(name: str) -> None:
    kind, values = LARGE[name]
    series = pl.Series(values, dtype=kind)
    assert bytes(framed(series)) == by_hand(values)
    several = pl.concat([series[:11], series[11:MANY], series[MANY:]], rechunk=False)
    assert several.n_chunks() > 1 or not series[MANY:].len()
    assert bytes(framed(several)) == by_hand(values)


def test_a_text_of_any_length_is_told_by_its_length() -> None:
    values = ["a", "b" * (NARROW + 1), None, ""]
    assert framed(pl.Series(values)) == by_hand(values)


def test_a_long_text_that_is_rare_is_not_spelled_a_thousand_times() -> None:
    values = ["a"] * MANY + ["b" * 20_000]
    tracemalloc.start()
    spelled = framed(pl.Series(values))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spelled == by_hand(values)
    assert most < 10 * len(by_hand(values))


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([Decimal("1.50"), None, Decimal("-12.00")]), pl.Series([datetime(2024, 1, 1, 12, tzinfo=UTC), None]),
        pl.Series(["a", "bb", None], dtype=pl.Categorical), pl.Series(["a", "bb"], dtype=pl.Enum(["bb", "a"])),
        pl.Series([0.1, 16777216.0], dtype=pl.Float32), pl.Series([None, None]),
    ],
    ids=lambda values: str(values.dtype),
)  # fmt: skip
@pytest.mark.parametrize("times", [1, MANY])
def test_of_other_types_it_is_the_text_that_polars_makes(values: pl.Series, times: int) -> None:
    texts = values.cast(pl.String).to_list()
    assert framed(pl.concat([values] * times)) == by_hand(texts * times)
