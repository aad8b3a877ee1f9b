"""Texts that are known are looked up and not held against the rules again: the same rows, the same lines set aside."""

import random
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest import checks, known
from services.ingest.columns import SIGNED, Text, _is_run
from services.ingest.known import Known
from services.ingest.personal import kind_of
from services.ingest.reading import blocks, files
from services.ingest.reading.files import Pieces
from services.ingest.reading.parts import frames
from services.ingest.reading.read import Reading, read
from services.ingest.source import Source, load_sources
from tests.mutated_rows import line_of, right
from tests.spec.test_ingest_differential import EVERYTHING, NAMES, _called, lines_of, said_by
from tests.spec.test_ingest_personal import PLANTED

ROWS = 3_000
PERSONS = [text for texts in PLANTED.values() for text in texts]
BARE = sorted(
    {
        column.pattern
        for source in load_sources().values()
        for column in source.columns
        if isinstance(column, Text) and column.pattern is not None and column.is_bare
    }
    | {"^[A-Z]{3}[0-9]{9}$", "^A[0-9]{9}$", "^[A-Z][0-9]{8}$", "^MRS[A-Z]{2}[0-9]{6}$"}
)


def _file(folder: Path, toml: dict[str, Any], name: str, seed: int, persons: bool) -> Path:
    rng = random.Random(seed)
    lines = lines_of(rng, toml, ROWS)
    if persons:
        lines += [_line_of_a_person(rng, toml) for _ in range(60)]
        rng.shuffle(lines)
    path = folder / name
    header = ",".join(f'"{one}"' for one in toml["header"])
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8", newline="")
    return path


def _line_of_a_person(rng: random.Random, toml: dict[str, Any]) -> str:
    """One that is right, but for a cell."""
    columns = {name: column for column in toml["columns"] for name in _called(column)}
    cells = [right(rng, columns[name]) for name in toml["header"]]
    cells[rng.randrange(len(cells))] = rng.choice(PERSONS)
    return line_of(rng, cells)


def _same(one: Reading, other: Reading) -> None:
    assert (one.lines, one.header, one.blank, one.footer, one.aggregate) == (
        other.lines, other.header, other.blank, other.footer, other.aggregate,
    )  # fmt: skip
    assert one.rows.schema == other.rows.schema
    assert one.rows.equals(other.rows)
    assert one.aside.equals(other.aside)


