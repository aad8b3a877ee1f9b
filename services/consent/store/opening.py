"""Transactions on the consent store."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from services.consent.store.reading import HEAD_QUERY, LedgerEnd, Reading
from services.consent.store.writing import Writing
from shared.kit.database import Database


class Store:
    """One writer at a time: writers of this process wait for each other in a queue, not in the database's retries.

    The head is read over connections of its own, so that a full house of other requests never keeps it waiting.
    """

    def __init__(self, url: str) -> None:
        self.database, self.heads = Database(url), Database(url)
        self.turn = Lock()
        for database in (self.database, self.heads):  # a failed statement is logged without who decided what
            database.engine.hide_parameters = True

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
        """Committed and durable when the block has ended; rolled back where it raises."""
        with self.turn, self.database.transaction() as session:
            yield Writing(session)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """One transaction, begun now."""
        with self.database.reading() as session:
            yield Reading(session)

    def end(self) -> LedgerEnd:
        """Where the ledger ends: one row, in a transaction that began after the call. Raises where it is unreadable."""
        with self.heads.engine.connect() as connection:
            return LedgerEnd(*connection.execute(HEAD_QUERY).one())
