"""Files that somebody made to do harm, or that broke on their way: each with what must become of it.

Small here, however much they claim to be: what is large is so by what it unfolds to, or by a hole in it. Those of
`endless_files` are as large as they are.
"""

import bz2
import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import openpyxl
import polars as pl

from services.ingest.source import Source

HEADER: Final = "code,day,number,note\n"
GOOD: Final = "A1,2024-01-31,5,fine\n"
MAKE: Final[list["Hostile"]] = []


@dataclass(frozen=True)
class Hostile:
    """`refused`: the codes with which the whole may be refused; else `aside`: lines and their codes, while `rows` rows
    are taken."""

    name: str
    form: str
    make: Callable[[Path], None]
    refused: tuple[str, ...] = ()
    aside: Mapping[int, str] = field(default_factory=dict)
    rows: int = 1


def source(form: str) -> Source:
    """A code, a day, a number and a text; `form` as a source has it, `lines` for line breaks in cells."""
    forms: dict[str, dict[str, Any]] = {
        "csv": {}, "lines": {"line_breaks": True}, "workbook": {"format": "workbook", "sheet": "Data"},
        "parquet": {"format": "parquet"},
    }  # fmt: skip
    return Source.model_validate(
        {
            "id": "hostile", "label": "Hostile", "kind": "values", "schema_version": 1, "synthetic": True,
            "encodings": ["utf-8", "windows-1252"], "null_tokens": [""], "key": ["code"], "form": forms[form],
            "columns": [
                {"from": "code", "type": "text", "pattern": "^[A-Z][0-9]+$"},
                {"from": "day", "type": "date", "first": "2000-01-01", "last": "2030-12-31"},
                {"from": "number", "type": "float", "min": 0, "max": 1e9, "exponents": True},
                {"from": "note", "type": "text", "required": False},
            ],
        }
    )  # fmt: skip


def csv(name: str, *lines: str | bytes, form: str = "csv", header: bool = True, **expected: Any) -> None:
    """A text file: the header, a good row, and these."""
    raw = b"".join(line.encode() if isinstance(line, str) else line for line in lines)
    data = (HEADER + GOOD).encode() + raw if header else raw
    MAKE.append(Hostile(name, form, lambda path: _write(path, data), **expected))


def made(name: str, make: Callable[[], bytes], *refused: str, form: str = "csv", **expected: Any) -> None:
    """A file whose bytes are made when it is asked for."""
    MAKE.append(Hostile(name, form, lambda path: _write(path, make()), refused, **expected))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def squeezed(size: int) -> bytes:
    """`size` bytes of one letter, gzip'ed without ever being whole."""
    return gzip.compress(b"x" * (1 << 20)) * (size >> 20)


ROWS: Final[list[list[Any]]] = [["code", "day", "number", "note"], ["A1", "2024-01-31", 5, "fine"]]
TURNED: Final = pl.DataFrame(
    {"code": ["A1", "A2"], "day": ["2024-01-31"] * 2, "number": [5.0, float("inf")], "note": ["a\u202eb", ""]}
)
CSV: Final = (HEADER + GOOD).encode()


def encrypted() -> bytes:
    raw = bytearray(zipped(("a.csv", CSV)))
    raw[6] |= 1
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(raw)


def overlapping() -> bytes:
    """One stretch of bytes that the table of contents tells a thousand times over."""
    local = zipped(("a.csv", b"x" * (1 << 20)))
    end = local.rindex(b"PK\x05\x06")
    start = local.rindex(b"PK\x01\x02")
    one = local[start:end]
    many = 500
    entries = b"".join(one.replace(b"a.csv", f"{number:05}".encode()) for number in range(many))
    return local[:start] + entries + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, many, many, len(entries), start, 0)


def lying_size() -> bytes:
    """The table of contents says ten bytes; a hundred megabytes come out."""
    raw = bytearray(zipped(("a.csv", b"x" * (100 << 20))))
    raw[22:26] = (10).to_bytes(4, "little")
    place = raw.rindex(b"PK\x01\x02") + 24
    raw[place : place + 4] = (10).to_bytes(4, "little")
    return bytes(raw)


def quine_like() -> bytes:
    inner = CSV
    for _ in range(5):
        inner = gzip.compress(inner)
    return inner


def book(rows: list[list[Any]] | None = None) -> bytes:
    made_book = openpyxl.Workbook()
    page = made_book.active
    assert page is not None
    page.title = "Data"
    for row in ROWS if rows is None else rows:
        page.append(row)
    out = io.BytesIO()
    made_book.save(out)
    return out.getvalue()