@pytest.mark.parametrize("room", [(known.MOST_TEXTS, known.MOST_BYTES), (40, 8_000)])
@pytest.mark.parametrize(("source", "name"), NAMES.items())
def test_rows_and_lines_set_aside_are_those_of_every_row_by_itself(
    source: str, name: str, room: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over several pieces, so that what the first taught is looked up in the next, and some columns hold too much."""
    toml = said_by(source)
    path = _file(tmp_path, toml, name, len(source), persons=False)
    monkeypatch.setattr(blocks, "BLOCK", 1 << 15)
    by_row = read(path, Source.model_validate(toml), name)
    monkeypatch.setattr(checks, "MANY_ROWS", 1)
    monkeypatch.setattr(known, "MOST_TEXTS", room[0])
    monkeypatch.setattr(checks, "MOST_BYTES", room[1])
    by_text = read(path, Source.model_validate(toml), name)
    _same(by_text, by_row)
    assert by_row.rows.height > ROWS // 5
    assert by_row.aside.height > ROWS // 10


@pytest.mark.parametrize("source", ["candour-demo", "shmi", "everything"])
def test_a_person_among_known_texts_stays_at_the_door(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = said_by(source)
    for column in toml["columns"]:
        column.pop("may_hold", None)
        column.pop("why", None)
    path = _file(tmp_path, toml, NAMES[source], 7, persons=True)
    monkeypatch.setattr(blocks, "BLOCK", 1 << 15)
    by_row = read(path, Source.model_validate(toml), NAMES[source])
    monkeypatch.setattr(checks, "MANY_ROWS", 1)
    _same(read(path, Source.model_validate(toml), NAMES[source]), by_row)
    assert by_row.aside.filter(pl.col("code") == "personal").height > 0


def test_what_is_known_is_not_held_against_the_rules_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a row of which every text is, or the key alone is not; only the one with a text that is wrong is."""
    lines = [f"k{number},A1,Y,1" for number in range(400)]
    lines[300] = "k300,A1,perhaps,1"
    columns = [column for column in EVERYTHING["columns"] if column["from"] in ("id", "code", "yes", "whole")]
    source = Source.model_validate(EVERYTHING | {"columns": columns})
    path = tmp_path / "file.csv"
    path.write_text("\n".join(["id,code,yes,whole", *lines, ""]), encoding="utf-8")
    monkeypatch.setattr(checks, "MANY_ROWS", 1)
    monkeypatch.setattr(known, "MOST_TEXTS", 100)
    monkeypatch.setattr(blocks, "BLOCK", 1 << 10)
    by_row, seen = checks._Checks._by_row, list[str]()

    def watched(one: checks._Checks, texts: pl.DataFrame, tidy: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        seen.extend(texts["yes"])
        return by_row(one, texts, tidy)

    monkeypatch.setattr(checks._Checks, "_by_row", watched)
    reading = read(path, source)
    assert seen == ["perhaps"]
    assert reading.rows.height == 399
    assert reading.aside.select("line", "code", "found").rows() == [(302, "not-in-list", "perhaps")]


@pytest.mark.parametrize("pattern", BARE)
@given(data=st.data())
def test_a_text_of_a_bare_form_is_nothing_else_that_is_refused(pattern: str, data: st.DataObject) -> None:
    """As `is_bare` says of patterns, without asking what makes them so."""
    column = Text.model_validate({"name": "a", "from": "a", "type": "text", "pattern": pattern})
    assert column.is_bare
    text = data.draw(st.from_regex(re.compile(pattern.replace("$", r"\Z"))))
    assert kind_of(text) is None
    assert not _is_run(pl.Series([text]), SIGNED)[0]
    assert len(text) <= column.most_characters
    assert text == text.strip(" \t")


@pytest.mark.parametrize(
    ("pattern", "bare"),
    [
        ("^E[0-9]{7}$", True), ("^[A-Z]{2}[0-9]{3}$", True), ("^[0-9]{7}$", True), ("^[0-9]{8}$", False),
        ("^[0-9]{10}$", False), ("^A[0-9]{9}$", True), ("^A[0-9]{10}$", False), ("^[0-9]{3}[A-Z]?$", False),
        ("^[0-9A-Z]{6}$", False), ("E[0-9]{7}", False), ("^E[0-9]{7}", False), ("^-[0-9]{2}$", False),
        ("^[A-Z]{200}[0-9]{1}$", False), ("^A[0-9]{7}$|^B$", False), ("^[a-z][0-9]{7}$", False),
    ],
)  # fmt: skip
def test_bare_forms_are_few_letters_and_then_few_digits(pattern: str, bare: bool) -> None:
    told = {"name": "a", "from": "a", "type": "text", "pattern": pattern}
    assert Text.model_validate(told).is_bare == bare


def test_too_many_or_too_long_texts_are_not_known() -> None:
    nothing = Known.nothing()
    many = pl.Series([f"{number}" for number in range(known.MOST_TEXTS + 1)])
    assert nothing.unknown(many, nothing.places(many), known.MOST_BYTES) is None
    long = pl.Series(["x" * number for number in range(1000, 1010)])
    assert nothing.unknown(long, nothing.places(long), 10_000) is None
    assert nothing.unknown(long, nothing.places(long), 11_000) is not None
    few = pl.Series(["b", None, "a", "b"])
    found = nothing.unknown(few, nothing.places(few), 1000)
    assert found is not None
    assert found.to_list() == ["a", "b"]


def test_values_stand_where_their_texts_do() -> None:
    both = pl.Series([True, True])
    first = Known.nothing().and_those(pl.Series(["a", ""]), both, pl.DataFrame({"=x": ["a", None], "=y": [1, None]}))
    every = first.and_those(pl.Series(["b", "c"]), both, pl.DataFrame({"=x": ["a", "C"], "=y": [2, 3]}))
    places = every.places(pl.Series(["c", "b", "?", "", None, "a"]))
    x, y = every.values_at(places)
    assert x.cast(pl.String()).to_list() == ["C", "a", None, None, None, "a"]
    assert y.to_list() == [3, 2, None, None, None, 1]


def test_what_was_refused_is_not_judged_again_and_has_no_place() -> None:
    texts = pl.Series(["a", "x"])
    known_ = Known.nothing().and_those(texts, pl.Series([True, False]), pl.DataFrame({"=a": ["a", None]}))
    places = known_.places(pl.Series(["x", "a", "y"]))
    assert places.cast(pl.String()).to_list() == [None, "a", None]
    new = known_.unknown(pl.Series(["x", "a", "y"]), places, 1000)
    assert new is not None
    assert new.to_list() == ["y"]


def test_pieces_are_texts_however_they_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one list, of two, and as themselves; what is read of a piece is what its schema says."""
    schema = pl.Schema({"a": pl.String(), "n": pl.Int64()})
    monkeypatch.setattr(files, "PIECE_ROWS", 4)
    pieces, letters = Pieces(tmp_path, "rows", schema), pl.Enum(["x", "y"])
    for texts, dtype in (
        (["x", "y"], letters), (["y", None], letters), (["x", "y"], letters), (["z", "y"], pl.Enum(["z", "y"])),
        (["y", "x"], letters), (["*", None], pl.String()),
    ):  # fmt: skip
        pieces.add(pl.DataFrame({"a": pl.Series(texts, dtype=dtype), "n": [1, 2]}))
    made = list(frames(tmp_path, pieces.finished()))
    assert [frame.schema for frame in made] == [schema] * 3
    assert [frame["a"].to_list() for frame in made] == [
        ["x", "y", "y", None],
        ["x", "y", "z", "y"],
        ["y", "x", "*", None],
    ]
