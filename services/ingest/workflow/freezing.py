"""Freezes the rows that stand in a feed, as a snapshot named by its content; in bounded memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import polars as pl

from services.ingest.domain import ROWS_FILE, STANDING
from services.ingest.fates import STATUS, SUBMISSION, in_full
from services.ingest.problems import NothingAccepted, SubmissionPending, no_space_is_storage_full
from services.ingest.source import Source, covered
from services.ingest.store.database import Store
from services.ingest.store.tables import height_of, read_frames
from shared.contracts.ingest import Fate, Snapshot, SnapshotFile
from shared.kit.frames import file_digest, snapshot_name


def freeze(store: Store, source: Source, now: datetime) -> tuple[Snapshot, bool]:
    """The snapshot of the feed as it is now, and whether its content is new.

    Raises SubmissionPending, NothingAccepted, StorageFull.
    """
    while True:
        with no_space_is_storage_full():
            made = _snapshot(store, source, now)
            with store.files.naming():  # a sweep takes what nothing names: nothing names this yet
                if all(store.files.table(file.sha256).exists() for file in made.files):
                    return store.snapshots.keep(made)


def _snapshot(store: Store, source: Source, now: datetime) -> Snapshot:
    pointer = store.snapshots.settled(source.id)
    if pointer is None:
        raise SubmissionPending(source.id)
    if pointer.state is None:
        raise NothingAccepted(source.id)
    standing = pl.scan_parquet(store.files.table(pointer.state)).filter(pl.col(STATUS).is_in(STANDING))
    accepted = (pl.col(STATUS) == Fate.ACCEPTED.value).any()
    behind = standing.group_by(SUBMISSION).agg(accepted, pl.len().alias("rows")).collect()
    if not behind[STATUS].any():
        raise NothingAccepted(source.id)
    stored, content = _stored(store, pointer.state, source, int(behind["rows"].sum()))
    file, turns = store.files.table(stored), store.snapshots.turns(source.id)
    days = [] if source.days is None else list({source.days.first, source.days.last})
    first, last = covered(source, pl.scan_parquet(file).select(days).collect())
    return Snapshot(
        digest=snapshot_name(source.kind.value, source.schema_version, content), feed=source.id,
        kind=source.kind, schema_version=source.schema_version, rows=height_of(file), first_day=first, last_day=last,
        submissions=sorted(behind[SUBMISSION], key=turns.__getitem__), created=now,
        files=[SnapshotFile(name=ROWS_FILE, sha256=stored, bytes=file.stat().st_size)],
    )  # fmt: skip


def _stored(store: Store, state: str, source: Source, standing: int) -> tuple[str, str]:
    """The table of the rows that stand, by the digests of its bytes and of its content. Where that are all rows of the
    state, which is so of nearly every feed, the content is read there while the table is written."""
    before, columns = store.files.table(state), list(source.canonical)
    kinds, schema = pl.Schema(source.canonical), pl.read_parquet_schema(before)
    with ThreadPoolExecutor(1) as other:
        same = height_of(before) == standing and all(schema.get(name) == kind for name, kind in kinds.items())
        content = other.submit(file_digest, before, columns) if same else None
        stored = store.files.keep_frames(_rows(store, state, source), kinds)
        return stored, content.result() if content is not None else file_digest(store.files.table(stored))


def _rows(store: Store, state: str, source: Source) -> Iterator[pl.DataFrame]:
    """Rows that stand, canonical columns only; a state is in order of the key."""
    for frame in read_frames(store.files.table(state)):
        yield in_full(frame.filter(pl.col(STATUS).is_in(STANDING)), source).select(list(source.canonical))
