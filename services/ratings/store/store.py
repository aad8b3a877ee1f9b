"""Transactions over the tables of ratings. The caller's block is the transaction: when it has ended, it is durable."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from sqlmodel import Session, col, select

from services.ratings.domain.life_cycle import READABLE
from services.ratings.models import (
    AuditRow,
    KeyringRow,
    PointerRow,
    ReleaseRow,
    ReplayRow,
)
from shared.contracts.releases import BuildState, ReleaseStatus
from shared.contracts.replay import ReplayState
from shared.kit.database import Database
from shared.kit.problems import NotFound

LiveViews = frozenset[tuple[str, str]]


class Transaction:
    """One transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def release(self, release: str) -> ReleaseRow:
        """Raises NotFound."""
        row = self.session.get(ReleaseRow, release)
        if row is None:
            raise NotFound("There is no release of this name.")
        return row

    def releases(self) -> list[ReleaseRow]:
        """Newest first."""
        return list(self.session.exec(select(ReleaseRow).order_by(col(ReleaseRow.created).desc())))

    def release_of_key(self, key: str) -> ReleaseRow | None:
        return self.session.exec(select(ReleaseRow).where(ReleaseRow.idempotency_key == key)).first()

    def numbers_of(self, day: date) -> list[int]:
        return list(self.session.exec(select(ReleaseRow.number).where(ReleaseRow.day == day)))

    def building(self) -> list[ReleaseRow]:
        """Drafts whose results are not there yet, oldest first."""
        waiting = select(ReleaseRow).where(ReleaseRow.build == BuildState.RUNNING.value)
        return list(self.session.exec(waiting.order_by(col(ReleaseRow.created))))

    def replay(self, release: str, run: int) -> ReplayRow:
        """Raises NotFound."""
        row = self.session.get(ReplayRow, (release, run))
        if row is None:
            raise NotFound("There is no such run.")
        return row

    def newest_replay(self, release: str) -> ReplayRow | None:
        runs = select(ReplayRow).where(ReplayRow.release == release).order_by(col(ReplayRow.run).desc())
        return self.session.exec(runs.limit(1)).first()

    def replaying(self) -> list[ReplayRow]:
        """Runs that have not ended, oldest first."""
        waiting = select(ReplayRow).where(ReplayRow.state == ReplayState.RUNNING.value)
        return list(self.session.exec(waiting.order_by(col(ReplayRow.asked))))

    def published(self) -> ReleaseRow | None:
        return self.session.exec(select(ReleaseRow).where(ReleaseRow.status == ReleaseStatus.PUBLISHED.value)).first()

    def pointer(self, release: str) -> PointerRow | None:
        return self.session.get(PointerRow, release)

    def live_views(self) -> LiveViews:
        """The live view of every release, by its manifest."""
        return frozenset(self.session.exec(select(PointerRow.release, PointerRow.manifest_sha256)))

    def readable(self) -> list[tuple[ReleaseRow, PointerRow]]:
        """Releases that the public may read, newest publication first, each with its live view."""
        joined = select(ReleaseRow, PointerRow).join(PointerRow, col(PointerRow.release) == col(ReleaseRow.id))
        shown = joined.where(col(ReleaseRow.status).in_([status.value for status in READABLE]))
        return list(self.session.exec(shown.order_by(col(ReleaseRow.published).desc())).all())

    def add(self, row: ReleaseRow | PointerRow | ReplayRow) -> None:
        self.session.add(row)
        self.session.flush()

    def drop(self, row: PointerRow) -> None:
        self.session.delete(row)
        self.session.flush()

    def record(self, actor: str, action: str, release: str, **detail: Any) -> None:
        self.session.add(AuditRow(at=datetime.now(UTC), actor=actor, action=action, release=release, detail=detail))

    def audited(self, release: str) -> list[AuditRow]:
        """What was done to a release, oldest first."""
        return list(
            self.session.exec(select(AuditRow).where(AuditRow.release == release).order_by(col(AuditRow.number)))
        )

    def partner_order(self) -> bytes:
        return self.session.exec(select(KeyringRow)).one().partner_order


class Store:
    def __init__(self, url: str) -> None:
        self.database = Database(url)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.database.transaction() as session:
            yield Transaction(session)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self.database.reading() as session:
            yield Transaction(session)

    def close(self) -> None:
        self.database.close()