def book_with(part: str, change: Callable[[bytes], bytes], rows: list[list[Any]] | None = None) -> bytes:
    """A workbook of which one part is changed."""
    with zipfile.ZipFile(io.BytesIO(book(rows))) as given:
        entries = [(one.filename, given.read(one)) for one in given.infolist()]
    return zipped(*((name, change(data) if name == part else data) for name, data in entries))


SHEET: Final = "xl/worksheets/sheet1.xml"
LAUGHS: Final = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">'.encode() for i in range(9))
    + b"]>"
)


def after_declaration(text: bytes, added: bytes) -> bytes:
    return text[: text.find(b"?>") + 2] + added + text[text.find(b"?>") + 2 :] if b"?>" in text else added + text


def laughing(part: str) -> bytes:
    return book_with(part, lambda xml: after_declaration(xml, LAUGHS).replace(b"fine", b"&j;"))


def outside(xml: bytes) -> bytes:
    return after_declaration(xml, b'<!DOCTYPE w SYSTEM "file:///etc/passwd">')


def sheet_of(cells: str) -> bytes:
    """A workbook whose sheet has the header, and these rows of XML behind it."""
    head = "".join(f'<c r="{place}1" t="inlineStr"><is><t>{name}</t></is></c>'
                   for place, name in zip("ABCD", ("code", "day", "number", "note"), strict=True))  # fmt: skip
    xml = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
        f'<sheetData><row r="1">{head}</row>{cells}</sheetData></worksheet>'
    )
    return book_with(SHEET, lambda _: xml.encode())


def row_of(number: int, *texts: str) -> str:
    cells = "".join(f'<c r="{place}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
                    for place, text in zip("ABCD", texts, strict=False))  # fmt: skip
    return f'<row r="{number}">{cells}</row>'


def parquet(frame: pl.DataFrame | None = None) -> bytes:
    out = io.BytesIO()
    columns = {"code": ["A1"], "day": ["2024-01-31"], "number": [5.0], "note": ["fine"]}
    (pl.DataFrame(columns) if frame is None else frame).write_parquet(out)
    return out.getvalue()


def many_of_one() -> bytes:
    """Five million rows that take a few kilobytes."""
    values = {"code": "A1", "day": "2024-01-31", "number": "5", "note": ""}
    columns = [pl.repeat(text, 5_000_000, dtype=pl.Categorical()).alias(name) for name, text in values.items()]
    return parquet(pl.select(columns))


def overwritten(place: int, data: bytes) -> bytes:
    raw = bytearray(parquet())
    at = place % len(raw)
    raw[at : at + len(data)] = data
    return bytes(raw)


def nested(depth: int) -> bytes:
    dtype: Any = pl.Int8()
    value: Any = 1
    for _ in range(depth):
        dtype, value = pl.List(dtype), [value]
    columns = {"code": ["A1"], "day": ["2024-01-31"], "number": [5.0]}
    return parquet(pl.DataFrame(columns).with_columns(pl.Series("note", [value], dtype=dtype)))


FIRST: Final = row_of(2, "A1", "2024-01-31", "5", "fine")

# Archives
made("gzip bomb, 1 GB line", lambda: squeezed(1 << 30), "expands-too-far")
made("gzip of gzip of gzip", quine_like, "nested-archive")
made("gzip around a zip", lambda: gzip.compress(zipped(("a.csv", CSV))), "nested-archive")
made("zip around a gzip", lambda: zipped(("a.csv.gz", gzip.compress(CSV))), "nested-archive")
made("zip around a zip", lambda: zipped(("a.zip", zipped(("a.csv", CSV)))), "nested-archive")
made("zip bomb", lambda: zipped(("a.csv", b"x" * (100 << 20))), "expands-too-far")
made("zip that lies about its size", lying_size, "expands-too-far", "broken-archive")
made("zip with entries that overlap", overlapping, "broken-archive")
made("zip with two files", lambda: zipped(("a.csv", CSV), ("b.csv", CSV)), "not-one-member")
made("zip with no file", zipped, "not-one-member")
made("zip with very many files", lambda: zipped(*((f"{i}.csv", b"") for i in range(5_000))), "too-many-entries")
made(
    "zip with one name twice",
    lambda: zipped(("a.csv", CSV), ("A.csv", CSV)).replace(b"A.csv", b"a.csv"),
    "broken-archive",
)
made("zip that leads upwards", lambda: zipped(("../../etc/cron.d/x", CSV)), "entry-name")
made("zip that leads to the root", lambda: zipped(("/etc/passwd", CSV)), "entry-name")
made("zip that leads elsewhere on Windows", lambda: zipped(("C:\\x.csv", CSV)), "entry-name")
made("encrypted zip", encrypted, "encrypted-archive")
made("zip packed in a rare way", lambda: zipped(("a.csv", CSV), method=zipfile.ZIP_BZIP2), "broken-archive")
made("truncated gzip", lambda: gzip.compress(CSV * 1000)[:-20], "broken-archive")
made("gzip with a broken sum", lambda: gzip.compress(CSV)[:-8] + bytes(8), "broken-archive")
made("truncated zip", lambda: zipped(("a.csv", CSV * 1000))[:-30], "not-text", "broken-archive")
made(
    "zip whose bytes are not those of its sum",
    lambda: zipped(("a.csv", CSV), method=zipfile.ZIP_STORED).replace(b"fine", b"fire", 1),
    "broken-archive",
)
made("bzip2", lambda: bz2.compress(CSV), "encoding", "not-text")

