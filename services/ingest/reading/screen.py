"""Looks at the whole file once before any line is read: is it text at all, and in which encoding?"""

import codecs
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from services.ingest.refusals import Refused

CHUNK = 1 << 20
MAGIC = (
    (b"PK\x03\x04", "a workbook (XLSX) or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook (XLS) or another Office document"),
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
BLANK = b" \t\r\n"
EXTEND_ASCII = ("utf-8", "cp1252", "iso8859-1", "iso8859-15")
"""Encodings in which every byte of ASCII is itself: what is ASCII throughout need not be decoded to know it."""


def screened(path: Path, encodings: Sequence[str]) -> str:
    """The first of `encodings` in which every byte of the file is text.

    Raises Refused: `empty-file`, `not-text` (known formats, NUL bytes), `encoding` with the line of the first byte that
    is not text in the first encoding. A later encoding is taken only where nothing in the file looks like the first:
    a file in two encodings has no right reading.
    """
    with path.open("rb") as source:
        head = source.read(8)
    for magic, what in MAGIC:
        if head.startswith(magic):
            detail = f"This is {what}, not CSV text. Save it as CSV in {_names(encodings)} and send that."
            raise Refused("not-text", detail, what, "CSV text", line=1)
    _refuse_empty_and_nul(path)
    first_wrong = _first_wrong(path, encodings[0])
    if first_wrong is None:
        return encodings[0]
    for encoding in encodings[1:]:
        if not _has_utf8(path) and _first_wrong(path, encoding) is None:
            return encoding
    line, byte = first_wrong
    detail = (
        f"Line {line} holds a byte that is not text in {_names(encodings)}. Save the file in one of them throughout."
    )
    raise Refused("encoding", detail, f"byte 0x{byte:02X}", f"text in {_names(encodings)}", line)


def _refuse_empty_and_nul(path: Path) -> None:
    before, empty = 0, True
    for chunk in _chunks(path):
        if (place := chunk.find(b"\0")) >= 0:
            line = _line_at(path, before + place)
            detail = f"Line {line} holds a NUL byte, so this is not a text file. Export it as CSV text and send that."
            raise Refused("not-text", detail, "a NUL byte", "CSV text", line)
        before += len(chunk)
        empty = empty and not chunk.removeprefix(codecs.BOM_UTF8).strip(BLANK)
    if empty:
        raise Refused("empty-file", "The file is empty. Nothing was taken from it.", "no text", "a header and rows")


def _first_wrong(path: Path, encoding: str) -> tuple[int, int] | None:
    """Line and value of the first byte that cannot be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    extends_ascii = codecs.lookup(encoding).name in EXTEND_ASCII
    before = 0
    try:
        for chunk in _chunks(path):
            waiting = bool(decoder.getstate()[0])
            if waiting or not extends_ascii or not chunk.isascii():
                decoder.decode(chunk)
            before += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        held = len(error.object) - len(chunk) if before < path.stat().st_size else len(error.object)
        return _line_at(path, before - held + error.start), error.object[error.start]
    return None


def _line_at(path: Path, place: int) -> int:
    """The number of the line of a byte: counted only where somebody is told."""
    with path.open("rb") as source:
        return 1 + sum(source.read(min(CHUNK, place - at)).count(b"\n") for at in range(0, place, CHUNK))


def _has_utf8(path: Path) -> bool:
    return any(_looks_like_utf8(chunk) for chunk in _chunks(path) if not chunk.isascii())


def _looks_like_utf8(chunk: bytes) -> bool:
    """Whether a lead byte stands before as many continuations as it asks for. Over a GB a regular expression takes a
    quarter of a minute to say so."""
    data = np.frombuffer(chunk, np.uint8)
    follows = np.pad((data & 0xC0) == 0x80, (0, 3))
    leads = np.flatnonzero((data >= 0xC2) & (data <= 0xF4) & follows[1:-2])
    first = data[leads]
    return bool(((first < 0xE0) | (follows[leads + 2] & ((first < 0xF0) | follows[leads + 3]))).any())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk


def _names(encodings: Sequence[str]) -> str:
    return " or ".join(encoding.upper() for encoding in encodings)
