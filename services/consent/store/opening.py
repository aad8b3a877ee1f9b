"""Transactions on the consent store."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.consent.store.heads import open_heads
from services.consent.store.reading import Reading
from services.consent.store.turn import Turn
from services.consent.store.writing import Writing
from shared.kit.database import Database


class Store:
    """One writer at a time: writers of this process wait for each other in a queue, not in the database's retries.

    What goes into the journal is read on connections of its own: whoever waits for the journal may hold all others.
    """

    def __init__(self, url: str) -> None:
        self.database, self.heads = Database(url), open_heads(url)
        self.for_journal = Database(url, pool_size=2, max_overflow=0)
        self.turn = Turn()

    @classmethod
    @contextmanager
    def open(cls, url: str) -> Iterator["Store"]:
        store = cls(url)
        try:
            yield store
        finally:
            store.database.close()
            store.for_journal.close()
            store.heads.close()

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Committed and durable when the block has ended; rolled back where it raises. Raises DatabaseUnreachable where
        the writer before hangs, NotConfirmed where the quorum did not confirm."""
        with self.turn.taken(), self.database.transaction() as session:
            yield Writing(session)
            self.turn.committing()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """One transaction, begun now."""
        with self.database.reading() as session:
            yield Reading(session)

    @contextmanager
    def reading_for_journal(self) -> Iterator[Reading]:
        """As `reading`, also while every other connection is taken."""
        with self.for_journal.reading() as session:
            yield Reading(session)
