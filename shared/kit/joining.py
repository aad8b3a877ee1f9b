"""Parquet files joined into one without a value being read: the bytes of their columns are copied, and the footer that
says where each begins is written anew."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from shared.kit.thrift import I32, I64, LIST, STRUCT, Struct, Value, parsed, spelled

MAGIC: Final = b"PAR1"
PIECE: Final = 1 << 20
# Numbers of fields in the format's own `parquet.thrift`.
VERSION, SCHEMA, ROWS, GROUPS, MADE_BY, ORDERS = 1, 2, 3, 4, 6, 7
NAME, CHILDREN = 4, 5
CHUNKS, GROUP_BYTES, GROUP_ROWS = 1, 2, 3
CHUNK_FILE, CHUNK_OFFSET, CHUNK_META, CHUNK_CRYPTO = 1, 2, 3, {8, 9}
META_UNPACKED, META_PACKED, META_DATA, META_DICTIONARY = 6, 7, 9, 11
META_ELSEWHERE: Final = {10, 14, 15}
"""Pages of an index, and filters: what they say stands in other places of the file, and is left out."""


class NotAlike(Exception):
    """The files cannot be joined: a column is not in each of them, not of one form, or none of plain values."""


class _Part:
    """One file, as its footer tells."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.footer, self.ends = _footer(path)
        root, *elements = self.footer[SCHEMA][1][1]
        if any(CHILDREN in element for element in elements):
            raise NotAlike("columns of columns")
        places = {_of(element, NAME).decode(): place for place, element in enumerate(elements)}
        if not set(columns) <= set(places):
            raise NotAlike("columns that are not there")
        self.places = [places[name] for name in columns]
        self.schema = [{**root, CHILDREN: (I32, len(columns))}, *(elements[place] for place in self.places)]
        orders = self.footer[ORDERS][1] if ORDERS in self.footer else None
        self.orders = orders and (orders[0], [orders[1][place] for place in self.places])

    @property
    def form(self) -> Value:
        return self.footer[VERSION], self.schema, self.orders


def join(target: BinaryIO, files: Sequence[Path], columns: Sequence[str]) -> None:
    """Write these columns of `files`, one file after another, as one Parquet file. Groups of rows, encodings and codecs
    stay as they are. Raises NotAlike, and then what was written is of no use; OSError."""
    if not files:
        raise NotAlike("no file is none that has columns")
    try:
        parts = [_Part(file, columns) for file in files]
    except (ValueError, KeyError, TypeError, IndexError):
        raise NotAlike("a footer that is not known") from None
    if any(part.form != parts[0].form for part in parts):
        raise NotAlike("columns of several forms")
    target.write(MAGIC)
    groups = [group for part in parts for group in _copied(target, part)]
    first = parts[0].footer
    footer: Struct = {
        VERSION: first[VERSION],
        SCHEMA: (LIST, (STRUCT, parts[0].schema)),
        ROWS: (I64, sum(_of(group, GROUP_ROWS) for group in groups)),
        GROUPS: (LIST, (STRUCT, groups)),
    }
    footer |= {MADE_BY: first[MADE_BY]} if MADE_BY in first else {}
    footer |= {ORDERS: (LIST, parts[0].orders)} if parts[0].orders else {}
    told = spelled(footer)
    target.write(told + len(told).to_bytes(4, "little") + MAGIC)


def _footer(path: Path) -> tuple[Struct, int]:
    """And where it begins, which is where the last column ends at the latest."""
    with path.open("rb") as file:
        size = file.seek(-8, os.SEEK_END)
        told = file.read(8)
        if told[4:] != MAGIC:
            raise NotAlike("no Parquet, or one that is encrypted")
        length = int.from_bytes(told[:4], "little")
        if length > size:
            raise NotAlike("a footer longer than its file")
        file.seek(size - length)
        return parsed(file.read(length)), size - length


def _copied(target: BinaryIO, part: _Part) -> list[Struct]:
    """The groups of rows of one file, as they stand in the other."""
    groups = []
    with part.path.open("rb") as source:
        for group in part.footer[GROUPS][1][1]:
            chunks = [_copied_chunk(target, source, group[CHUNKS][1][1][place], part.ends) for place in part.places]
            unpacked = sum(_of(_of(chunk, CHUNK_META), META_UNPACKED) for chunk in chunks)
            groups.append(
                {CHUNKS: (LIST, (STRUCT, chunks)), GROUP_BYTES: (I64, unpacked), GROUP_ROWS: group[GROUP_ROWS]}
            )
    return groups


def _copied_chunk(target: BinaryIO, source: BinaryIO, chunk: Struct, ends: int) -> Struct:
    if CHUNK_FILE in chunk or CHUNK_CRYPTO & set(chunk):
        raise NotAlike("a column in another file, or an encrypted one")
    meta: Struct = _of(chunk, CHUNK_META)
    pages = [field for field in (META_DATA, META_DICTIONARY) if field in meta]
    begins = min(_of(meta, field) for field in pages)
    moved, left = target.tell() - begins, _of(meta, META_PACKED)
    if begins + left > ends:
        raise NotAlike("a column that does not end")
    source.seek(begins)
    while left:
        if not (piece := source.read(min(PIECE, left))):
            raise NotAlike("a file that is being cut")
        left -= target.write(piece)
    now = {field: value for field, value in meta.items() if field not in META_ELSEWHERE}
    now |= {field: (I64, _of(meta, field) + moved) for field in pages}
    return {CHUNK_OFFSET: (I64, 0), CHUNK_META: (STRUCT, now)}


def _of(struct: Struct, field: int) -> Value:
    return struct[field][1]
