"""Queries about snapshots, and what a feed holds at the moment of one."""

from sqlalchemy import BigInteger, literal
from sqlmodel import col, select

from services.ingest.domain import Pointer
from services.ingest.models import FeedRow, SnapshotRow, SubmissionRow
from services.ingest.store.rows import row_of, snapshot_of
from shared.contracts.ingest import Snapshot, SubmissionState
from shared.kit.database import Database


class Snapshots:
    def __init__(self, database: Database) -> None:
        self.database = database

    def settled(self, feed: str) -> Pointer | None:
        """Where the feed's rows are, or None while a submission of it has no fates."""
        pending = select(SubmissionRow.number).where(
            SubmissionRow.feed == feed, SubmissionRow.state == SubmissionState.RECEIVED.value
        )
        with self.database.reading() as session:
            if session.exec(pending.limit(1)).first() is not None:
                return None
            row = session.exec(select(FeedRow).where(FeedRow.id == feed)).one()
            return Pointer(row.version, row.state)

    def turns(self, feed: str) -> dict[str, int]:
        """Submissions of the feed, and their place in the order of decision."""
        with self.database.reading() as session:
            rows = session.exec(select(SubmissionRow.sha256, SubmissionRow.turn).where(SubmissionRow.feed == feed))
            return dict(iter(rows))

    def keep(self, snapshot: Snapshot) -> tuple[Snapshot, bool]:
        """The feed's snapshot of this digest, and whether it is new: content that was frozen before stays as it was."""
        known = select(SnapshotRow).where(SnapshotRow.digest == snapshot.digest, SnapshotRow.feed == snapshot.feed)
        with self.database.transaction() as session:
            session.exec(select(FeedRow).where(FeedRow.id == snapshot.feed).with_for_update()).one()
            row = session.exec(known).first()
            if row is not None:
                return snapshot_of(row), False
            session.add(row_of(snapshot))
            return snapshot, True

    def listed(self, feed: str | None, before: int | None, limit: int) -> tuple[list[Snapshot], int | None]:
        """Newest first, and the `before` of the next page."""
        asked = select(SnapshotRow).order_by(col(SnapshotRow.number).desc()).limit(limit + 1)
        if feed is not None:
            asked = asked.where(SnapshotRow.feed == feed)
        if before is not None:
            asked = asked.where(col(SnapshotRow.number) < literal(before, BigInteger))  # wider than the numbers
        with self.database.reading() as session:
            rows = session.exec(asked).all()
        following = rows[limit - 1].number if len(rows) > limit else None
        return [snapshot_of(row) for row in rows[:limit]], following

    def get(self, digest: str) -> Snapshot | None:
        """The oldest of this digest: feeds of one kind with the same rows share a digest."""
        asked = select(SnapshotRow).where(SnapshotRow.digest == digest).order_by(col(SnapshotRow.number))
        with self.database.reading() as session:
            row = session.exec(asked).first()
            return None if row is None else snapshot_of(row)

    def all_of(self, digest: str) -> list[Snapshot]:
        """One for each feed that was frozen with this content, the oldest first."""
        asked = select(SnapshotRow).where(SnapshotRow.digest == digest).order_by(col(SnapshotRow.number))
        with self.database.reading() as session:
            return [snapshot_of(row) for row in session.exec(asked)]
