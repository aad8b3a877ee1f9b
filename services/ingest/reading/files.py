"""Frames on their way into bounded Parquet files."""

import io
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from services.ingest.reading.limits import PIECE_BYTES, PIECE_ROWS
from services.ingest.reading.parts import Piece
from shared.kit.files import write_durably

ARROW: Final = "ARROW:schema"
"""Under which a Parquet file says of which types its columns were."""
VIEW: Final = 16
"""Bytes of a short text in memory."""


@dataclass
class Pieces:
    """`<stem>-<number>.parquet` in `folder`, none without a row. Raises OSError (ENOSPC where the disk is full)."""

    folder: Path
    stem: str
    schema: pl.Schema
    waiting: list[pl.DataFrame] = field(default_factory=list)
    made: list[Piece] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def add(self, frame: pl.DataFrame) -> None:
        if frame.is_empty():
            return
        self.waiting.append(frame)
        self.rows += frame.height
        self.bytes += sum(_size(column) for column in frame)
        if self.rows >= PIECE_ROWS or self.bytes >= PIECE_BYTES:
            self._write()

    def finished(self) -> tuple[Piece, ...]:
        if self.waiting:
            self._write()
        return tuple(self.made)

    def _write(self) -> None:
        """Through a file of Python's own: its errors say which they are, and polars' do not."""
        frame = pl.concat(_alike(self.waiting, self.schema), rechunk=False)
        self.waiting, self.rows, self.bytes = [], 0, 0
        written = io.BytesIO()
        frame.write_parquet(written, compression="lz4", statistics=False, metadata=self._said)
        piece = Piece(f"{self.stem}-{len(self.made):05}.parquet", frame.height)
        write_durably(self.folder / piece.name, written.getvalue())
        self.made.append(piece)

    @cached_property
    def _said(self) -> dict[str, str]:
        """The types that whoever reads a piece is to see: those of the schema, whichever way texts were written."""
        empty = io.BytesIO()
        pl.DataFrame(schema=self.schema).write_parquet(empty)
        return {ARROW: pl.read_parquet_metadata(io.BytesIO(empty.getvalue()))[ARROW]}


def _size(column: pl.Series) -> int:
    """Bytes, of an Enum as if it were text."""
    return VIEW * column.len() if column.dtype == pl.Enum else int(column.estimated_size())


def _alike(frames: list[pl.DataFrame], schema: pl.Schema) -> list[pl.DataFrame]:
    """Texts as places in a list where all have the same list, which are written in a tenth of the time; else as
    themselves."""
    types = {name: {frame.schema[name] for frame in frames} for name in schema}
    common = {name: next(iter(found)) if len(found) == 1 else schema[name] for name, found in types.items()}
    return [frame.select(schema.names()).cast(pl.Schema(common)) for frame in frames]