# What is no text
csv("NUL at the start", b"\0" + CSV, header=False, refused=("not-text",))
csv("NUL in the middle", b"A2,2024-01-31,5,\0\n" + GOOD.encode() * 3, refused=("not-text",))
csv("NUL at the end", b"A2,2024-01-31,5,x\n\0", refused=("not-text",))
MAKE.append(Hostile("a hole of 1 GB", "csv", lambda path: _hole(path, 1 << 30), ("not-text",)))
csv("UTF-16", CSV.decode().encode("utf-16"), header=False, refused=("not-text",))
csv("UTF-16 without a mark", CSV.decode().encode("utf-16-le"), header=False, refused=("not-text",))
csv("UTF-32", CSV.decode().encode("utf-32"), header=False, refused=("not-text",))
csv("UTF-8 and Windows-1252", "A2,2024-01-31,5,Môn\n".encode() + "A3,2024-01-31,5,Môn\n".encode("cp1252"),
    refused=("encoding",))  # fmt: skip
csv("UTF-8 that spells too long", b"A2,2024-01-31,5,\xc0\xaf\n", rows=2)
csv("HTML", "<!DOCTYPE html><html><body>Sign in</body></html>\n", header=False, refused=("wrong-header",))
csv("PDF", b"%PDF-1.7\n" + bytes(range(1, 200)), header=False, refused=("not-text",))
csv("XLS", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), header=False, refused=("not-text",))
csv("an executable", b"\x7fELF\x02\x01\x01" + bytes(400), header=False, refused=("not-text",))
csv("empty", header=False, refused=("empty-file",))
csv("nothing but line ends", "\n" * 100_000, header=False, refused=("empty-file",))
csv("a header and nothing", HEADER, header=False, refused=("no-rows",))
csv("the header twice", HEADER, aside={3: "not-of-form"})
csv("a header that names a column twice", "code,day,number,number\n" + GOOD, header=False, refused=("wrong-header",))
csv("a header of a million columns", "x," * 1_000_000 + "\n" + GOOD, header=False, refused=("wrong-header",))

# Lines
csv("blank lines", "\n" * 100_000 + "A2,2024-01-31,5,x\n", rows=2)
csv("a line of a million fields", "x," * 1_000_000 + "\n" + "A2,2024-01-31,5,x\n", aside={3: "line-too-long"}, rows=2)
csv(
    "a line of 48 MB",
    b"A2,2024-01-31,5," + b"x" * (48 << 20) + b"\nA3,2024-01-31,5,x\n",
    aside={3: "line-too-long"},
    rows=2,
)
csv("a line of 48 MB in quotes", b'A2,2024-01-31,5,"' + b"x\n" * (8 << 20) + b'"\n', form="lines",
    refused=("too-many-broken-lines",))  # fmt: skip
csv("one quotation mark over megabytes", 'A2,2024-01-31,5,"open\n' + "A3,2024-01-31,5,x\n" * 200_000, form="lines",
    aside={3: "quote-not-closed"}, rows=200_001)  # fmt: skip
csv(
    "quotation marks out of order",
    'A2,2024-01-31,5,a"b"c\n"A3"x,2024-01-31,5,\n',
    aside={3: "quote-not-closed", 4: "quote-not-closed"},
)
csv("a lone carriage return", "A2,2024-01-31,5,a\rb\n", aside={3: "control-character"})
csv("a file with carriage returns alone", CSV.replace(b"\n", b"\r"), header=False, refused=("wrong-header",))
csv("text that turns round", "A2,2024-01-31,5,abc\u202excod\n", aside={3: "control-character"})
csv("text that takes no room", "A2,2024-01-31,5,a\u200bb\n", aside={3: "control-character"})
csv("an invisible tag", "A2,2024-01-31,5,a\U000e0041b\n", aside={3: "control-character"})
csv("a control of C1", "A2,2024-01-31,5,a\u0085b\n", aside={3: "control-character"})
csv("a line separator", "A2,2024-01-31,5,a\u2028b\n", aside={3: "control-character"})
csv("an escape sequence", "A2,2024-01-31,5,\x1b[31mred\n", aside={3: "control-character"})
csv("formulas", "A2,2024-01-31,5,=HYPERLINK(0)\nA3,2024-01-31,5,@SUM(1)\nA4,2024-01-31,5,+cmd|x\n",
    aside={3: "formula", 4: "formula", 5: "formula"})  # fmt: skip
