"""Freezes the rows that stand in a feed, as a snapshot named by its content; in bounded memory."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import polars as pl

from services.ingest.checks import AGGREGATE
from services.ingest.domain import ROWS_FILE, STANDING
from services.ingest.fates import STATUS, SUBMISSION, in_full
from services.ingest.problems import NothingAccepted, SubmissionPending, no_space_is_storage_full
from services.ingest.source import Source, covered
from services.ingest.store.database import Store
from services.ingest.store.states import Stored, stored_in
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
    held = stored_in(store.files, pointer.state)
    behind = pl.concat(_behind(store, one) for one in held)
    if not behind["accepted"].any():
        raise NothingAccepted(source.id)
    stored, content = _stored(store, held, source, int(behind["rows"].sum()))
    file, turns = store.files.table(stored), store.snapshots.turns(source.id)
    days = [] if source.days is None else list({source.days.first, source.days.last})
    first, last = covered(source, pl.scan_parquet(file).select(days).collect())
    return Snapshot(
        digest=snapshot_name(source.kind.value, source.schema_version, content), feed=source.id,
        kind=source.kind, schema_version=source.schema_version, rows=height_of(file), first_day=first, last_day=last,
        submissions=sorted(set(behind[SUBMISSION]), key=turns.__getitem__), created=now,
        files=[SnapshotFile(name=ROWS_FILE, sha256=stored, bytes=file.stat().st_size)],
    )  # fmt: skip


def _behind(store: Store, one: Stored) -> pl.DataFrame:
    """How many rows of the table stand, by submission, and whether one of them is no aggregate."""
    rows = pl.scan_parquet(store.files.table(one.table))
    if one.submission is None:
        told, accepted = rows.filter(pl.col(STATUS).is_in(STANDING)), pl.col(STATUS) == Fate.ACCEPTED.value
    else:
        told, accepted = rows.with_columns(pl.lit(one.submission).alias(SUBMISSION)), ~pl.col(AGGREGATE)
    return told.group_by(SUBMISSION).agg(accepted.any().alias("accepted"), pl.len().alias("rows")).collect()


def _stored(store: Store, held: Sequence[Stored], source: Source, standing: int) -> tuple[str, str]:
    """The table of the rows that stand, by the digests of its bytes and of its content. Where that are all rows of the
    state, which is so of nearly every feed, the content is read there while the table is written."""
    tables, kinds = [store.files.table(one.table) for one in held], pl.Schema(source.canonical)
    if not _are(tables, kinds, standing):
        stored = store.files.keep_frames(_rows(store, held, source), kinds)
        return stored, file_digest(store.files.table(stored))
    with ThreadPoolExecutor(1) as other:
        content = other.submit(file_digest, tables, kinds.names())
        stored = store.files.keep_scanned(pl.scan_parquet(tables).select(kinds.names()))
        return stored, content.result()


def _are(tables: Sequence[Path], kinds: pl.Schema, standing: int) -> bool:
    """Whether these are the rows that stand, all of them, in the columns of a snapshot and perhaps more."""
    schemas = [pl.read_parquet_schema(table) for table in tables]
    alike = all(schema == schemas[0] for schema in schemas) and kinds.items() <= schemas[0].items()
    return alike and sum(height_of(table) for table in tables) == standing


def _rows(store: Store, held: Sequence[Stored], source: Source) -> Iterator[pl.DataFrame]:
    """Rows that stand, canonical columns only; a state is in order of the key."""
    for one in held:
        table = store.files.table(one.table)
        columns = [name for name in pl.read_parquet_schema(table) if name in source.canonical or name == STATUS]
        for frame in read_frames(table, columns):
            stand = frame if one.submission is not None else frame.filter(pl.col(STATUS).is_in(STANDING))
            yield in_full(stand, source).select(list(source.canonical))
