"""A whole file refused, and short excerpts of what was found in it."""

from collections.abc import Iterable

import polars as pl

from services.ingest.personal import without
from shared.contracts.ingest import Refusal

EXCERPT = 80
ASIDE = pl.Schema(
    {
        "line": pl.Int64(), "fate": pl.String(), "code": pl.String(), "column": pl.String(), "found": pl.String(),
        "expected": pl.String(),
    }
)  # fmt: skip


class Refused(Exception):
    """Nothing of this file is taken. Carries what the sender is told."""

    def __init__(self, code: str, detail: str, found: str, expected: str, line: int | None = None) -> None:
        super().__init__(code)  # the sentence may quote the file, and exceptions end up in logs
        self.refusal = Refusal(code=code, detail=detail, found=found, expected=expected, line=line)


def excerpt(raw: bytes, encoding: str, most: int = EXCERPT) -> str:
    """The first `most` characters of `raw`; an ellipsis takes the last place where more follow. Where they seem to tell
    who somebody is, what kind of thing that is instead."""
    text = raw[: 4 * most + 4].decode(encoding, errors="replace")
    return without(text if len(text) <= most else text[: most - 1] + "…", text)


def listed(names: Iterable[str], most: int = 10) -> str:
    """`a, b, c`, each shortened, and the number of those left out."""
    every = [excerpt(name.encode(), "utf-8") for name in names]
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")
