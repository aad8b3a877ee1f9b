"""What a cell becomes, by what its source says of the column: a value, a reason for none, or a line set aside."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from services.ingest.checks import LINE, check
from services.ingest.source import Source

LONG = {"type": "text", "most_characters": 5}
WHOLE = {"type": "int", "min": -100, "max": 10_000}
EXPONENT = {"type": "float", "exponents": True}
YEAR = {"type": "period", "edge": "last-day", "first_year": 2000, "last_year": 2030}
WORDS = YEAR | {"form": "month-in-words", "before": "MSitAE-"}
MONTH = YEAR | {"form": "month"}
FINANCIAL = YEAR | {"form": "financial-year", "first_year": 1980}
DAY = {"type": "date", "first": date(1800, 1, 1), "last": date(2030, 12, 31)}
YES = {"type": "flag", "yes": ["Y", "1"], "no": ["N", "0"]}


def source_of(column: Mapping[str, Any], **more: Any) -> Source:
    """A source of two columns: a key, and `cell` as told."""
    said = {"from": "cell", "required": False, **column}
    key = {"from": "id", "type": "text"}
    told = {
        "id": "cells", "label": "Cells", "kind": "values", "schema_version": 1, "synthetic": True,
        "encodings": ["utf-8"], "null_tokens": [""], "key": ["id"], "columns": [key, said],
    }  # fmt: skip
    return Source.model_validate(told | more)


def checked(source: Source, *cells: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows, and what was set aside, of one line for each cell."""
    numbers = list(range(2, len(cells) + 2))
    rows, aside = check(pl.DataFrame({LINE: numbers, "id": [f"k{n}" for n in numbers], "cell": list(cells)}), source)
    return rows.to_dicts(), aside.to_dicts()


def one(column: Mapping[str, Any], cell: str) -> Any:
    """The value of the cell, or the code under which its line is set aside, in angle brackets."""
    rows, aside = checked(source_of(column), cell)
    return rows[0]["cell"] if rows else f"<{aside[0]['code']}>"


