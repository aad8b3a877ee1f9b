"""Transactions on the consent store."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.consent.store.heads import open_heads
from services.consent.store.reading import Reading
from services.consent.store.turn import Turn
from services.consent.store.writing import Writing
from shared.kit.database import Database


class Store:
    """One writer at a time: writers of this process wait for each other in a queue, not in the database's retries."""

    def __init__(self, url: str) -> None:
        self.database, self.heads = Database(url), open_heads(url)
        self.turn = Turn()

    @classmethod
    @contextmanager
    def open(cls, url: str) -> Iterator["Store"]:
        store = cls(url)
        try:
            yield store
        finally:
            store.database.close()
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
