"""Freezes the rows that stand in a feed, as a snapshot named by its content; in bounded memory."""

from collections.abc import Iterator, Sequence
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
from services.ingest.store.tables import height_of, read_frames, write_frames
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
    each = [_behind(store, one) for one in held]
    behind = pl.concat(each)
    if not behind["accepted"].any():
        raise NothingAccepted(source.id)
    stored = _stored(
        store, source, [(one, int(counted["rows"].sum())) for one, counted in zip(held, each, strict=True)]
    )
    file, turns = store.files.table(stored), store.snapshots.turns(source.id)
    days = [] if source.days is None else list({source.days.first, source.days.last})
    first, last = covered(source, pl.scan_parquet(file).select(days).collect())
    return Snapshot(
        digest=snapshot_name(source.kind.value, source.schema_version, file_digest(file)), feed=source.id,
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


def _stored(store: Store, source: Source, held: Sequence[tuple[Stored, int]]) -> str:
    """The table of the rows that stand, of which each table of the state has so many: of one of which all do, and that
    is nearly every one, the bytes are taken as they are."""
    kinds = pl.Schema(source.canonical)
    with store.files.scratching() as scratch:
        tables = []
        for place, (one, standing) in enumerate(held):
            table, part = store.files.table(one.table), scratch / f"{place}.parquet"
            if height_of(table) != standing or not set(kinds) <= set(pl.read_parquet_schema(table)):
                write_frames(part, _standing(table, source), kinds)
            tables.append(part if part.exists() else table)
        joined = store.files.keep_joined(tables, kinds)
        if joined is not None:
            return joined
        return store.files.keep_frames((rows for table in tables for rows in read_frames(table, kinds.names())), kinds)


def _standing(table: Path, source: Source) -> Iterator[pl.DataFrame]:
    """Rows that stand, canonical columns only. All of a piece of a reading do: it does not say so."""
    columns = [name for name in pl.read_parquet_schema(table) if name in source.canonical or name == STATUS]
    for frame in read_frames(table, columns):
        stand = frame.filter(pl.col(STATUS).is_in(STANDING)) if STATUS in columns else frame
        yield in_full(stand, source).select(list(source.canonical))
