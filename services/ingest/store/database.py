"""Queries about submissions. What changes fates compares the feed's version first: of two writers one starts over."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import BigInteger, literal
from sqlmodel import Session, col, select

from services.ingest.domain import Came, Correction, Kept, Outcome, Pointer, Sending, Traces, Verdict, Waiting
from services.ingest.models import FATES, DecisionRow, FeedRow, SubmissionRow
from services.ingest.store.files import Files
from services.ingest.store.receipts import receipt_for
from services.ingest.store.rows import fates_of, submission_of, waiting_of
from services.ingest.store.snapshots import Snapshots
from shared.contracts.ingest import Fate, Refusal, Submission, SubmissionState
from shared.kit.database import Database
from shared.kit.signing import Signer

RECEIVED, CHECKED, REFUSED = (state.value for state in SubmissionState)
RETRACTED: Final = "retracted"


class Store:
    """The database and the files of one ingest service."""

    def __init__(self, database: Database, files: Files) -> None:
        self.database, self.files = database, files
        self.snapshots = Snapshots(database)

    def open(self, feeds: Sequence[str]) -> None:
        """Raises OperationalError where the migrations have not been run."""
        self.files.open()
        with self.database.transaction() as session:
            known = set(session.exec(select(FeedRow.id)))
            session.add_all(FeedRow(id=feed) for feed in feeds if feed not in known)

    def close(self) -> None:
        self.database.close()

    def receive(self, sending: Sending, came: Came, signer: Signer) -> Kept:
        """Record that the bytes are durable, and sign for them. The same bytes again change nothing, but when they are
        first asked to supersede, or a refused file is said to mend another: then they are decided again, as the last.
        """
        with self.database.transaction() as session:
            feed_row = locked(session, sending.feed)
            row = one(session, sending.feed, sending.sha256)
            fresh = row is None
            if row is None:
                row = SubmissionRow(
                    feed=sending.feed, sha256=sending.sha256, bytes=came.size, received=sending.now,
                    supersedes=sending.supersede, turn=turn_of(feed_row), attempt=1, state=RECEIVED,
                    whole_period=sending.whole_period, name=sending.name, mends=sending.mends,
                )  # fmt: skip
            elif _asks_for_more(row, sending):
                row.whole_period, row.mends = sending.whole_period, sending.mends
                decide_again(row, turn_of(feed_row), supersede=sending.supersede)
            session.add(row)
            receipt = receipt_for(session, row, came, signer)
            session.flush()
            return Kept(submission_of(row), receipt, waiting_of(row), fresh)

    def knows_bytes(self, sha256: str) -> bool:
        """Whether some feed has these bytes, so that they are kept already."""
        with self.database.reading() as session:
            return session.exec(select(SubmissionRow.number).where(SubmissionRow.sha256 == sha256)).first() is not None

    def submissions(
        self, feed: str | None, state: str | None, before: int | None, limit: int
    ) -> tuple[list[Submission], int | None]:
        """Newest first, and the `before` of the next page."""
        asked = select(SubmissionRow).order_by(col(SubmissionRow.number).desc()).limit(limit + 1)
        if feed is not None:
            asked = asked.where(SubmissionRow.feed == feed)
        if state is not None:
            asked = asked.where(SubmissionRow.state == state)
        if before is not None:
            asked = asked.where(col(SubmissionRow.number) < literal(before, BigInteger))  # wider than the numbers
        with self.database.reading() as session:
            rows = session.exec(asked).all()
        following = rows[limit - 1].number if len(rows) > limit else None
        return [submission_of(row) for row in rows[:limit]], following

    def submitted(self, sha256: str, feed: str | None = None) -> list[tuple[Submission, str | None]]:
        """Each feed's submission of these bytes, with the digest of its quarantine table."""
        asked = select(SubmissionRow).where(SubmissionRow.sha256 == sha256).order_by(col(SubmissionRow.number))
        if feed is not None:
            asked = asked.where(SubmissionRow.feed == feed)
        with self.database.reading() as session:
            return [(submission_of(row), row.aside) for row in session.exec(asked)]

    def traces(self, feed: str, sha256: str) -> Traces | None:
        """None where the feed was not sent these bytes."""
        with self.database.reading() as session:
            row = one(session, feed, sha256)
            if row is None:
                return None
            return Traces(row.aside, row.reading, row.name, row.mends)

    def can_be_mended(self, feed: str, sha256: str) -> bool:
        """Whether the feed has a submission of these bytes that has its fates."""
        with self.database.reading() as session:
            row = one(session, feed, sha256)
            return row is not None and row.state == CHECKED

    def next_waiting(self, feed: str) -> Waiting | None:
        """The submission of `feed` whose turn it is."""
        asked = select(SubmissionRow).where(SubmissionRow.feed == feed, SubmissionRow.state == RECEIVED)
        with self.database.reading() as session:
            row = session.exec(asked.order_by(col(SubmissionRow.turn)).limit(1)).first()
            return None if row is None else waiting_of(row)

    def waiting(self) -> list[Waiting]:
        """Everything without fates, in the order of receipt."""
        asked = select(SubmissionRow).where(SubmissionRow.state == RECEIVED).order_by(col(SubmissionRow.number))
        with self.database.reading() as session:
            return [waiting for row in session.exec(asked) if (waiting := waiting_of(row)) is not None]

    def another_attempt(self, waiting: Waiting) -> Waiting | None:
        """The next attempt at what waits; None where another process was faster, or it has its fates by now."""
        with self.database.transaction() as session:
            row = one(session, waiting.feed, waiting.sha256)
            if row is None or waiting_of(row) != waiting:
                return None
            row.attempt += 1
            session.add(row)
            session.flush()
            return waiting_of(row)

    def pointer(self, feed: str) -> Pointer:
        with self.database.reading() as session:
            row = session.exec(select(FeedRow).where(FeedRow.id == feed)).one()
            return Pointer(row.version, row.state)

    def record(self, waiting: Waiting, pointer: Pointer, verdict: Verdict) -> bool:
        """Store the fates and swap the feed's pointer, or the refusal. False, and nothing stored, where the feed has
        moved since `pointer`, or the submission is not the one that was decided any more."""
        with self.database.transaction() as session:
            feed_row = locked(session, waiting.feed)
            row = one(session, waiting.feed, waiting.sha256)
            if row is None or feed_row.version != pointer.version:
                return False
            if row.state != RECEIVED or row.turn != waiting.turn:
                return False
            session.add(_decision(waiting, pointer, verdict))
            if isinstance(verdict, Refusal):
                row.state, row.refused_code = REFUSED, verdict.code
                row.refusal = verdict.model_dump(mode="json")
                return True
            _store_outcome(row, verdict)
            for correction in verdict.corrections:
                _correct(session, waiting.feed, correction)
            feed_row.state, feed_row.version = verdict.state, pointer.version + 1
            return True


