"""Which tables and readings a row of the database names, itself or by a state made of several tables."""

from dataclasses import dataclass

from sqlmodel import select

from services.ingest.models import FeedRow, SnapshotRow, SubmissionRow
from services.ingest.store.database import Store
from services.ingest.store.states import named_by


@dataclass(frozen=True)
class Named:
    tables: frozenset[str]
    readings: frozenset[str]


def named(store: Store) -> Named:
    """As of one moment; what is being made for a later one is not among them. Raises OSError or PolarsError where
    a state is not there, or cannot be read: nobody knows what it names."""
    with store.database.reading() as session:
        states = session.exec(select(FeedRow.state)).all()
        sent = session.exec(select(SubmissionRow.aside, SubmissionRow.reading)).all()
        files = session.exec(select(SnapshotRow.files)).all()
    held = (table for state in states if state is not None for table in named_by(store.files, state))
    tables = {*held, *(aside for aside, _ in sent), *(str(one["sha256"]) for each in files for one in each)}
    return Named(_only(tables), _only({reading for _, reading in sent}))


def _only(names: set[str | None]) -> frozenset[str]:
    return frozenset(name for name in names if name is not None)
