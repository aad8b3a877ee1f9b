"""The parts of a workbook that are read beside the sheet itself: which sheets there are, the strings that cells share,
which formats are days. Every part is streamed, measured while it unfolds, and may declare nothing."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar
from xml.parsers import expat

from services.ingest.reading.limits import MOST_IN_FIELD, MOST_SHEETS
from services.ingest.reading.unfolding import entries_of, pieces
from services.ingest.refusals import Refused, listed

BOOK: Final = "xl/workbook.xml"
RELATIONS: Final = "xl/_rels/workbook.xml.rels"
DAYS: Final = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Numbers of built-in formats that show a day or a time of day."""
LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
YES: Final = ("1", "true")


class Listener:
    """Hears a part; of character data only what it asks for."""

    def attach(self, parser: expat.XMLParserType) -> None:
        self.parser = parser
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end

    def start(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """It ends."""


Heard = TypeVar("Heard", bound=Listener)


@dataclass
class Book:
    """A workbook that is open. `unfolded`: bytes that have come out of it so far."""

    archive: zipfile.ZipFile
    size: int
    entries: dict[str, zipfile.ZipInfo] = field(init=False)
    unfolded: int = 0

    def __post_init__(self) -> None:
        self.entries = {entry.filename: entry for entry in entries_of(self.archive)}

    def hear(self, part: str, listener: Listener) -> Iterator[None]:
        """Lets `listener` hear a part, some of it with each step. Raises Refused, ExpatError."""
        parser = expat.ParserCreate(namespace_separator=":")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _declared
        listener.attach(parser)
        with self.archive.open(self.entries[part]) as packed:
            for piece in pieces(packed, self.size, self.unfolded):
                self.unfolded += len(piece)
                parser.Parse(piece, False)
                yield
        parser.Parse(b"", True)
        yield

    def heard(self, part: str, listener: Heard) -> Heard:
        """The listener, once it has heard all of a part; of one that is not there it has heard nothing."""
        if part in self.entries:
            for _ in self.hear(part, listener):
                pass
        return listener


class Sheets(Listener):
    """`found`: names of sheets with their relation; `from_1904`: whether days count from 1904."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.from_1904 = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        if (tag := local(tag)) == "sheet":
            if given.get("name", "") in self.found:
                raise refused_book("broken-workbook", "two sheets of one name", "names that differ")
            self.found[given.get("name", "")] = next((v for k, v in given.items() if k.endswith(":id")), "")
            if len(self.found) > MOST_SHEETS:
                raise refused_book("too-many-sheets", f"more than {MOST_SHEETS} sheets", f"at most {MOST_SHEETS}")
        elif tag == "workbookPr":
            self.from_1904 = given.get("date1904", "0") in YES


class Relations(Listener):
    """Parts by the number of their relation, and by the last word of its type (`sharedStrings`)."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.kinds: dict[str, str] = {}

    def start(self, tag: str, given: dict[str, str]) -> None:
        if local(tag) == "Relationship" and given.get("TargetMode") != "External":
            target = given.get("Target", "")
            part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            self.found[given.get("Id", "")] = part
            self.kinds[given.get("Type", "").rpartition("/")[2]] = part


class Strings(Listener):
    """The strings that cells share; how they are pronounced is left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.text: list[str] = []
        self.spoken = False

    def start(self, tag: str, given: dict[str, str]) -> None:  # noqa: ARG002
        tag = local(tag)
        if tag == "si":
            self.text = []
        elif tag == "rPh":
            self.spoken = True
        elif tag == "t" and not self.spoken:
            self.parser.CharacterDataHandler = self.text.append

    def end(self, tag: str) -> None:
        tag = local(tag)
        if tag == "t":
            self.parser.CharacterDataHandler = None
        elif tag == "rPh":
            self.spoken = False
        elif tag == "si":
            self.found.append("".join(self.text))


class Styles(Listener):
    """`days`: which of the formats that cells have show a day or a time of day."""

    def __init__(self) -> None:
        self.days: list[bool] = []
        self.own: dict[str, str] = {}
        self.of_cells = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        tag = local(tag)
        if tag == "numFmt":
            self.own[given.get("numFmtId", "")] = given.get("formatCode", "")[:MOST_IN_FIELD]
        elif tag == "cellXfs":
            self.of_cells = True
        elif tag == "xf" and self.of_cells:
            self.days.append(self._is_day(given.get("numFmtId", "0")))

    def end(self, tag: str) -> None:
        if local(tag) == "cellXfs":
            self.of_cells = False

    def _is_day(self, number: str) -> bool:
        if number in self.own:
            return any(letter in "dmyhs" for letter in LITERAL.sub("", self.own[number]).lower())
        return number.isdecimal() and len(number) < 6 and int(number) in DAYS


def part_of_sheet(sheets: Sheets, relations: Relations, entries: dict[str, zipfile.ZipInfo], name: str | None) -> str:
    """The part with the sheet of that name; with the only one where `name` is None. Raises Refused."""
    if name is None and len(sheets.found) != 1:
        raise refused_book("wrong-sheet", f"{len(sheets.found)} sheets", "one sheet")
    called = next(iter(sheets.found)) if name is None else name
    if called not in sheets.found:
        raise _wrong_sheet(f"the sheets {listed(sheets.found)}" if sheets.found else "no sheet", called)
    part = relations.found.get(sheets.found[called], "")
    if part not in entries:
        raise broken_book()
    return part


def local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition(":")[2]


def _wrong_sheet(found: str, called: str) -> Refused:
    expected = f"a sheet called {called}"
    detail = f"The workbook has {found}; expected: {expected}. Give the sheet that name, and send it again."
    return Refused("wrong-sheet", detail, found, expected)


def refused_book(code: str, found: str, expected: str) -> Refused:
    detail = f"The workbook has {found}; expected: {expected}. Save it again, or send the sheet as CSV."
    return Refused(code, detail, found, expected)


def broken_book() -> Refused:
    return refused_book("broken-workbook", "parts that do not make a workbook", "a workbook (XLSX) saved whole")


def _declared(*_: object) -> None:
    raise refused_book("declares-entities", "a document type declaration", "a workbook without any")
