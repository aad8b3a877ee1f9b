"""Receipts as they were signed, and the public keys that have signed them."""

from datetime import UTC, datetime

from sqlmodel import Session, col, select

from services.ingest.domain import Came
from services.ingest.models import ReceiptKeyRow, SubmissionRow
from services.ingest.receipts import signed
from shared.contracts.ingest import Received
from shared.kit.database import Database
from shared.kit.signing import Signer


def receipt_for(session: Session, row: SubmissionRow, came: Came, signer: Signer) -> str:
    """The one that is kept; where there is none yet it is signed now, once, for what is recorded."""
    if row.receipt is None:
        said = Received(
            feed=row.feed, sha256=row.sha256, bytes=row.bytes, lines=came.lines, no_lines=came.no_lines,
            received=row.received,
        )  # fmt: skip
        row.receipt = signed(said, signer)
        if session.get(ReceiptKeyRow, signer.public) is None:  # nobody else adds it: writers take turns
            session.add(ReceiptKeyRow(public=signer.public, since=datetime.now(UTC)))
    return row.receipt


def receipt_kept(database: Database, feed: str, sha256: str) -> str | None:
    """None where none was signed yet, or the feed was not sent these bytes."""
    with database.reading() as session:
        asked = select(SubmissionRow.receipt).where(SubmissionRow.feed == feed, SubmissionRow.sha256 == sha256)
        return session.exec(asked).first()


def sign_later(database: Database, feed: str, sha256: str, came: Came, signer: Signer) -> str:
    """For a submission of the days before receipts were signed."""
    with database.transaction() as session:
        asked = select(SubmissionRow).where(SubmissionRow.feed == feed, SubmissionRow.sha256 == sha256)
        row = session.exec(asked).one()
        session.add(row)
        return receipt_for(session, row, came, signer)


def public_keys(database: Database) -> list[str]:
    """Those that have signed, in the order in which they first did."""
    with database.reading() as session:
        return list(session.exec(select(ReceiptKeyRow.public).order_by(col(ReceiptKeyRow.since))))