@pytest.mark.parametrize(
    ("column", "cell", "is_now"),
    [
        (LONG, " 007\t", "007"),
        (LONG, "007", "007"),
        (LONG, "", None),
        (LONG, "sixsix", "<out-of-range>"),
        (LONG, "\u00a0a", "\u00a0a"),
        ({"type": "identifier", "width": 6}, "50739", "050739"),
        ({"type": "identifier", "width": 6}, "١٢٣", "<not-a-number>"),
        ({"type": "code", "codes": ["M", "F"]}, "m", "<not-in-list>"),
        (YES, "Y", True),
        (YES, "0", False),
        (YES, "y", "<not-in-list>"),
        (WHOLE, "12", 12),
        (WHOLE, "-012", -12),
        (WHOLE, "+12", "<not-a-number>"),
        (WHOLE, "1,200", "<not-a-number>"),
        (WHOLE, "5.0", "<not-a-number>"),
        (WHOLE, "１２", "<not-a-number>"),
        (WHOLE, "1\u00a0200", "<not-a-number>"),
        (WHOLE, "1e3", "<not-a-number>"),
        (WHOLE, "10001", "<out-of-range>"),
        (WHOLE, "9" * 30, "<out-of-range>"),
        (WHOLE | {"decimal": True}, "5.0", 5),
        (WHOLE | {"decimal": True}, "5.00", 5),
        (WHOLE | {"decimal": True}, "5", 5),
        (WHOLE | {"decimal": True}, "5.01", "<not-a-number>"),
        (WHOLE | {"decimal": True}, "5.", "<not-a-number>"),
        (WHOLE | {"thousands": True}, "1,234", 1234),
        (WHOLE | {"thousands": True}, "-1234", "<out-of-range>"),
        (WHOLE | {"thousands": True}, "12,34", "<not-a-number>"),
        (WHOLE | {"thousands": True}, "1234,567", "<not-a-number>"),
        (WHOLE | {"thousands": True, "decimal": True}, "1,234.0", 1234),
        (WHOLE | {"suffix": "%"}, "85%", 85),
        (WHOLE | {"suffix": "%"}, "85", "<not-a-number>"),
        ({"type": "float", "suffix": "%"}, "89.80%", 89.8),
        ({"type": "float", "suffix": "%"}, "89.80 %", "<not-a-number>"),
        ({"type": "float", "thousands": True}, "12,345.5", 12345.5),
        ({"type": "float"}, "7.6e-05", "<not-a-number>"),
        (EXPONENT, "7.6e-05", 7.6e-05),
        (EXPONENT, "1e999", "<out-of-range>"),
        ({"type": "float"}, "-0.0", 0.0),
        ({"type": "float"}, ".5", "<not-a-number>"),
        ({"type": "float"}, "nan", "<not-a-number>"),
        ({"type": "float"}, "inf", "<not-a-number>"),
        (DAY, "2024-02-29", date(2024, 2, 29)),
        (DAY, "2025-02-29", "<not-a-date>"),
        (DAY, "2025-2-9", "<not-a-date>"),
        (DAY, "20250131", "<not-a-date>"),
        (DAY, "1801-01-01", date(1801, 1, 1)),
        (DAY, "2031-01-01", "<out-of-range>"),
        (DAY | {"forms": ["compact"]}, "20240229", date(2024, 2, 29)),
        (DAY | {"forms": ["compact"]}, "20240230", "<not-a-date>"),
        (DAY | {"forms": ["slashed"]}, "03/04/2024", date(2024, 4, 3)),
        (DAY | {"forms": ["slashed"]}, "30/02/2024", "<not-a-date>"),
        (DAY | {"forms": ["slashed"]}, "12/13/2024", "<not-a-date>"),
        (DAY | {"forms": ["short-month"]}, "01Jan2022", date(2022, 1, 1)),
        (DAY | {"forms": ["short-month"]}, "01JAN2022", date(2022, 1, 1)),
        (DAY | {"forms": ["short-month"]}, "31Feb2022", "<not-a-date>"),
        (DAY | {"forms": ["short-month"]}, "01Jab2022", "<not-a-date>"),
        (DAY | {"forms": ["iso", "slashed"]}, "2024-04-03", date(2024, 4, 3)),
        (DAY | {"forms": ["iso", "slashed"]}, "03/04/2024", date(2024, 4, 3)),
        (DAY | {"forms": ["iso", "slashed"]}, "20240403", "<not-a-date>"),
        (YEAR, "2012", date(2012, 12, 31)),
        (YEAR, "2012-2014", date(2014, 12, 31)),
        (YEAR, "2014-2012", "<not-a-date>"),
        (YEAR, "1999", "<out-of-range>"),
        (WORDS, "MSitAE-SEPTEMBER-2024", date(2024, 9, 30)),
        (WORDS, "MSitAE-February-2024", date(2024, 2, 29)),
        (WORDS | {"edge": "first-day"}, "June 2024", date(2024, 6, 1)),
        (WORDS, "MSitAE-SEPT-2024", "<not-a-date>"),
        (WORDS, "MSitAE-JUNE-1999", "<out-of-range>"),
        (MONTH, "2024-06", date(2024, 6, 30)),
        (MONTH, "2024-06-01", date(2024, 6, 30)),
        (MONTH, "2024-06-15", "<not-a-date>"),
        (MONTH, "2024-13", "<not-a-date>"),
        (MONTH, "2024-00", "<not-a-date>"),
        (FINANCIAL, "0102", date(2002, 3, 31)),
        (FINANCIAL, "9900", date(2000, 3, 31)),
        (FINANCIAL | {"edge": "first-day"}, "8182", date(1981, 4, 1)),
        (FINANCIAL, "2001-02", date(2002, 3, 31)),
        (FINANCIAL, "1999-00", date(2000, 3, 31)),
        (FINANCIAL, "2001-03", "<not-a-date>"),
        (FINANCIAL, "2001", "<not-a-date>"),
        (FINANCIAL, "1901-02", "<out-of-range>"),
        (FINANCIAL, "7980", "<out-of-range>"),
    ],
)  # fmt: skip
def test_a_cell_is_what_its_column_says_or_set_aside(column: dict[str, Any], cell: str, is_now: Any) -> None:
    found = one(column, cell)
    assert found == is_now
    assert type(found) is type(is_now)


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "-", "+", "-A1", "\tplain", " \t=1"]
)
def test_a_text_that_a_spreadsheet_would_run_is_set_aside(cell: str) -> None:
    assert one({"type": "text"}, cell) == "<formula>"


