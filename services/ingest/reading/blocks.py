"""Physical lines in bounded memory: a file as blocks of whole lines, and the texts of chosen lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from services.ingest.reading.limits import BLOCK, MOST_IN_LINE

BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Whole lines, the first of them number `first` (from 1). Of an overlong one, `omitted` bytes are left out."""

    data: bytes
    first: int
    omitted: int = 0


def blocks(source: BinaryIO) -> Iterator[Block]:
    """Every line of the file, in blocks of at most about `BLOCK` bytes; a byte order mark is skipped."""
    if source.read(len(BOM)) != BOM:
        source.seek(0)
    rest, line = b"", 1
    while chunk := source.read(BLOCK):
        if whole := chunk.rfind(b"\n") + 1:
            block, rest = Block(b"".join((rest, memoryview(chunk)[:whole])), line), chunk[whole:]
            line += count_of(b"\n", block.data)
            yield block
            continue
        rest += chunk
        if len(rest) >= BLOCK:
            yield Block(rest[: MOST_IN_LINE + 1] + b"\n", line, len(rest) - MOST_IN_LINE - 1 + _skip_line(source))
            rest, line = b"", line + 1
    if rest:
        yield Block(rest, line)


def count_of(mark: bytes, data: bytes) -> int:
    """How often one byte is in `data`. `bytes.count` looks for one after the other, which takes five times as long
    where every line has some."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord(mark)))


def _skip_line(source: BinaryIO) -> int:
    """Read to the end of the line without keeping it; how many bytes of the line that were."""
    skipped = 0
    while piece := source.readline(BLOCK):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            return skipped - (2 if piece.endswith(b"\r\n") else 1)
    return skipped


def texts(path: Path, encoding: str, wanted: Sequence[int], most: int = MOST_IN_LINE) -> Iterator[str]:
    """The lines numbered `wanted` (ascending), without their ends; of an overlong one its first 80 characters."""
    remaining = iter(wanted)
    number = next(remaining, None)
    with path.open("rb") as source:
        for block in blocks(source):
            if number is None:
                return
            following = block.first + count_of(b"\n", block.data) + (not block.data.endswith(b"\n"))
            lines = block.data.split(b"\n") if number < following else []
            while number is not None and number < following:
                raw = lines[number - block.first].removesuffix(b"\r")
                shown = raw if len(raw) <= most else raw[:80]
                yield shown.decode(encoding, errors="replace")
                number = next(remaining, None)
