"""A profile says what is in a file; it is the same to the byte however the rows come, and names nothing of few."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.checks import AGGREGATE, LINE
from services.ingest.fates import resolve, state_schema
from services.ingest.profiling import tally as tallies
from services.ingest.profiling.profile import profile_of
from services.ingest.profiling.tally import Moments, Tally
from services.ingest.reading.parts import LINES, Piece, Read, Stated
from services.ingest.refusals import ASIDE
from services.ingest.source import Source
from shared.contracts.ingest import Fate
from shared.contracts.profiles import FEWEST, Profile, Total

PATIENTS: dict[str, Any] = {
    "id": "made-up", "label": "Rows that we made up", "kind": "episodes", "schema_version": 1, "synthetic": True,
    "content": "patients", "encodings": ["utf-8"], "null_tokens": [""], "key": ["provider", "patient"],
    "columns": [
        {"from": "Provider", "type": "text"}, {"from": "Patient", "type": "text"},
        {"from": "Sex", "type": "code", "codes": ["F", "M", "X"]}, {"from": "Age", "type": "int"},
        {"from": "Score", "type": "float", "keep_reason": True, "absent": {"*": "suppressed"}, "required": False},
        {"from": "Day", "type": "date", "first": "2020-01-01", "last": "2030-12-31"},
    ],
}  # fmt: skip
SOURCE = Source.model_validate(PATIENTS)
AGGREGATES = Source.model_validate(PATIENTS | {"content": "aggregate"})


def rows_of(*given: dict[str, Any]) -> pl.DataFrame:
    """As `checks.row_schema` has them, one line each."""
    usual = {"provider": "AAA", "patient": "p", "sex": "F", "age": 50, "score": 1.5, "score_absent": None,
             "day": date(2024, 1, 1)}  # fmt: skip
    filled = [usual | one | {LINE: at + 2, AGGREGATE: False, LINES: 1} for at, one in enumerate(given)]
    schema = {LINE: pl.Int64(), AGGREGATE: pl.Boolean(), **SOURCE.canonical, LINES: pl.Int64()}
    return pl.DataFrame(filled, schema=schema)


def profiled(frames: list[pl.DataFrame], source: Source = SOURCE, aside: pl.DataFrame | None = None) -> Profile:
    aside = pl.DataFrame(schema=ASIDE) if aside is None else aside
    rows = sum(frame.height for frame in frames)
    lines = sum(int(frame[LINES].sum()) for frame in frames)
    pieces = tuple(Piece(f"rows-{at}", frame.height) for at, frame in enumerate(frames))
    read = Read("utf-8", 1 + lines + aside.height, 1, 0, 0, 0, pieces, (Piece("aside", aside.height),))
    assert rows == read.height
    return profile_of(lambda: frames, read, source, [aside])


def many(number: int) -> pl.DataFrame:
    return rows_of(
        *({"patient": f"p{at}", "age": at % 90, "score": at / 7, "sex": "FM"[at % 2]} for at in range(number))
    )


def split(frame: pl.DataFrame, *cuts: int) -> Iterator[pl.DataFrame]:
    edges = [0, *sorted(cuts), frame.height]
    for low, high in pairwise(edges):
        yield frame.slice(low, high - low)


def test_numbers_are_those_of_the_values_present() -> None:
    found = profiled([rows_of(*({"patient": str(at), "age": at} for at in (40, 10, 30, 20)))], AGGREGATES)
    (age,) = (column for column in found.columns if column.name == "age")
    assert age.numbers is not None
    told = age.numbers.model_dump(exclude={"bins"})
    assert told == {"minimum": 10, "lower_quartile": 10, "median": 20, "upper_quartile": 30, "maximum": 40, "mean": 25,
                    "total": 100, "spread": pytest.approx(12.90994449, abs=5e-9), "exact": True}  # fmt: skip


def test_absent_values_are_counted_by_their_reasons_and_those_without_one_too() -> None:
    missing: list[dict[str, Any]] = [{"score": None, "score_absent": "suppressed"}] * 2 + [{"score": None}]
    found = profiled([rows_of({"patient": "a"}, *missing)])
    (score,) = (column for column in found.columns if column.name == "score")
    assert (score.present, score.absent) == (1, {"none-given": 1, "suppressed": 2})
    assert not any(column.name == "score_absent" for column in found.columns)


def test_totals_are_no_part_of_what_columns_hold_and_keep_their_fate() -> None:
    frame = rows_of({"patient": "a", "age": 1}, {"patient": "all", "age": 1000})
    frame = frame.with_columns(pl.Series(AGGREGATE, [False, True]))
    found = profiled([frame], AGGREGATES)
    (age,) = (column for column in found.columns if column.name == "age")
    assert (found.rows, found.fates.accepted, found.fates.aggregate) == (1, 1, 1)
    assert age.numbers is not None
    assert age.numbers.maximum == 1


def test_of_patients_no_text_is_told_and_no_code_that_few_lines_have() -> None:
    sexes = ["F"] * FEWEST + ["M"] * (FEWEST - 1)
    frame = rows_of(*({"patient": f"secret-{at % 3}", "sex": sex} for at, sex in enumerate(sexes)))
    told = {column.name: column for column in profiled([frame]).columns}
    assert told["patient"].frequent == [] == told["provider"].frequent
    assert [one.value for one in told["sex"].frequent] == ["F"] == told["sex"].codes
    assert "secret" not in profiled([frame]).model_dump_json()


def test_of_patients_no_bar_stands_for_fewer_lines() -> None:
    ages = [20] * 30 + [101] + [21] * 4 + [40] * 12
    told = {one.name: one for one in profiled([rows_of(*({"patient": "p", "age": age} for age in ages))]).columns}
    assert told["age"].numbers is not None
    bins = told["age"].numbers.bins
    assert [(one.low, one.high, one.rows) for one in bins] == [(20, 20, 30), (21, 40, 17)]


def test_of_patients_no_extreme_is_told_that_few_lines_reach() -> None:
    days = [date(2024, 1, 1), *[date(2024, 2, 1)] * 20, date(2024, 12, 31)]
    frame = rows_of(*({"patient": "p", "age": 104 - at, "day": day} for at, day in enumerate(days)))
    told = {one.name: one for one in profiled([frame]).columns}
    assert told["age"].numbers is not None
    assert told["day"].days is not None
    assert (told["age"].numbers.minimum, told["age"].numbers.maximum) == (92, 95)
    assert (told["day"].days.first, told["day"].days.last) == (date(2024, 2, 1), date(2024, 2, 1))
    assert all(92 <= one.low <= one.high <= 95 for one in told["age"].numbers.bins)
    few = {one.name: one for one in profiled([frame.head(2 * FEWEST - 1)]).columns}
    assert (few["age"].numbers, few["day"].days) == (None, None)


def test_the_days_that_a_file_covers_are_told_as_they_are() -> None:
    covers = Source.model_validate(PATIENTS | {"days": {"first": "day", "last": "day"}})
    [day] = (one for one in profiled([rows_of({"patient": "p"})], covers).columns if one.name == "day")
    assert day.days is not None
    assert day.days.first == day.days.last == date(2024, 1, 1)


def test_where_rows_are_about_no_patient_frequent_texts_are_told() -> None:
    frame = rows_of(*({"patient": name} for name in ("knee", "hip", "knee")))
    told = {column.name: column for column in profiled([frame], AGGREGATES).columns}
    assert [(one.value, one.rows) for one in told["patient"].frequent] == [("knee", 2), ("hip", 1)]


@given(st.lists(st.integers(0, 300), max_size=5))
@settings(max_examples=25, deadline=None)
def test_the_same_rows_in_other_pieces_give_the_same_columns(cuts: list[int]) -> None:
    whole, pieces = profiled([many(300)]), profiled(list(split(many(300), *cuts)))
    assert pieces.model_dump_json() == whole.model_dump_json()


def test_the_same_reading_gives_the_same_bytes() -> None:
    pieces = list(split(many(500), 100, 350))
    assert profiled(pieces).model_dump_json() == profiled(pieces).model_dump_json()


def test_every_line_has_a_fate_or_there_is_no_profile() -> None:
    frame = many(3)
    read = Read("utf-8", 5, 1, 0, 0, 0, (Piece("rows", 3),), ())
    with pytest.raises(RuntimeError, match="4 fates for 5 lines"):
        profile_of(lambda: [frame], read, SOURCE)


KEYED = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(1, 2), st.booleans()), max_size=14
)


@given(KEYED, st.integers(0, 14))
@settings(max_examples=60, deadline=None)
def test_fates_are_those_that_an_empty_feed_gives(lines: list[tuple[str, str, int, bool]], cut: int) -> None:
    frame = rows_of(*({"provider": one, "patient": other, "age": age} for one, other, age, _ in lines))
    frame = frame.with_columns(pl.Series(AGGREGATE, [total for *_, total in lines], dtype=pl.Boolean))
    resolved = resolve(frame.drop(LINES), pl.DataFrame(schema=state_schema(SOURCE)), "f" * 64, False, SOURCE)
    found = profiled(list(split(frame, min(cut, frame.height)))).fates.model_dump()
    expected = {fate.value: resolved.fates.get(fate, 0) for fate in Fate} | {"header": 1}
    assert found == expected


@pytest.mark.parametrize(
    ("second", "fates"),
    [({"provider": "b", "patient": "a"}, (2, 0, 0)), ({}, (1, 1, 0)), ({"age": 2, "score": 1.0}, (0, 0, 2))],
    ids=["another key", "the same again", "other values"],
)
def test_a_value_in_another_column_is_another(second: dict[str, Any], fates: tuple[int, int, int]) -> None:
    first = {"provider": "a", "patient": "b", "age": 1, "score": 2.0}
    found = profiled([rows_of(first), rows_of(first | second).with_columns(pl.col(LINE) + 1)]).fates
    assert (found.accepted, found.duplicate, found.conflict) == fates


def test_lines_set_aside_are_told_by_cause_and_not_by_what_they_hold() -> None:
    aside = pl.DataFrame(
        [(5, "quarantined", "not-a-number", "Age", "secret", "a number")] * 2
        + [(9, "quarantined", "field-count", None, "3 fields", "6 fields")], schema=ASIDE, orient="row",
    )  # fmt: skip
    found = profiled([many(4)], aside=aside)
    assert [one.model_dump() for one in found.set_aside] == [
        {"code": "not-a-number", "column": "Age", "lines": 2}, {"code": "field-count", "lines": 1}
    ]  # fmt: skip
    assert "secret" not in json.dumps(found.model_dump(mode="json"))


def test_with_too_many_values_ranks_are_close_and_said_to_be_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST", 400)
    monkeypatch.setattr(tallies, "KEPT", 200)
    numbers = Tally(numeric=True, measured=False)
    every = [(at * 7919) % 100_003 for at in range(60_000)]  # each once, in no order
    for low in range(0, 60_000, 10_000):
        numbers.add(pl.Series(every[low : low + 10_000], dtype=pl.Float64))
    held = sorted(every)
    assert not numbers.exact
    for share in (0.25, 0.5, 0.75):
        rank = sum(1 for one in held if one <= numbers.at_rank(share)) / len(held)
        assert rank == pytest.approx(share, abs=6 / 200)  # at most one in KEPT for each of the six pieces


def test_texts_beyond_what_is_kept_are_counted_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST", 10)
    texts = Tally(numeric=False, measured=True)
    for low in (0, 8):
        texts.add(pl.Series([f"name {at}" for at in range(low, low + 8)]))
    assert (texts.exact, texts.counts, texts.present, texts.lengths) == (False, None, 16, (6, 7))


TALLIED = st.one_of(
    st.lists(st.sampled_from(["a", "bb", "é", "", None]), max_size=60),
    st.lists(st.none() | st.text(max_size=3), max_size=60),
    st.lists(st.none() | st.integers(-2, 3), max_size=60),
    st.lists(st.none() | st.integers(-(2**40), 2**40), max_size=60),
    st.lists(st.none() | st.sampled_from([0.0, 1.5, -2.5, 1e12]), max_size=60),
    st.lists(st.none() | st.dates(date(2024, 1, 1), date(2024, 1, 9)), max_size=60),
)


@pytest.mark.parametrize(("different", "exact"), [(10, True), (11, False), (30, False)])
def test_what_is_too_much_at_once_is_counted_no_further(
    different: int, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "MOST", 10)
    texts = Tally(numeric=False, measured=True)
    texts.add(pl.Series([f"name {at % different}" for at in range(90)]))
    assert (texts.exact, texts.counts is not None, texts.present) == (exact, exact, 90)
    assert texts.lengths == (6, 6 if different == 10 else 7)


@given(TALLIED, st.lists(st.integers(0, 60), max_size=6))
@settings(max_examples=400)
def test_a_tally_is_what_counting_one_by_one_gives(values: list[Any], cuts: list[int]) -> None:
    """However few different values were seen before, and whatever comes after them."""
    held = [value for value in values if value is not None]
    kind = {str: pl.String(), int: pl.Int64(), float: pl.Float64(), date: pl.Date()}[type(held[0]) if held else str]
    found = Tally(numeric=kind.is_numeric(), measured=kind == pl.String())
    for piece in split(
        pl.DataFrame({"value": pl.Series(values, dtype=kind)}), *(min(cut, len(values)) for cut in cuts)
    ):
        found.add(piece["value"])
    counts = [] if found.counts is None else list(found.counts.iter_rows())
    assert counts == sorted(Counter(held).items())
    assert (found.present, found.missing) == (len(held), len(values) - len(held))
    if kind == pl.String():
        lengths = [len(value) for value in held]
        assert found.lengths == ((min(lengths), max(lengths)) if held else None)
    elif held:
        assert (found.lowest, found.highest) == (min(held), max(held))


def test_moments_of_parts_are_those_of_the_whole() -> None:
    values = pl.Series([0.5 * at * at for at in range(100)]).to_numpy() + 1e6
    parts = Moments()
    for low in (0, 13, 60):
        parts.add(values[low : {0: 13, 13: 60, 60: 100}[low]])
    whole = pl.Series(values)
    assert parts.mean == pytest.approx(whole.mean(), rel=1e-12)
    assert parts.spread == pytest.approx(whole.std(), rel=1e-9)


@pytest.mark.parametrize("name", ["gmc", "consultant", "surgeon"])
def test_nobody_is_named_whatever_the_rows_are_about(name: str) -> None:
    said = {**PATIENTS["columns"][1], "name": name}
    layout = PATIENTS | {"content": "aggregate", "key": ["provider"]}
    source = Source.model_validate(layout | {"columns": [PATIENTS["columns"][0], said, *PATIENTS["columns"][2:]]})
    frame = rows_of(*[{"patient": "9900001"}] * 20).rename({"patient": name})
    assert "9900001" not in profiled([frame], source).model_dump_json()


def test_of_registers_no_text_is_told() -> None:
    frame = rows_of(*[{"patient": "Dr A Example"}] * 20)
    register = Source.model_validate(PATIENTS | {"content": "register"})
    assert "Dr A Example" not in profiled([frame], register).model_dump_json()


def stating(*totals: Stated, ages: list[int | None]) -> Profile:
    frame = rows_of(*({"patient": str(at), "age": age} for at, age in enumerate(ages)))
    read = Read("utf-8", 2 + len(ages), 1, 0, 0, 1, (Piece("rows", len(ages)),), (), totals)
    return profile_of(lambda: [frame], read, AGGREGATES)


def test_what_a_line_of_totals_states_stands_beside_the_sum() -> None:
    found = stating(Stated(5, "Age", "100"), ages=[40, 50]).totals
    assert found is not None
    assert [one.model_dump() for one in found] == [{"line": 5, "column": "Age", "stated": 100.0, "found": 90.0}]


@pytest.mark.parametrize(
    ("totals", "ages", "found"),
    [
        ([Stated(5, "Age", "100")], [40, None], []),
        ([Stated(5, "Age", "-")], [40, 50], []),
        ([Stated(5, "Age", "90"), Stated(6, "Age", "90")], [40, 50], None),
        ([], [40, 50], None),
    ],
    ids=["a value is missing", "no number", "several totals", "no total"],
)
def test_totals_that_cannot_be_compared_are_not(
    totals: list[Stated], ages: list[int | None], found: list[Total] | None
) -> None:
    assert stating(*totals, ages=ages).totals == found
