"""Freezes the rows that stand in a feed, as a snapshot named by its content."""

from datetime import datetime

import polars as pl

from services.ingest.domain import ROWS_FILE, STANDING, snapshot_digest, snapshot_rows
from services.ingest.fates import STATUS, SUBMISSION
from services.ingest.problems import NothingAccepted, SubmissionPending, no_space_is_storage_full
from services.ingest.source import Source, covered
from services.ingest.store.database import Store
from shared.contracts.ingest import Fate, Snapshot, SnapshotFile


def freeze(store: Store, source: Source, now: datetime) -> tuple[Snapshot, bool]:
    """The snapshot of the feed as it is now, and whether its content is new.

    Raises SubmissionPending, NothingAccepted, StorageFull.
    """
    pointer = store.snapshots.settled(source.id)
    if pointer is None:
        raise SubmissionPending(source.id)
    if pointer.state is None:
        raise NothingAccepted(source.id)
    state = store.files.read_table(pointer.state)
    if not (state[STATUS] == Fate.ACCEPTED.value).any():
        raise NothingAccepted(source.id)
    with no_space_is_storage_full():
        return store.snapshots.keep(_snapshot(store, source, state, now))


def _snapshot(store: Store, source: Source, state: pl.DataFrame, now: datetime) -> Snapshot:
    rows = snapshot_rows(state, source)
    stored = store.files.keep_table(rows)
    turns = store.snapshots.turns(source.id)
    lineage = state.filter(pl.col(STATUS).is_in(STANDING))[SUBMISSION].unique()
    first, last = covered(source, rows)
    return Snapshot(
        digest=snapshot_digest(rows, source), feed=source.id, kind=source.kind, schema_version=source.schema_version,
        rows=rows.height, first_day=first, last_day=last, submissions=sorted(lineage, key=turns.__getitem__),
        files=[SnapshotFile(name=ROWS_FILE, sha256=stored, bytes=store.files.table(stored).stat().st_size)],
        created=now,
    )  # fmt: skip