def locked(session: Session, feed: str) -> FeedRow:
    """The feed's row, locked where the database locks rows: SQLite has let in one writer already."""
    return session.exec(select(FeedRow).where(FeedRow.id == feed).with_for_update()).one()


def one(session: Session, feed: str, sha256: str) -> SubmissionRow | None:
    return session.exec(select(SubmissionRow).where(SubmissionRow.feed == feed, SubmissionRow.sha256 == sha256)).first()


def turn_of(feed_row: FeedRow) -> int:
    feed_row.turns += 1
    return feed_row.turns


def _asks_for_more(row: SubmissionRow, sending: Sending) -> bool:
    if row.state == REFUSED:
        return row.refused_code != RETRACTED and sending.mends is not None and sending.mends != row.mends
    return sending.supersede and (not row.supersedes or (sending.whole_period and not row.whole_period))


def decide_again(row: SubmissionRow, turn: int, supersede: bool) -> None:
    row.supersedes, row.turn, row.attempt = supersede, turn, row.attempt + 1
    row.state, row.aside, row.lines, row.refused_code, row.refusal = RECEIVED, None, None, None, None
    _set_fates(row, dict.fromkeys(FATES))


def _store_outcome(row: SubmissionRow, outcome: Outcome) -> None:
    row.state, row.encoding, row.aside = CHECKED, outcome.encoding, outcome.aside
    row.reading, row.profile, row.sheets_left_alone = outcome.reading, outcome.profile, outcome.sheets_left_alone
    row.lines = sum(outcome.fates.values())
    _set_fates(row, {fate.value: outcome.fates.get(fate, 0) for fate in Fate})


def _decision(waiting: Waiting, pointer: Pointer, verdict: Verdict) -> DecisionRow:
    return DecisionRow(
        feed=waiting.feed, sha256=waiting.sha256, turn=waiting.turn, at=datetime.now(UTC),
        state=REFUSED if isinstance(verdict, Refusal) else CHECKED,
        feed_version=pointer.version + (0 if isinstance(verdict, Refusal) else 1),
    )  # fmt: skip


def _correct(session: Session, feed: str, correction: Correction) -> None:
    """Lines of an earlier submission that are in conflict since. One without fates will get them from the new state."""
    row = one(session, feed, correction.sha256)
    if row is None or row.state != CHECKED:
        return
    counts = dict(fates_of(row))
    for fate, lines in correction.left.items():
        counts[fate.value] -= lines
        counts[Fate.CONFLICT.value] += lines
    row.aside = correction.aside
    _set_fates(row, counts)


def _set_fates(row: SubmissionRow, counts: Mapping[str, int | None]) -> None:
    for fate in FATES:
        setattr(row, fate, counts[fate])
