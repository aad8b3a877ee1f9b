"""Frames on their way into bounded Parquet files."""

import io
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from services.ingest.reading.limits import PIECE_BYTES, PIECE_ROWS
from services.ingest.reading.parts import Piece
from shared.kit.files import write_durably


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
        self.bytes += int(frame.estimated_size())
        if self.rows >= PIECE_ROWS or self.bytes >= PIECE_BYTES:
            self._write()

    def finished(self) -> tuple[Piece, ...]:
        if self.waiting:
            self._write()
        return tuple(self.made)

    def _write(self) -> None:
        """Through a file of Python's own: its errors say which they are, and polars' do not."""
        frame = pl.concat([pl.DataFrame(schema=self.schema), *self.waiting], rechunk=False)
        self.waiting, self.rows, self.bytes = [], 0, 0
        written = io.BytesIO()
        frame.write_parquet(written, compression="lz4", statistics=False)
        piece = Piece(f"{self.stem}-{len(self.made):05}.parquet", frame.height)
        write_durably(self.folder / piece.name, written.getvalue())
        self.made.append(piece)
