"""Reading against Python's own csv module, line by line, and in blocks of any size."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.reading import batches as batches_module
from services.ingest.reading import blocks as blocks_module
from services.ingest.reading.blocks import Block, blocks, texts
from services.ingest.reading.parts import LINES
from services.ingest.reading.read import read
from services.ingest.reading.structure import Shape, footer_pattern, measure
from services.ingest.refusals import Refused, excerpt
from services.ingest.source import Source

WIDTH = 3
FIELD = r'(?:"(?:[^"]|"")*"|[^",]*)'
WELL_FORMED = re.compile(rf"{FIELD}(?:,{FIELD})*", re.DOTALL)
LINE = st.text('ab",; \t0', max_size=14)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


def any_text() -> Source:
    """A source that takes any three texts, so that what is read can be compared."""
    column = {"type": "text", "required": False, "when_missing": "", "most_characters": 1000}
    return Source.model_validate(
        {
            "id": "texts", "label": "Texts", "kind": "providers", "schema_version": 1, "synthetic": True,
            "encodings": ["utf-8", "windows-1252"], "header": ["x", "y", "z"], "null_tokens": [],
            "columns": [
                {**column, "name": name, "from": name, "required": name == "x"} for name in ("x", "y", "z")
            ],
            "key": ["x"],
        }
    )  # fmt: skip


def oracle(line: str) -> list[str] | None:
    """Fields of a line by the csv module, None where the line is no row of three, or a tab stands before a text: some
    spreadsheets would run what comes behind it."""
    if CONTROL.search(line) or not WELL_FORMED.fullmatch(line):
        return None
    [row] = csv.reader(io.StringIO(line, newline=""), strict=True)
    return row if len(row) == WIDTH and not any(field.rstrip(" \t").lstrip(" ")[:1] == "\t" for field in row) else None


@given(lines=st.lists(LINE, max_size=12), end=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("size", [16, 8 << 20])
def test_rows_are_those_of_an_independent_parser(
    tmp_path: Path, size: int, lines: list[str], end: str, last: bool
) -> None:
    file = tmp_path / "sent"
    file.write_bytes((end.join(["x,y,z", *lines]) + (end if last else "")).encode())
    numbered = {number: line for number, line in enumerate(lines, start=2) if number <= len(lines) + last or line}
    blank = {number for number, line in numbered.items() if not line.strip(" \t")}
    rows = {number: row for number, line in numbered.items() if number not in blank and (row := oracle(line))}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks_module, "BLOCK", size)
        patched.setattr(blocks_module, "MOST_IN_LINE", 1000)
        if set(numbered) == blank:
            with pytest.raises(Refused, match="no-rows"):
                read(file, any_text())
            return
        reading = read(file, any_text())
        aside = reading.aside["line"].to_list()
        shown = list(texts(file, "utf-8", aside))
    assert reading.lines == 1 + len(numbered)
    assert reading.blank == len(blank)
    found = {number: list(values) for number, _, *values in reading.rows.drop(LINES).iter_rows()}
    assert found == {number: [value.strip(" \t") for value in row] for number, row in rows.items()}
    assert aside == sorted(set(numbered) - blank - set(rows))
    assert shown == [numbered[number] for number in aside]


@given(content=st.binary(max_size=300), size=st.integers(1, 64))
@settings(max_examples=200, deadline=None)
def test_blocks_are_the_lines_in_order(content: bytes, size: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks_module, "BLOCK", size)
        patched.setattr(blocks_module, "MOST_IN_LINE", 1000)
        found = list(blocks(io.BytesIO(content)))
    assert b"".join(block.data for block in found).count(b"\n") >= content.count(b"\n")
    line = 1
    for block in found:
        assert block.first == line
        line += block.data.count(b"\n")
    whole = content.removeprefix(b"\xef\xbb\xbf")
    if all(not block.omitted for block in found):
        assert b"".join(block.data for block in found).removesuffix(b"\n") == whole.removesuffix(b"\n")


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("length", [99, 100, 101, 1000])
def test_the_length_of_an_overlong_line_is_exact(length: int, end: bytes) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks_module, "BLOCK", 64)
        patched.setattr(blocks_module, "MOST_IN_LINE", 32)
        [first, *rest] = blocks(io.BytesIO(b"x" * length + end + b"after"))
    lines = measure(first, 1, None)
    assert lines.lengths[0] == length + (0 if end else len(b"after"))
    assert [block.data for block in rest] == ([b"after"] if end else [])


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ('a,"b,c",d', Shape.ROW),
        ('"","",""', Shape.ROW),
        ('a,"b""c",d', Shape.ROW),
        ('a,"b"c,d', Shape.QUOTE_NOT_CLOSED),
        ('a,b"c"d,e', Shape.QUOTE_NOT_CLOSED),
        ('a,"b,c', Shape.QUOTE_NOT_CLOSED),
        ('a,"""b,c', Shape.QUOTE_NOT_CLOSED),
        ('a,"b",,d', Shape.FIELD_COUNT),
        ("a\rb,c,d", Shape.CONTROL_CHARACTER),
        ("a,\x7f,d", Shape.CONTROL_CHARACTER),
        ("a\tb,c,d", Shape.ROW),
        ("\ufeffa,b,c", Shape.CONTROL_CHARACTER),
        (" \t ", Shape.BLANK),
        ("# note, one, two", Shape.FOOTER),
    ],
)
def test_the_shape_of_a_line_does_not_depend_on_its_neighbours(line: str, shape: Shape) -> None:
    footer = footer_pattern(["# note"], "utf-8")
    for around in (["{}"], ["x,y,z", "{}", "x,y,z"], ['a,"b', "{}", 'c",d'], ["{}"] * 3):
        content = "\n".join(around).format(*[line] * 3).encode()
        at = around.index("{}")
        assert measure(Block(content, 1), WIDTH, footer).shapes[at] == shape