csv("numbers that are none", "A2,2024-01-31,1e400,\nA3,2024-01-31,Infinity,\nA4,2024-01-31,NaN,\nA5,2024-01-31,-1,\n",
    aside={3: "out-of-range", 4: "not-a-number", 5: "not-a-number", 6: "out-of-range"})  # fmt: skip
csv("a number of ten thousand digits", "A2,2024-01-31," + "9" * 10_000 + ",\n", aside={3: "out-of-range"})
csv("days that were not", "A2,0000-00-00,5,\nA3,2023-02-29,5,\nA4,9999-12-31,5,\nA5,2024-13-01,5,\n",
    aside={3: "not-a-date", 4: "not-a-date", 5: "out-of-range", 6: "not-a-date"})  # fmt: skip
csv("digits of other scripts", "A2,2024-01-31,٣,\n", aside={3: "not-a-number"})

# Workbooks
made("a billion laughs in a sheet", lambda: laughing(SHEET), "declares-entities", form="workbook")
made("entities in the list of sheets", lambda: laughing("xl/workbook.xml"), "declares-entities", form="workbook")
made("a part from outside", lambda: book_with("xl/styles.xml", outside), "declares-entities", form="workbook")
made("a sheet that says it is huge", lambda: sheet_of(FIRST), form="workbook")
made(
    "a cell at the far end",
    lambda: sheet_of(FIRST + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
    "too-many-columns",
    form="workbook",
)
made("a last row", lambda: sheet_of(FIRST + row_of(1_048_576, "x")), form="workbook", aside={1_048_576: "not-of-form"})
made("rows out of order", lambda: sheet_of(row_of(3, "A1") + row_of(2, "A2")), "broken-workbook", form="workbook")
made(
    "a cell told twice",
    lambda: sheet_of('<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>'),
    "broken-workbook",
    form="workbook",
)
made(
    "a shared string that is not there",
    lambda: sheet_of('<row r="2"><c r="A2" t="s"><v>999999</v></c></row>'),
    "broken-workbook",
    form="workbook",
)
made("a formula cell", lambda: book([*ROWS, ["A2", "2024-01-31", "=1+1", "x"]]), form="workbook", aside={3: "formula"})
made(
    "a sheet that unfolds too far",
    lambda: sheet_of("<row>" + " " * (64 << 20) + "</row>"),
    "expands-too-far",
    form="workbook",
)
made(
    "a workbook without the sheet",
    lambda: book_with("xl/workbook.xml", lambda xml: xml.replace(b"Data", b"Date")),
    "wrong-sheet",
    "broken-workbook",
    form="workbook",
)
made("XML that is none", lambda: book_with(SHEET, lambda xml: xml[: len(xml) // 2]), "broken-workbook", form="workbook")
made("XML nested very deep", lambda: sheet_of("<a>" * 20_000), "broken-workbook", form="workbook")
made("truncated workbook", lambda: book()[:-100], "broken-archive", form="workbook")
made(
    "XLSB",
    lambda: zipped(("[Content_Types].xml", b"<x/>"), ("xl/workbook.bin", bytes(100))),
    "broken-workbook",
    "wrong-sheet",
    form="workbook",
)
made("CSV for a workbook", lambda: CSV, "broken-workbook", form="workbook")
made("a workbook for CSV", book, "not-text")

# Parquet
made("truncated Parquet", lambda: parquet()[:-10], "broken-parquet", form="parquet")
made("Parquet of nothing", lambda: b"PAR1PAR1", "broken-parquet", form="parquet")
made("a footer longer than the file", lambda: overwritten(-8, b"\xff\xff\xff\x7f"), "broken-parquet", form="parquet")
made("a footer of noise", lambda: overwritten(-200, bytes(range(192))), "broken-parquet", "reader-died", form="parquet")
made("pages of noise", lambda: overwritten(4, bytes(range(56))), "broken-parquet", "reader-died", form="parquet")
made("rows that take no bytes", many_of_one, "expands-too-far", form="parquet")
made("lists of lists", lambda: nested(60), "unsupported-type", "broken-parquet", "reader-died", form="parquet")
made(
    "text that turns round, in Parquet",
    lambda: parquet(TURNED),
    form="parquet",
    aside={1: "control-character", 2: "not-a-number"},
    rows=0,
)
made("CSV for Parquet", lambda: CSV, "broken-parquet", form="parquet")
made("Parquet for CSV", parquet, "not-text")


def _hole(path: Path, size: int) -> None:
    with path.open("wb") as out:
        out.write(CSV)
        out.truncate(size)