@pytest.mark.parametrize("cell", ["-5", "+44 20 7946 0000", "-12.5%", "a=b", "St Mary's - East", "5-10", "'=1"])
def test_a_text_that_a_spreadsheet_leaves_alone_is_taken(cell: str) -> None:
    assert one({"type": "text", "may_hold": ["telephone"], "why": "That of an office"}, cell) == cell


def test_a_declared_token_is_no_formula() -> None:
    assert one({"type": "text", "absent": {"-": "not_applicable"}}, "-") is None
    rows, _ = checked(source_of({"type": "text", "keep_reason": True}, reasons={"-": "not_applicable"}), "-")
    assert (rows[0]["cell"], rows[0]["cell_absent"]) == (None, "not_applicable")


def test_every_absence_has_a_reason_beside_it() -> None:
    source = source_of(
        WHOLE | {"absent": {"9999": "not_known"}, "keep_reason": True},
        reasons={"*": "suppressed", ":": "not_available"},
    )
    assert list(source.canonical) == ["id", "cell", "cell_absent"]
    rows, aside = checked(source, "7", "*", ":", "9999", "", "**")
    assert [(row["cell"], row["cell_absent"]) for row in rows] == [
        (7, None), (None, "suppressed"), (None, "not_available"), (None, "not_known"), (None, "missing"),
    ]  # fmt: skip
    assert [(line["line"], line["code"], line["found"]) for line in aside] == [(7, "not-a-number", "**")]


def test_a_required_cell_is_filled_in_with_a_value_or_a_reason_of_its_own() -> None:
    source = source_of(WHOLE | {"required": True, "absent": {"-": "no_procedures"}}, reasons={"*": "suppressed"})
    rows, aside = checked(source, "-", "", "*")
    assert [row["cell"] for row in rows] == [None]
    assert [(line["line"], line["code"]) for line in aside] == [(3, "missing-value"), (4, "missing-value")]


def test_a_key_is_never_absent() -> None:
    source = source_of({"type": "text"}, reasons={"*": "suppressed"})
    rows, aside = check(pl.DataFrame({LINE: [2, 3], "id": ["*", "a"], "cell": ["x", "y"]}), source)
    assert rows["id"].to_list() == ["a"]
    assert aside.select("line", "code", "column").rows() == [(2, "missing-value", "id")]


def test_a_layout_without_a_column_says_that_its_values_are_missing() -> None:
    columns = [
        {"from": "id", "type": "text"},
        {**WHOLE, "from": "cell", "required": False, "keep_reason": True},
        {"from": "other", "type": "text", "required": False},
    ]
    source = source_of({}, columns=columns, header=["id", "cell"], other_headers=[["id", "other"]])
    rows, _ = check(pl.DataFrame({LINE: [2], "id": ["a"], "other": ["b"]}), source.as_sent(["id", "other"]))
    assert rows.select("cell", "cell_absent", "other").rows() == [(None, "missing", "b")]


def test_what_the_publisher_says_of_the_file_is_in_every_row() -> None:
    columns = [
        {"from": "id", "type": "text"},
        {"from": "cell", "type": "text"},
        {"name": "since", "type": "constant", "value": date(2024, 4, 1)},
        {"name": "country", "type": "constant", "value": "England"},
    ]
    rows, _ = checked(source_of({}, columns=columns), "a")
    assert (rows[0]["since"], rows[0]["country"]) == (date(2024, 4, 1), "England")


@pytest.mark.parametrize(
    ("column", "more"),
    [
        (YES | {"no": ["Y"]}, {}),
        (FINANCIAL | {"last_year": 2100}, {}),
        (DAY | {"forms": []}, {}),
        (WHOLE | {"keep_reason": True, "keep": False}, {}),
        ({"type": "text", "may_hold": ["postcode"]}, {}),
        ({"type": "text", "absent": {"*": "hidden"}}, {}),
        ({"type": "text"}, {"reasons": {"": "missing"}}),
        ({"type": "text", "required": True, "absent": {"*": "suppressed"}}, {"key": ["id", "cell"]}),
        ({"type": "text", "required": True, "keep_reason": True}, {"key": ["id", "cell"]}),
    ],
)
def test_a_source_that_contradicts_itself_is_refused(column: dict[str, Any], more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        source_of(column, **more)