def test_a_shape_is_chosen_by_precedence() -> None:
    data = b'# note "\x07,' + b"x" * 70_000 + b'\n"\x07' + b"x" * 70_000 + b'\n"\x07\n"\n'
    shapes = measure(Block(data, 1), WIDTH, footer_pattern(["# note"], "utf-8")).shapes
    assert [Shape(shape) for shape in np.asarray(shapes)] == [
        Shape.FOOTER, Shape.LINE_TOO_LONG, Shape.CONTROL_CHARACTER, Shape.QUOTE_NOT_CLOSED,
    ]  # fmt: skip


def test_two_encodings_in_one_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes("x,y,z\né,a,b\n".encode() + "é,c,d\n".encode("cp1252"))
    with pytest.raises(Refused) as refused:
        read(tmp_path / "sent", any_text())
    assert (refused.value.refusal.code, refused.value.refusal.line) == ("encoding", 3)


def test_what_a_refusal_quotes_is_not_in_the_exception(tmp_path: Path) -> None:
    """Exceptions end up in logs."""
    (tmp_path / "sent").write_bytes(b"4711-b,5\n")
    with pytest.raises(Refused) as refused:
        read(tmp_path / "sent", any_text())
    assert "4711-b" in refused.value.refusal.detail
    assert "4711-b" not in str(refused.value)


def test_an_excerpt_is_never_longer_than_80_characters() -> None:
    assert excerpt("é".encode() * 80, "utf-8") == "é" * 80
    assert excerpt("é".encode() * 81, "utf-8") == "é" * 79 + "…"
    assert len(excerpt("𐍈".encode() * 10_000, "utf-8")) == 80


def test_rows_keep_their_types_when_none_is_left(tmp_path: Path) -> None:
    (tmp_path / "sent").write_bytes(b"x,y,z\nonly-one-field\n")
    reading = read(tmp_path / "sent", any_text())
    assert reading.rows.schema == pl.Schema(
        {
            "_line": pl.Int64,
            "_aggregate": pl.Boolean,
            "x": pl.String,
            "y": pl.String,
            "z": pl.String,
            "_lines": pl.Int64,
        }
    )
    assert reading.aside.height == 1


def test_a_file_of_broken_lines_is_refused_before_each_is_explained(tmp_path: Path) -> None:
    """4 MB of lines that are no rows: two million objects would be built to say so of each."""
    file = tmp_path / "sent"
    file.write_bytes(b"x,y,z\n\na,b,c\n" + b"x\n" * (2 << 20))
    with pytest.raises(Refused) as caught:
        read(file, any_text())
    refusal = caught.value.refusal
    assert (refusal.code, refusal.line) == ("too-many-broken-lines", 4)
    assert (refusal.found, refusal.expected) == ("1 field", "3 fields")
    assert refusal.detail == (
        "More than 100,000 lines are not of the form of this source, line 4 the first: it has 1 field, not 3 fields. "
        "Nothing was taken from the file."
    )


def test_as_many_broken_lines_as_are_explained_are_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches_module, "MOST_MISSHAPEN", 7)
    monkeypatch.setattr(blocks_module, "BLOCK", 16)  # the lines are counted over the blocks
    file = tmp_path / "sent"
    broken = ["x", 'a"b,c,d', "a,\x07,c", "x", "x", "x", "x,y,z,0"]
    for more, refused in (([], False), (["  ", "a,b,c"], False), (["x"], True)):
        file.write_text("\n".join(["x,y,z", "1,2,3", *broken, *more]))
        if refused:
            with pytest.raises(Refused, match="too-many-broken-lines"):
                read(file, any_text())
        else:
            assert read(file, any_text()).aside.height == 7
