"""The header must be exactly one that the source declares: same names, same order, nothing else but spare columns."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from services.ingest.personal import in_header
from services.ingest.reading.blocks import blocks
from services.ingest.reading.limits import MOST_IN_LINE, MOST_PREAMBLE
from services.ingest.refusals import Refused, excerpt, listed
from services.ingest.source import Source

JOINED_BY = " / "
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


@dataclass(frozen=True)
class Head:
    """`names`: which of the source's headers the file has; `spare`: headings behind them whose columns are to be empty;
    `lines`: how many lines the header takes with what stands before it, and with lines skipped behind it."""

    names: list[str]
    spare: tuple[str, ...]
    lines: int

    @property
    def width(self) -> int:
        """Fields in a row."""
        return len(self.names) + len(self.spare)

    @property
    def columns(self) -> list[str]:
        """Names of a row's fields in a frame: the header's, and names of our own for spare ones."""
        return self.names + [f"_spare{place}" for place in range(len(self.spare))]


def header_of(path: Path, encoding: str, source: Source) -> Head:
    """The header of a text file. Raises Refused `wrong-header`, as `head_of` does."""
    if not source.form.header_lines:
        return Head(source.header, (), 0)
    first = _first_lines(path, MOST_PREAMBLE + 3)
    try:
        return head_of([_names(raw, encoding) for raw in first], source)
    except Refused:
        for line, raw in enumerate(first if source.form.preamble else first[:1], 1):
            _refuse_separated(raw, encoding, source, line)
        raise


def _refuse_separated(raw: bytes, encoding: str, source: Source, line: int) -> None:
    """Raises Refused where the line is most of a header, but for what stands between its names."""
    for mark, called in SEPARATORS.items():
        found = {name.strip() for name in _names(raw, encoding, mark)}
        for header in source.headers:
            if len(known := found & set(header)) > 1 and 2 * len(known) > len(header):
                why = f"The columns are separated by {called}, and this source has them separated by commas."
                detail = f"{why} Save the file as CSV with commas, and send it again. Nothing was taken from the file."
                raise Refused("wrong-header", detail, f"columns separated by {called}", "columns separated by commas",
                              line=line)  # fmt: skip


def head_of(rows: Sequence[list[str]], source: Source) -> Head:
    """The header among the first `rows` of a file, each a list of its cells.

    Raises Refused `wrong-header`, naming the columns that are missing, unexpected, repeated or out of order in
    comparison with the header that is most like it.
    """
    form = source.form
    if not form.header_lines:
        return Head(source.header, (), 0)
    last = MOST_PREAMBLE if form.preamble else 0
    for at in range(min(last + 1, len(rows))):
        found = _joined(rows[at : at + form.header_lines])
        head = _matching(found, source, at + form.header_lines)
        if head is not None and at + form.header_lines <= len(rows):
            return _with_skipped(head, rows, form.skipped_lines)
    raise _not_among(rows, source) if form.preamble else _not_it(_joined(rows[: form.header_lines]), source.headers)


def _matching(found: list[str], source: Source, lines: int) -> Head | None:
    for header in source.headers:
        spare = tuple(found[len(header) :])
        named = [*found[: len(header)], *[""] * (len(header) - len(found))]  # a heading may be the empty text
        if named == header and spare in ((), source.form.spare):
            return Head(header, spare, lines)
    return None


def _with_skipped(head: Head, rows: Sequence[list[str]], skipped: tuple[str, ...]) -> Head:
    lines = head.lines
    while skipped and lines < len(rows) and rows[lines] and rows[lines][0].strip() in skipped:
        lines += 1
    return Head(head.names, head.spare, lines)


def _joined(rows: Sequence[list[str]]) -> list[str]:
    """Two header lines as one: below an empty upper cell the text to its left holds, and a lone text stands alone."""
    if len(rows) < 2:
        return list(rows[0]) if rows else []
    upper, lower = (row + [""] * (max(map(len, rows)) - len(row)) for row in rows)
    names, carried = [], ""
    for above, below in zip(upper, lower, strict=True):
        carried = above.strip() or carried
        over = carried if below.strip() else above.strip()
        names.append(JOINED_BY.join(text for text in (over, below.strip()) if text))
    return names


def _not_among(rows: Sequence[list[str]], source: Source) -> Refused:
    wanted = listed(source.header, len(source.header))
    shown = min(len(rows), MOST_PREAMBLE + 1)
    detail = f"None of the first {shown} lines is the header that this source has. Nothing was taken from the file."
    nearest = max(rows, key=lambda row: len(set(row) & set(source.header)), default=[])
    return Refused("wrong-header", detail, listed(nearest, 50) or "a blank line", wanted, line=1)


def _not_it(found: list[str], headers: Sequence[list[str]]) -> Refused:
    expected = min(headers, key=lambda header: len(set(header) ^ set(found)))
    wanted = listed(expected, len(expected))
    if not found:
        detail = "Line 1 is blank where the header should be. Nothing was taken from the file."
        return Refused("wrong-header", detail, "a blank line", wanted, line=1)
    if len(found) == 1 and len(found[0].encode()) > MOST_IN_LINE:
        detail = "Line 1 is not a header: it is too long. Nothing was taken from the file."
        return Refused("wrong-header", detail, excerpt(found[0].encode(), "utf-8"), wanted, line=1)
    why = "; ".join(_differences(found, expected))
    detail = f"Line 1 is not the header that this source has: {why}. Nothing was taken from the file."
    if persons := [name for name in in_header(found) if name not in expected]:
        detail += f" {listed(persons)} would tell who patients are: leave out what does before you send anything."
    return Refused("wrong-header", detail, listed(found, 50), wanted, line=1)


def _first_lines(path: Path, number: int) -> list[bytes]:
    with path.open("rb") as opened:
        lines = (line for block in blocks(opened) for line in block.data.removesuffix(b"\n").split(b"\n", number))
        return [line.removesuffix(b"\r") for line in islice(lines, number)]


def _names(raw: bytes, encoding: str, separator: str = ",") -> list[str]:
    text = raw[: MOST_IN_LINE + 1].decode(encoding, errors="replace")
    if len(raw) > MOST_IN_LINE:
        return [text]
    try:
        rows = list(csv.reader([text], strict=True, delimiter=separator))
    except csv.Error:
        return [text]
    return rows[0] if rows and text.strip() else []


def _differences(found: list[str], expected: list[str]) -> list[str]:
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected]
    repeated = [name for name, times in Counter(found).items() if times > 1 and name in expected]
    named = (("missing", missing), ("unexpected", unexpected), ("repeated", repeated))
    told = [f"{word} {listed(names)}" for word, names in named if names]
    if told:
        return told
    place = next(i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
    return [f"column {place + 1} should be {expected[place]}, not {found[place]}"]
