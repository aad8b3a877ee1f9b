"""One word looked for in all that is kept: the bytes as they were sent, the tables made of them, the refusals."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from sqlmodel import col, select

from services.ingest.checks import LINE
from services.ingest.fates import STATUS, SUBMISSION
from services.ingest.models import FeedRow, SnapshotRow, SubmissionRow
from services.ingest.reading.blocks import BOM, blocks
from services.ingest.reading.limits import MOST_IN_LINE
from services.ingest.store.database import Store
from shared.kit.finding import rows_with, whole


@dataclass(frozen=True)
class Hit:
    """A line of a file that has the word. The first line, the header, is number 1."""

    line: int
    raw: bytes


def lines_with(path: Path, word: str) -> Iterator[Hit]:
    """In order; the file is read in blocks."""
    pattern = whole(word)
    with path.open("rb") as source:
        for block in blocks(source):
            yield from _hits(block.data, block.first, pattern.finditer(block.data))


def header_of(path: Path) -> bytes:
    """The first line, without a byte order mark and its end; of an overlong one what a line may have."""
    with path.open("rb") as source:
        return source.readline(MOST_IN_LINE).removeprefix(BOM).rstrip(b"\r\n")


def _hits(data: bytes, first: int, found: Any) -> Iterator[Hit]:
    """Each line once, however often it has the word."""
    at, line, until = 0, first, -1
    for match in found:
        if match.start() < until:
            continue
        line += data.count(b"\n", at, match.start())
        at = match.start()
        end = data.find(b"\n", at)
        until = len(data) if end < 0 else end
        yield Hit(line, data[data.rfind(b"\n", 0, at) + 1 : until].removesuffix(b"\r"))


def every_submission(store: Store) -> list[SubmissionRow]:
    """The oldest first."""
    with store.database.reading() as session:
        rows = list(session.exec(select(SubmissionRow).order_by(col(SubmissionRow.number))))
        session.expunge_all()
    return rows


def fates_of(store: Store, row: SubmissionRow, lines: list[int]) -> dict[int, dict[str, str]]:
    """What became of these lines, by number: set aside with a code, or standing in the feed. A line that is neither is
    a duplicate, or was superseded, or belongs to a file that has no fates."""
    found: dict[int, dict[str, str]] = {}
    if row.aside is not None:
        aside = pl.scan_parquet(store.files.table(row.aside)).filter(pl.col("line").is_in(lines))
        for one in aside.collect().iter_rows(named=True):
            told = {name: one[name] for name in ("fate", "code", "column") if one[name] is not None}
            found[one["line"]] = told
    state = store.pointer(row.feed).state
    if state is not None:
        mine = (pl.col(SUBMISSION) == row.sha256) & pl.col(LINE).is_in(lines)
        for line, status in (
            pl.scan_parquet(store.files.table(state)).filter(mine).select(LINE, STATUS).collect().rows()
        ):
            found.setdefault(line, {"fate": status})
    return found


def tables_with(store: Store, word: str) -> Iterator[tuple[str, int]]:
    """The digest of each table that has the word in some row, and in how many."""
    for path in sorted(store.files.tables.glob("*.parquet")):
        number = sum(1 for _ in rows_with(path, word))
        if number:
            yield path.stem, number


@dataclass(frozen=True)
class Uses:
    """What each table is: a feed's state, or a snapshot's rows."""

    states: dict[str, str]
    snapshots: dict[str, list[dict[str, Any]]]


def uses(store: Store) -> Uses:
    with store.database.reading() as session:
        states = {row.state: row.id for row in session.exec(select(FeedRow)) if row.state is not None}
        snapshots: dict[str, list[dict[str, Any]]] = {}
        for row in session.exec(select(SnapshotRow).order_by(col(SnapshotRow.number))):
            told = {"snapshot": row.digest, "feed": row.feed, "created": row.created.isoformat()}
            for file in row.files:
                snapshots.setdefault(str(file["sha256"]), []).append(told)
    return Uses(states, snapshots)
