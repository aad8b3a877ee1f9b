"""The same counts to the last one: by a dense table, and by one group-by on five engines and in any order."""

from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from sqlframe.duckdb import DuckDBSession

from services.ratings.casemix import contingency as dense
from services.ratings.casemix.contingency import contingency
from services.ratings.casemix.counting import UNITS, count_patterns
from services.ratings.casemix.grouping import count_by
from services.ratings.indicators.definition import Period
from services.ratings.indicators.loading import load_catalogue

LOADED = load_catalogue()["vascular-surgery-mortality-30d"].model
assert LOADED is not None
MODEL = LOADED
LEVELS = {factor.column: factor.levels for factor in MODEL.factor}
KEY = [*UNITS, *MODEL.columns]
PERIOD = Period(start=date(2023, 4, 1), end=date(2026, 3, 31))


def world(episodes: int = 20_000, seed: int = 3) -> pl.DataFrame:
    chance = np.random.default_rng(seed)

    def drawn(words: list[str]) -> pl.Series:
        return pl.Series(chance.choice(words, episodes).tolist())

    columns = {name: drawn(words) for name, words in LEVELS.items()}
    unit = chance.integers(0, 60, episodes)
    return pl.DataFrame(
        {
            "specialty": pl.Series(np.where(unit % 2 == 0, "vascular-surgery", "thyroid-surgery").tolist()),
            "provider": pl.Series([f"ZZ{one % 7:03}" for one in unit]),
            "consultant": pl.Series([f"99{one:05}" for one in unit]),
            **columns,
            "died_30_days": pl.Series(chance.integers(0, 2, episodes), dtype=pl.Int8),
            "date": pl.Series([date(2024, 1, 1)] * episodes),
        }
    )


@pytest.fixture(scope="module")
def episodes() -> pl.DataFrame:
    return world()


@pytest.fixture(scope="module")
def counted(episodes: pl.DataFrame) -> pl.DataFrame:
    return count_by(episodes, KEY, MODEL.outcome)


def of_duckdb(frame: pl.DataFrame) -> Any:
    return duckdb.connect().from_arrow(frame.to_arrow())


def of_sqlframe(frame: pl.DataFrame) -> Any:
    rows = frame.drop("date").rows()
    return DuckDBSession().createDataFrame(rows, frame.drop("date").columns)


ENGINES: dict[str, Callable[[pl.DataFrame], Any]] = {
    "polars, eager": lambda frame: frame,
    "polars, lazy": pl.DataFrame.lazy,
    "DuckDB": of_duckdb,
    "sqlframe": of_sqlframe,
}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_group_by_gives_the_same_counts_on_every_engine(engine: str, episodes: pl.DataFrame) -> None:
    few = episodes.head(4000)
    by_hand: dict[tuple[str, ...], list[int]] = {}
    for *key, died in few.select(*KEY, MODEL.outcome).iter_rows():
        cell = by_hand.setdefault(tuple(key), [0, 0])
        cell[0], cell[1] = cell[0] + 1, cell[1] + died
    found = count_by(ENGINES[engine](few), KEY, MODEL.outcome)
    assert found.rows() == [(*key, *cell) for key, cell in sorted(by_hand.items())]
    assert found.schema["cases"] == found.schema["observed"] == pl.Int64


@pytest.mark.spark
def test_the_group_by_gives_the_same_counts_on_spark(episodes: pl.DataFrame, counted: pl.DataFrame) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="the extra `spark` is not installed")
    session = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        frame = session.createDataFrame(episodes.drop("date").rows(), episodes.drop("date").columns)
        assert count_by(frame, KEY, MODEL.outcome).equals(counted)
    finally:
        session.stop()


def test_the_dense_table_gives_the_same_counts(episodes: pl.DataFrame, counted: pl.DataFrame) -> None:
    table = contingency(episodes.lazy(), UNITS, LEVELS, MODEL.outcome)
    assert table is not None
    assert table.frame().equals(counted)
    shuffled = contingency(episodes.sample(fraction=1.0, shuffle=True, seed=5).lazy(), UNITS, LEVELS, MODEL.outcome)
    assert shuffled is not None
    assert shuffled.frame().equals(counted)


def test_patterns_stand_in_the_order_of_the_tables_columns(episodes: pl.DataFrame) -> None:
    table = contingency(episodes.lazy(), UNITS, LEVELS, MODEL.outcome)
    assert table is not None
    patterns = table.patterns()
    assert patterns.equals(patterns.sort(patterns.columns))
    assert patterns.height == table.cases.shape[1] == 5 * 2 * 3 * 5
    one = int(np.argmax(table.cases[0]))
    same = episodes.join(table.units[:1], on=list(UNITS)).join(patterns[one : one + 1], on=list(LEVELS))
    assert (table.cases[0, one], table.observed[0, one]) == (same.height, same[MODEL.outcome].sum())


def test_expected_events_of_a_unit_by_hand(episodes: pl.DataFrame) -> None:
    table = contingency(episodes.lazy(), UNITS, LEVELS, MODEL.outcome)
    assert table is not None
    risk = np.random.default_rng(1).random((2, table.cases.shape[1]))
    row = np.arange(table.units.height) % 2
    by_hand = [float((table.cases[unit] * risk[unit % 2]).sum()) for unit in range(table.units.height)]
    assert table.expected(risk, row).tolist() == pytest.approx(by_hand, rel=1e-13)


UNUSABLE: dict[str, dict[str, pl.Expr]] = {
    "an undeclared level": {"sex": pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("M")).otherwise("sex")},
    "an empty cell where missing is no level": {"sex": pl.when(pl.int_range(pl.len()) != 7).then("sex")},
    "an empty unit": {"provider": pl.when(pl.int_range(pl.len()) != 7).then("provider")},
    "numbers for words": {"comorbidity": pl.lit(1)},
    "an outcome of 2": {"died_30_days": pl.lit(2, pl.Int8)},
    "no outcome": {"died_30_days": pl.lit(None, pl.Int8)},
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_what_a_dense_table_cannot_hold_is_left_to_the_group_by(what: str, episodes: pl.DataFrame) -> None:
    odd = episodes.with_columns(**UNUSABLE[what])
    assert contingency(odd.lazy(), UNITS, LEVELS, MODEL.outcome) is None


def test_an_empty_cell_is_the_level_missing_either_way(
    episodes: pl.DataFrame, counted: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied = episodes.with_columns(comorbidity=pl.col("comorbidity").replace({"missing": None}))
    assert emptied["comorbidity"].null_count() > 1000
    assert count_patterns(emptied.lazy(), MODEL, PERIOD).equals(counted)
    monkeypatch.setattr(dense, "MOST_CELLS", 0)
    assert count_patterns(emptied.lazy(), MODEL, PERIOD).equals(counted)


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_CELLS", 100), ("CELLS_PER_EPISODE", 0.1), ("MOST_COMBINATIONS", 9)]
)
def test_a_table_that_would_be_large_is_not_made(
    limit: str, value: float, episodes: pl.DataFrame, counted: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, limit, value)
    assert contingency(episodes.lazy(), UNITS, LEVELS, MODEL.outcome) is None
    assert count_patterns(episodes.lazy(), MODEL, PERIOD).equals(counted)


def test_nothing_to_count_is_an_empty_frame(episodes: pl.DataFrame) -> None:
    outside = episodes.with_columns(date=pl.lit(date(2020, 1, 1)))
    assert count_patterns(outside.lazy(), MODEL, PERIOD).height == 0
