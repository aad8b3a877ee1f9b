"""What a limited reader is told, and what it says: one JSON document on its standard input, JSON lines on its output.

The key of pseudonyms goes this way and no other: never as an argument, in the environment or in a log.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.ingest.reading.parts import Read
from services.ingest.source import Source
from shared.contracts.ingest import Refusal

LONGEST_SAYING = 1 << 20
"""Bytes of one line that a reader says: whoever says more is no reader of ours."""


OUT_OF_MEMORY = 12
"""The exit code of a reader that was given no more memory."""


AGAIN = "again.parquet"
"""The texts of lines, in one column."""


PLAIN = "plain.csv"
"""A whole file as lines of text."""


class Passed(BaseModel):
    """Base of everything that passes between the two: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Order(Passed):
    """Read `path` into `folder`, an empty one. Where `wanted` is given, write the texts of those lines there instead,
    of a file that was read in `encoding` before; where `plain`, all that there are, as lines of text."""

    path: Path
    source: Source
    folder: Path
    name: str | None
    key: str | None
    """In hexadecimal digits."""
    wanted: tuple[int, ...] | None = None
    encoding: str = ""
    plain: bool = False


class Said(Passed):
    """Exactly one of these at a time; `peak`: the most resident bytes so far."""

    done: int | None = None
    total: int | None = None
    read: Read | None = None
    again: int | None = None
    refused: Refusal | None = None
    failed: Literal["no-space", "error"] | None = None
    kind: str = ""
    peak: int = 0
