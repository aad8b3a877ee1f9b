"""What a file may be at most. Real files keep far below; whatever passes a limit is refused, or its line set aside."""

from typing import Final

BLOCK: Final = 8 << 20
"""Bytes of a file that are looked at together."""
MOST_IN_LINE: Final = 64 << 10
"""Bytes in a line, its end not counted; in a row with line ends inside quoted cells, of all its lines. No field of a
text file is longer than its line."""
MOST_IN_FIELD: Final = 32_767
"""Characters in a cell of a workbook or a value of a Parquet file: what spreadsheet programs hold."""
MOST_LINES: Final = 200_000_000
MOST_COLUMNS: Final = 5_000
"""Of a worksheet or a Parquet file; those of a text file are its source's."""
MOST_CELLS: Final = 4_000_000
"""Cells of a Parquet file, from which on their number is compared with its bytes."""
MOST_SHEETS: Final = 255
MOST_PREAMBLE: Final = 100
"""Lines before a header."""
MOST_MISSHAPEN: Final = 100_000
"""Lines that are no rows: each costs a few hundred bytes to explain; more are another kind of file, not mistakes."""
MOST_ENTRIES: Final = 1_000
"""Entries of an archive, which a workbook is too."""
MOST_EXPANDED: Final = 4 << 30
"""Bytes that an archive unfolds to."""
MOST_RATIO: Final = 100
RATIO_FROM: Final = 100 << 10
"""An archive unfolds to at most `MOST_RATIO` times its own bytes, once it has unfolded to `RATIO_FROM` bytes."""
BYTES_IN_CELL: Final = 1
"""What a cell of a Parquet file counts as, unfolded; the same value many times over takes next to nothing."""
MOST_FOOTER: Final = 16 << 20
"""Bytes of a Parquet file's own table of contents."""
PIECE_ROWS: Final = 250_000
PIECE_BYTES: Final = 48 << 20
"""A piece of what was read is written once it has so many rows, or takes so much memory."""

MOST_MEMORY: Final = 512 << 20
"""Resident bytes of the process that reads; it is ended above that."""
MOST_DATA: Final = 768 << 20
"""Writable bytes that it may ask for at all, resident or not; what grows faster than it is watched ends here."""
WALL_SECONDS: Final = 10
"""Seconds that it may run for each second of processor time that it may take: it waits for disks, and for others."""


def cpu_seconds(size: int) -> int:
    """Processor time that reading a file of so many bytes may take. A slow machine reads several MB in a second, and an
    archive unfolds to some times its own size."""
    return 30 + 2 * (size >> 20)
