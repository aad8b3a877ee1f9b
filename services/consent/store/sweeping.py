"""What was deleted, out of the files too. A database keeps what it deletes in free pages and in its log until it needs
the room: after an erasure it is told to let go at once."""

import sqlite3
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.consent.store.erasing import SWEPT
from shared.kit.database import Database
from shared.kit.logs import log

LOG_STAYS: Final = "the database's log could not be emptied because somebody reads from it: send the erasure again"
SERVER_LOG: Final = (
    "the PostgreSQL server's own log (pg_wal) and its archive have old pages until they are recycled: their keeper "
    "must see to that"
)
NOT_SWEPT: Final = "the database's free pages were not rewritten ({kind}): send the erasure again when there is room"


def sweep(database: Database) -> list[str]:
    """Rewrite what had something deleted; what is left, as sentences. Never raises: what was erased is erased."""
    try:
        return _postgresql(database) if database.engine.dialect.name == "postgresql" else _sqlite(database)
    except (SQLAlchemyError, sqlite3.Error) as error:
        log.warning("not_swept", kind=type(error).__name__)
        return [NOT_SWEPT.format(kind=type(error).__name__)]


def _sqlite(database: Database) -> list[str]:
    """A new file of what is there, in place of the old one, and an empty log: splits of pages leave copies behind that
    `secure_delete` never sees."""
    borrowed = database.engine.raw_connection()
    try:
        driver = borrowed.driver_connection
        assert driver is not None
        driver.execute("VACUUM")
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        borrowed.close()
    return [LOG_STAYS] if busy else []


def _postgresql(database: Database) -> list[str]:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET synchronous_commit TO local"))  # nothing is promised by it
        try:
            for table in SWEPT:
                connection.execute(text(f"VACUUM (FULL) {table.name}"))
        finally:
            connection.execute(text("RESET synchronous_commit"))
    return [SERVER_LOG]
