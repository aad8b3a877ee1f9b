"""Queries about feeds: what is declared of them."""

from collections.abc import Sequence

from sqlmodel import select

from services.ingest.domain import Declaring
from services.ingest.models import FeedRow
from services.ingest.store.database import Store, locked


def declared(store: Store, feeds: Sequence[str]) -> dict[str, FeedRow]:
    """The rows of these feeds."""
    with store.database.reading() as session:
        found = {row.id: row for row in session.exec(select(FeedRow)) if row.id in feeds}
        session.expunge_all()
    return found


def declare(store: Store, feed: str, declaring: Declaring) -> FeedRow | None:
    """The feed with its new ground, durable; None, and nothing changed, where its declaration is not the one seen."""
    with store.database.transaction() as session:
        row = locked(session, feed)
        if row.declaration != declaring.seen:
            return None
        row.ground = declaring.ground.model_dump(mode="json")
        row.declared_by, row.declared, row.declaration = declaring.by, declaring.now, declaring.seen + 1
        session.add(row)
        session.flush()
        session.expunge(row)
        return row
