"""One word looked for in all that is kept: the bytes as they were sent, the tables made of them, the refusals."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from sqlmodel import col, select

from services.ingest.checks import LINE
from services.ingest.fates import STATUS, SUBMISSION, standing
from services.ingest.models import FeedRow, SnapshotRow, SubmissionRow
from services.ingest.reading.blocks import BOM, blocks
from services.ingest.reading.limits import MOST_IN_LINE
from services.ingest.store.database import Store
from services.ingest.store.states import Stored, named_by, stored_in
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
    for stored in stored_in(store.files, state) if state is not None else ():
        for line, status in _statuses(store, stored, row.sha256, lines):
            found.setdefault(line, {"fate": status})
    return found


def _statuses(store: Store, stored: Stored, sha256: str, lines: list[int]) -> list[tuple[int, str]]:
    """Lines of this submission among `lines` that the table has, and what each is there."""
    if stored.submission not in (None, sha256):
        return []
    some = pl.scan_parquet(store.files.table(stored.table)).filter(pl.col(LINE).is_in(lines))
    if stored.submission is None:
        rows = some.filter(pl.col(SUBMISSION) == sha256).collect()
    else:
        rows = standing(some.collect(), sha256)
    return list(rows.select(LINE, STATUS).iter_rows())


def tables_with(store: Store, word: str) -> Iterator[tuple[str, int]]:
    """The digest of each table that has the word in some row, and in how many."""
    for path in sorted(store.files.tables.glob("*.parquet")):
        number = sum(1 for _ in rows_with(path, word))
        if number:
            yield path.stem, number


@dataclass(frozen=True)
class Uses:
    """What each table is: the state of feeds, or one of several that it is made of, or a snapshot's rows. One file sent
    to two feeds may be the same table in both."""

    states: dict[str, list[str]]
    snapshots: dict[str, list[dict[str, Any]]]


def uses(store: Store) -> Uses:
    with store.database.reading() as session:
        held = [(row.state, row.id) for row in session.exec(select(FeedRow)) if row.state is not None]
        snapshots: dict[str, list[dict[str, Any]]] = {}
        for row in session.exec(select(SnapshotRow).order_by(col(SnapshotRow.number))):
            told = {"snapshot": row.digest, "feed": row.feed, "created": row.created.isoformat()}
            for file in row.files:
                snapshots.setdefault(str(file["sha256"]), []).append(told)
    states: dict[str, list[str]] = {}
    for state, feed in sorted(held, key=lambda one: one[1]):
        for table in named_by(store.files, state):
            states.setdefault(table, []).append(feed)
    return Uses(states, snapshots)
