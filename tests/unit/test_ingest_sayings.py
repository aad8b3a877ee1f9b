"""What a source may say of names, marks and dashes: periods that a file's name tells, and what costs no line."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.ingest.reading.read import Reading, read
from services.ingest.source import Form, Source
from services.ingest.told import NamedPeriod

SOURCE: dict[str, Any] = {
    "id": "lists", "label": "Lists", "kind": "values", "schema_version": 1, "synthetic": True, "encodings": ["utf-8"],
    "null_tokens": [""], "key": ["code"],
    "columns": [
        {"from": "Code", "type": "text"},
        {"from": "List", "type": "text", "leading_dash": True},
        {"from": "Plain", "type": "text"},
    ],
}  # fmt: skip


def period(**said: Any) -> NamedPeriod:
    return NamedPeriod(type="named-period", name="period_start", **said)


@pytest.mark.parametrize(
    ("form", "pattern", "name", "first", "last"),
    [
        ("financial-year", "_([0-9]{4})[.]csv$", "key_facts_1819.csv", date(2018, 4, 1), date(2019, 3, 31)),
        ("financial-year", "_([0-9]{4})[.]csv$", "key_facts_9900.csv", date(2099, 4, 1), date(2100, 3, 31)),
        ("month", "([0-9]{4}-[0-9]{2})[.]xlsx$", "ae_2024-02.xlsx", date(2024, 2, 1), date(2024, 2, 29)),
        ("month-in-words", "([A-Za-z]+-[0-9]{4})", "June-2025-AE.xlsx", date(2025, 6, 1), date(2025, 6, 30)),
        ("years", "_([0-9]{4})[.]csv$", "profile_2023.csv", date(2023, 1, 1), date(2023, 12, 31)),
    ],
)
def test_a_name_tells_a_period_in_a_known_form(form: Any, pattern: str, name: str, first: date, last: date) -> None:
    for edge, day in (("first-day", first), ("last-day", last)):
        told = period(form=form, pattern=pattern, edge=edge).of_file(name)
        assert told is not None
        assert told.value == day


@pytest.mark.parametrize("name", [None, "", "key_facts.csv", "key_facts_1820.csv", "key_facts_1819.csv.txt"])
def test_a_name_that_tells_none_is_not_guessed_at(name: str | None) -> None:
    column = period(form="financial-year", pattern="_([0-9]{4})[.]csv$", edge="first-day")
    assert column.of_file(name) is None
    assert column.expected == "a name with an English financial year like 0102 or 2001-02"


@pytest.mark.parametrize(
    "said",
    [
        {"pattern": "([0-9]{4})"},  # neither periods nor a form
        {"pattern": "([0-9]{4})", "form": "years", "periods": {"2023": [date(2023, 1, 1), date(2023, 12, 31)]}},
        {"pattern": "[0-9]{4}", "form": "years"},  # no group
    ],
)
def test_a_period_is_told_in_one_way(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        period(edge="first-day", **said)


@pytest.mark.parametrize("mark", ["a", "’", "\n", "\u0085", "\u0092\u0092", "", "\u202e", "\x00", "\x1b"])
def test_no_mark_but_a_control_of_the_second_kind_may_stay(mark: str) -> None:
    with pytest.raises(ValidationError):
        Form(marks=(mark,))
    assert Form(marks=("\u0092",)).kept_controls == {b"\xc2\x92"}


def test_a_known_mark_costs_no_line_and_another_does(tmp_path: Path) -> None:
    lines = "Code,List,Plain\na,X,the hospital\u0092s\nb,X,the hospital\u0093s\nc,X,a\u202eb\n"
    plain, marked = _read(tmp_path, lines), _read(tmp_path, lines, form={"marks": ["\u0092"]})
    assert (plain.rows["code"].to_list(), plain.aside.height) == ([], 3)
    assert marked.rows["code"].to_list() == ["a"]
    assert marked.aside["found"].to_list() == ["U+0093", "U+202E"]


def test_a_dash_before_a_list_is_no_formula(tmp_path: Path) -> None:
    """Where a source says so, and for lists of codes alone."""
    found = _read(tmp_path, 'Code,List,Plain\na,"-  ,Z94",x\nb,-,x\nc,-cmd|1,x\nd,=1+1,x\ne,X,"-  ,Z94"\nf,"-,&",x\n')
    assert found.rows.select("code", "list").rows() == [("a", "-  ,Z94"), ("b", "-"), ("f", "-,&")]
    assert found.aside["code"].to_list() == ["formula", "formula", "formula"]
    assert found.aside["column"].to_list() == ["List", "List", "Plain"]


def test_a_column_without_a_heading_is_checked_like_the_others(tmp_path: Path) -> None:
    numbered = {"name": "row", "from": "", "type": "int", "min": 1, "keep": False}
    said = {"columns": [numbered, *SOURCE["columns"]], "header": ["", "Code", "List", "Plain"]}
    found = _read(tmp_path, ",Code,List,Plain\n1,a,X,x\n1O,b,X,x\n", **said)
    assert found.rows["code"].to_list() == ["a"]
    assert found.aside.select("line", "code", "column").rows() == [(3, "not-a-number", "")]


def _read(folder: Path, text: str, **said: Any) -> Reading:
    path = folder / "lists.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return read(path, Source.model_validate(SOURCE | said))
