"""Rows of the database as what the rest of the service speaks of."""

from services.ingest.domain import Waiting
from services.ingest.models import FATES, SnapshotRow, SubmissionRow
from shared.contracts.ingest import (
    Fates,
    Refusal,
    Snapshot,
    SnapshotFile,
    SnapshotKind,
    Submission,
    SubmissionState,
)  # fmt: skip


def fates_of(row: SubmissionRow) -> dict[str, int]:
    return {fate: getattr(row, fate) for fate in FATES}


def submission_of(row: SubmissionRow) -> Submission:
    checked = row.state == SubmissionState.CHECKED
    return Submission(
        feed=row.feed, sha256=row.sha256, state=SubmissionState(row.state), bytes=row.bytes, received=row.received,
        supersedes=row.supersedes, whole_period=row.whole_period, name=row.name, profiled=row.profile is not None,
        encoding=row.encoding, lines=row.lines, sheets_left_alone=row.sheets_left_alone if checked else None,
        fates=Fates(**fates_of(row)) if checked else None,
        refusal=Refusal.model_validate(row.refusal) if row.refusal is not None else None,
    )  # fmt: skip


def waiting_of(row: SubmissionRow) -> Waiting | None:
    if row.state != SubmissionState.RECEIVED:
        return None
    return Waiting(
        row.feed, row.sha256, row.supersedes, row.turn, row.attempt, row.whole_period, row.name, row.mends
    )  # fmt: skip


def snapshot_of(row: SnapshotRow) -> Snapshot:
    return Snapshot(
        digest=row.digest, feed=row.feed, kind=SnapshotKind(row.kind), schema_version=row.schema_version, rows=row.rows,
        first_day=row.first_day, last_day=row.last_day, submissions=row.submissions,
        files=[SnapshotFile.model_validate(file) for file in row.files], created=row.created,
    )  # fmt: skip


def row_of(snapshot: Snapshot) -> SnapshotRow:
    fields = snapshot.model_dump() | {"kind": snapshot.kind.value, "created": snapshot.created}
    return SnapshotRow(**fields)
