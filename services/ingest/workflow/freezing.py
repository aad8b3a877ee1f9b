"""Freezes the rows that stand in a feed, as a snapshot named by its content; in bounded memory."""

from collections.abc import Iterator
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
    behind = standing.group_by(SUBMISSION).agg((pl.col(STATUS) == Fate.ACCEPTED.value).any()).collect()
    if not behind[STATUS].any():
        raise NothingAccepted(source.id)
    stored = store.files.keep_frames(_rows(store, pointer.state, source), pl.Schema(source.canonical))
    file, turns = store.files.table(stored), store.snapshots.turns(source.id)
    days = [] if source.days is None else list({source.days.first, source.days.last})
    first, last = covered(source, pl.scan_parquet(file).select(days).collect())
    return Snapshot(
        digest=snapshot_name(source.kind.value, source.schema_version, file_digest(file)), feed=source.id,
        kind=source.kind, schema_version=source.schema_version, rows=height_of(file), first_day=first, last_day=last,
        submissions=sorted(behind[SUBMISSION], key=turns.__getitem__), created=now,
        files=[SnapshotFile(name=ROWS_FILE, sha256=stored, bytes=file.stat().st_size)],
    )  # fmt: skip


def _rows(store: Store, state: str, source: Source) -> Iterator[pl.DataFrame]:
    """Rows that stand, canonical columns only; a state is in order of the key."""
    for frame in read_frames(store.files.table(state)):
        yield in_full(frame.filter(pl.col(STATUS).is_in(STANDING)), source).select(list(source.canonical))
