"""Deciding again: one submission, or all of a feed in their order. Each gets a new turn, so what was under way for the
old one is dropped."""

from datetime import UTC, datetime

from sqlmodel import Session, col, select

from services.ingest.domain import Waiting
from services.ingest.models import DecisionRow, FeedRow, SubmissionRow
from services.ingest.store.database import (
    CHECKED,
    RECEIVED,
    REFUSED,
    RETRACTED,
    Store,
    decide_again,
    locked,
    one,
    turn_of,
)
from services.ingest.store.rows import submission_of, waiting_of
from shared.contracts.ingest import Refusal, Submission

RETRACTION = Refusal(
    code=RETRACTED, detail="A steward retracted this submission: it is in no later snapshot. Its bytes are kept.",
    found="a retraction", expected="a rerun, where it is to count again",
)  # fmt: skip


def rerun(store: Store, feed: str, sha256: str, supersede: bool | None) -> Waiting | None:
    """The submission as the feed's newest word, waiting for its fates; it supersedes as before unless that is said. One
    that stands and does not supersede gives way to all others first: the whole feed is decided again. None where there
    is no such submission."""
    with store.database.transaction() as session:
        feed_row, row = locked(session, feed), one(session, feed, sha256)
        if row is None:
            return None
        wanted = row.supersedes if supersede is None else supersede
        if row.state == CHECKED and not wanted:
            _all_again(session, feed_row, but=row)
        if row.state != RECEIVED or row.supersedes != wanted:
            decide_again(row, turn_of(feed_row), wanted)
        session.add_all([feed_row, row])
        session.flush()
        return waiting_of(row)


def retract(store: Store, feed: str, sha256: str) -> Submission | None:
    """The submission, retracted, with all others of its feed waiting to be decided without it; once is enough. None,
    and nothing changed, where it had been refused, or there is none."""
    with store.database.transaction() as session:
        feed_row, row = locked(session, feed), one(session, feed, sha256)
        if row is None or (row.state == REFUSED and row.refused_code != RETRACTED):
            return None
        if row.state != REFUSED:
            stood = row.state == CHECKED
            decide_again(row, turn_of(feed_row), row.supersedes)
            row.state, row.refused_code, row.refusal = REFUSED, RETRACTED, RETRACTION.model_dump(mode="json")
            row.reading, row.profile = None, None
            if stood:
                _all_again(session, feed_row, but=row)
            session.add_all([feed_row, row, _decision(row, feed_row)])
            session.flush()
        return submission_of(row)


def _all_again(session: Session, feed_row: FeedRow, but: SubmissionRow) -> None:
    """Every other submission that was not refused, in the order of their turns, from nothing."""
    kept = select(SubmissionRow).where(SubmissionRow.feed == feed_row.id, SubmissionRow.state != REFUSED)
    for row in session.exec(kept.order_by(col(SubmissionRow.turn))).all():
        if row.number != but.number:
            decide_again(row, turn_of(feed_row), row.supersedes)
            session.add(row)
    feed_row.state, feed_row.version = None, feed_row.version + 1


def _decision(row: SubmissionRow, feed_row: FeedRow) -> DecisionRow:
    return DecisionRow(
        feed=row.feed, sha256=row.sha256, turn=row.turn, at=datetime.now(UTC), state=REFUSED,
        feed_version=feed_row.version,
    )  # fmt: skip
