"""One gzip or zip around a file, unfolded beside it and measured while it unfolds: what it says of itself is not
believed. Names inside of archives are never used; one that leads elsewhere says what the archive was made for."""

import errno
import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Final

from services.ingest.reading.limits import MOST_ENTRIES, MOST_EXPANDED, MOST_RATIO, RATIO_FROM
from services.ingest.refusals import Refused

GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK"
OF_WORKBOOKS: Final = "[Content_Types].xml"
CHUNK: Final = 1 << 20
ENCRYPTED: Final = 0x1
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN: Final = (
    EOFError, OverflowError, RuntimeError, ValueError, struct.error, zipfile.BadZipFile, zlib.error, gzip.BadGzipFile,
)  # fmt: skip
"""What the libraries raise over archives that are none; packings that they do not know are RuntimeErrors."""


@contextmanager
def unfolded(path: Path, scratch: Path, workbook: bool) -> Iterator[tuple[Path, str]]:
    """The file inside `path`, and `gzip:` or `zip:`; `path` itself and nothing where no archive is around it. A
    `workbook` is an archive that is left as it is. Raises Refused."""
    kind = _kind(path, workbook)
    if not kind:
        yield path, kind
        return
    inner = scratch / ".unfolded"
    try:
        _unfold(path, kind, inner)
        if _kind(inner, workbook):
            expected = "one gzip or zip around the file"
            detail = "There is an archive inside the archive. Send the file itself, or in one gzip or zip."
            raise Refused("nested-archive", detail, "an archive in an archive", expected)
        yield inner, kind
    finally:
        inner.unlink(missing_ok=True)


def entries_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Its entries that are files. Raises Refused where they are too many, encrypted, overlap, lead elsewhere, or are
    packed in ways that nobody uses for such files."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise _archive("too-many-entries", f"{len(entries):,} entries", f"at most {MOST_ENTRIES:,}")
    for entry in entries:
        if entry.flag_bits & ENCRYPTED:
            raise _archive("encrypted-archive", "an encrypted entry", "an archive without a password")
        if entry.compress_type not in METHODS:
            raise _archive("broken-archive", "an entry packed in a rare way", "entries stored or deflated")
        if _leads_elsewhere(entry.orig_filename):
            raise _archive("entry-name", "an entry whose name leads elsewhere", "plain names")
    if len({entry.filename for entry in entries}) != len(entries):
        raise _archive("broken-archive", "two entries of one name", "names that differ")
    _refuse_overlapping(entries)
    return [entry for entry in entries if not entry.is_dir()]


def pieces(packed: IO[bytes] | gzip.GzipFile, size: int, before: int = 0) -> Iterator[bytes]:
    """What unfolds from an archive of `size` bytes, from which `before` bytes have come already. Raises Refused where
    it is too much: `expands-too-far`."""
    unfolded = before
    while piece := packed.read(CHUNK):
        unfolded += len(piece)
        if unfolded > MOST_EXPANDED or (unfolded > RATIO_FROM and unfolded > MOST_RATIO * size):
            most = f"at most {MOST_RATIO} times its size, and {MOST_EXPANDED >> 30} GB"
            raise _archive("expands-too-far", f"more than {unfolded:,} bytes from {size:,}", most)
        yield piece


def broken() -> Refused:
    found, expected = "an archive that does not unfold to its end", "a whole archive"
    detail = (
        "The archive does not unfold to its end: it is cut short or damaged. Send it again whole, or the file itself."
    )
    return Refused("broken-archive", detail, found, expected)


def is_workbook(path: Path) -> bool:
    """Whether it is a ZIP archive that says it is an Office document."""
    try:
        with zipfile.ZipFile(path) as archive:
            return OF_WORKBOOKS in archive.namelist()
    except BROKEN:
        return False


def _kind(path: Path, workbook: bool) -> str:
    with path.open("rb") as opened:
        head = opened.read(2)
    if head == GZIP:
        return "gzip:"
    if head != ZIP or is_workbook(path):  # of text files a workbook is none: that is said by who reads them
        return ""
    return "zip:" if workbook or zipfile.is_zipfile(path) else ""


def _unfold(path: Path, kind: str, inner: Path) -> None:
    size = path.stat().st_size
    try:
        with inner.open("wb") as out:
            if kind == "gzip:":
                with gzip.open(path) as packed:
                    out.writelines(pieces(packed, size))
                return
            with zipfile.ZipFile(path) as archive:
                entries = entries_of(archive)
                if len(entries) != 1:
                    raise _archive("not-one-member", f"an archive with {len(entries):,} files", "exactly one file")
                with archive.open(entries[0]) as packed:
                    out.writelines(pieces(packed, size))
    except BROKEN:
        raise broken() from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # what an archive says of itself may be a place before the file's beginning
            raise
        raise broken() from None


def _leads_elsewhere(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in name or "\0" in name


def _refuse_overlapping(entries: list[zipfile.ZipInfo]) -> None:
    """One stretch of bytes told as many entries unfolds many times over."""
    ordered = sorted(entries, key=lambda entry: entry.header_offset)
    for one, following in pairwise(ordered):
        if one.header_offset + one.compress_size > following.header_offset:
            raise _archive("broken-archive", "entries that overlap", "entries one behind the other")


def _archive(code: str, found: str, expected: str) -> Refused:
    detail = f"The archive has {found}; expected: {expected}. Send the file itself, or alone in a gzip or zip."
    return Refused(code, detail, found, expected)
