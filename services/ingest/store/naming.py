"""Which tables and readings a row of the database names."""

from dataclasses import dataclass

from sqlmodel import select

from services.ingest.models import FeedRow, SnapshotRow, SubmissionRow
from services.ingest.store.database import Store


@dataclass(frozen=True)
class Named:
    tables: frozenset[str]
    readings: frozenset[str]


def named(store: Store) -> Named:
    """As of one moment; what is being made for a later one is not among them."""
    with store.database.reading() as session:
        states = session.exec(select(FeedRow.state)).all()
        sent = session.exec(select(SubmissionRow.aside, SubmissionRow.reading)).all()
        files = session.exec(select(SnapshotRow.files)).all()
    tables = {*states, *(aside for aside, _ in sent), *(str(one["sha256"]) for each in files for one in each)}
    return Named(_only(tables), _only({reading for _, reading in sent}))


def _only(names: set[str | None]) -> frozenset[str]:
    return frozenset(name for name in names if name is not None)
