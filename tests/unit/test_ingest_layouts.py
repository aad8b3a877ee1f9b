"""What a source's TOML can say of files whose layout changes, that have no key, or that have very many columns."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from services.ingest.fates import resolve, state_schema
from services.ingest.reading.read import Reading, read
from services.ingest.refusals import Refused
from services.ingest.source import Source, load_sources
from services.ingest.spelling import snake
from shared.contracts.ingest import Fate

BEDS: dict[str, Any] = {
    "id": "beds", "label": "Beds", "kind": "values", "schema_version": 1, "synthetic": True,
    "encodings": ["utf-8", "windows-1252"], "null_tokens": ["", "*"], "key": ["code"],
    "header": ["Code", "Hospital Name", "Beds", "Band"],
    "other_headers": [["Code", "Hospital_Name", "Beds"]],
    "columns": [
        {"from": "Code", "type": "identifier", "width": 4, "letters": True},
        {"name": "name", "from": ["Hospital_Name", "Hospital Name"], "type": "text"},
        {"from": "Beds", "type": "int", "required": False},
        {"from": "Band", "type": "int", "required": "where-sent"},
    ],
}  # fmt: skip


def beds(**changes: Any) -> Source:
    return Source.model_validate(BEDS | changes)


def reading(tmp_path: Path, source: Source, *lines: str) -> Reading:
    (tmp_path / "sent.csv").write_text("\n".join(lines) + "\n")
    return read(tmp_path / "sent.csv", source)


def fates(source: Source, found: Reading) -> dict[Fate, int]:
    resolved = resolve(found.rows, pl.DataFrame(schema=state_schema(source)), "sha", False, source)
    return {fate: lines for fate, lines in found.fates(resolved.fates).items() if lines}


def test_both_layouts_give_the_same_columns(tmp_path: Path) -> None:
    source = beds()
    first = reading(tmp_path, source, "Code,Hospital Name,Beds,Band", "12F,A,5,2", "13F,B,*,1")
    second = reading(tmp_path, source, "Code,Hospital_Name,Beds", "012F,A,5")
    assert list(source.canonical) == ["code", "name", "beds", "band"]
    assert first.rows.drop("_lines").rows() == [(2, False, "012F", "A", 5, 2), (3, False, "013F", "B", None, 1)]
    assert second.rows.drop("_lines").rows() == [(2, False, "012F", "A", 5, None)]
    assert first.rows.schema == second.rows.schema


def test_a_column_of_some_layouts_needs_a_value_where_it_is_sent(tmp_path: Path) -> None:
    found = reading(tmp_path, beds(), "Code,Hospital Name,Beds,Band", "1,A,5,")
    assert found.rows.is_empty()
    assert found.aside.select("code", "column").row(0) == ("missing-value", "Band")


def test_a_line_is_set_aside_under_the_name_that_its_file_uses(tmp_path: Path) -> None:
    found = reading(tmp_path, beds(), "Code,Hospital Name,Beds,Band", "1,,5,1")
    assert found.aside.select("code", "column").row(0) == ("missing-value", "Hospital Name")


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Code,Hospital_Name,Beds,Colour", "unexpected Colour"),
        ("Code,Hospital Name,Beds", "missing Band"),
        ("Code,Beds,Hospital_Name", "column 2 should be Hospital_Name, not Beds"),
    ],
)
def test_a_header_of_no_layout_is_told_from_the_one_most_like_it(tmp_path: Path, header: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        reading(tmp_path, beds(), header, "1,A,5")
    assert why in refused.value.refusal.detail


@pytest.mark.parametrize(
    "spoil",
    [
        {"other_headers": [["Code", "Beds"]]},  # the name is required, and lacking
        {"other_headers": [["Code", "Hospital_Name", "Hospital Name", "Beds"]]},  # one column by two names
        {"other_headers": [["Code", "Hospital_Name", "Beds", "Colour"]]},  # nothing reads the colour
        {"other_headers": []},  # no layout has the other name of the name
        {"other_headers": [["Hospital_Name", "Beds", "Band"]]},  # the key is lacking
        {"at_most": [{"column": "beds", "limit": "band"}]},  # one layout has nothing to compare with
        {"key": ["line"]},  # there is no such column
        {"columns": [*BEDS["columns"], {"each": ["Code"], "name": "two", "type": "text"}]},  # one name for many
    ],
)
def test_layouts_that_contradict_the_columns_are_refused(spoil: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        beds(**spoil)


@pytest.mark.parametrize("source", load_sources().values(), ids=lambda source: source.id)
def test_every_layout_of_a_packaged_source_gives_the_same_columns(source: Source) -> None:
    for header in source.headers:
        layout = source.as_sent(header)
        assert (layout.header, layout.canonical, layout.key) == (header, source.canonical, source.key)
        assert {column.source for column in layout.sent} == set(header)


LINES = BEDS | {
    "key": ["line"], "other_headers": [],
    "columns": [{"name": "line", "type": "line"}, {"each": ["Code", "Beds"], "type": "text"}],
}  # fmt: skip
LINES.pop("header")


def test_without_a_key_the_line_stands_for_one_and_the_order_is_the_files(tmp_path: Path) -> None:
    source = Source.model_validate(LINES)
    found = reading(tmp_path, source, "Code,Beds", "b,1", "", "a,1", "b,1")
    assert fates(source, found) == {Fate.HEADER: 1, Fate.ACCEPTED: 3, Fate.BLANK: 1}
    assert found.rows.select("line", "code").rows() == [(2, "b"), (4, "a"), (5, "b")]


def test_columns_declared_together_are_written_out_in_their_place() -> None:
    source = Source.model_validate(LINES)
    assert source.header == ["Code", "Beds"]
    assert list(source.canonical) == ["line", "code", "beds"]
    assert Source.model_validate(source.model_dump(by_alias=True)) == source


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Comparison to U.S. Rate - Hospital", "comparison_to_u_s_rate_hospital"),
        ("# of Deaths", "of_deaths"),
        ("Procedure/Condition", "procedure_condition"),
        ("EQ5D  Index ", "eq5d_index"),
    ],
)
def test_a_column_without_a_name_has_its_headers(header: str, name: str) -> None:
    assert snake(header) == name


def numbers(exponents: bool) -> Source:
    column = {"from": "Beds", "type": "float", "exponents": exponents}
    return Source.model_validate(LINES | {"columns": [LINES["columns"][0], {"from": "Code", "type": "text"}, column]})


def test_exponents_are_numbers_only_where_the_source_says_so(tmp_path: Path) -> None:
    lines = ("Code,Beds", "a,-2.3446e-05", "b,7E+2", "c,1e", "d,1.5")
    without, allowed = (reading(tmp_path, numbers(exponents), *lines) for exponents in (False, True))
    assert without.rows["beds"].to_list() == [1.5]
    assert allowed.rows["beds"].to_list() == [-2.3446e-05, 700.0, 1.5]
    assert allowed.aside["found"].to_list() == ["1e"]


def test_letters_in_an_identifier_only_where_the_source_says_so(tmp_path: Path) -> None:
    found = reading(tmp_path, beds(), "Code,Hospital_Name,Beds", "1f,A,5", "12345,A,5")
    assert found.aside["code"].to_list() == ["not-of-form"] * 2
    assert found.aside["expected"].to_list() == ["1 to 4 digits and capital letters"] * 2


def test_a_row_of_commas_is_blank_only_where_the_source_says_so(tmp_path: Path) -> None:
    lines = ("Code,Hospital_Name,Beds", "1,A,5", ",,", " , ,,")
    taken = reading(tmp_path, beds(empty_rows_are_blank=True), *lines)
    assert (taken.blank, taken.aside.height) == (2, 0)
    strict = reading(tmp_path, beds(), *lines)
    assert (strict.blank, strict.aside["code"].to_list()) == (0, ["missing-value", "field-count"])


@pytest.mark.parametrize("footer", ["Copyright © 2013", '"Copyright © 2013, Centre. All rights",,'])
def test_a_footer_in_quotation_marks_is_a_footer(tmp_path: Path, footer: str) -> None:
    source = beds(footer={"starts_with": ["Copyright"]})
    (tmp_path / "sent.csv").write_bytes(f"Code,Hospital_Name,Beds\n1,A,5\n{footer}\n".encode("cp1252"))
    found = read(tmp_path / "sent.csv", source)
    assert (found.encoding, found.footer, found.rows.height, found.aside.height) == ("windows-1252", 1, 1, 0)


def test_lines_without_a_fate_stop_everything(tmp_path: Path) -> None:
    found = reading(tmp_path, beds(), "Code,Hospital_Name,Beds", "1,A,5")
    with pytest.raises(RuntimeError, match="1 fates for 2 lines"):
        found.fates({})
