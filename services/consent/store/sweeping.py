"""What was deleted, out of the files too. A database keeps what it deletes in free pages and in its log until it needs
the room: after an erasure it is told to let go at once."""

import sqlite3
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from services.consent.store.erasing import SWEPT
from shared.kit.database import Database
from shared.kit.logs import log

LOG_STAYS: Final = "the database's log could not be emptied because somebody has it in use: send the erasure again"
SERVER_LOG: Final = (
    "the PostgreSQL server's own log (pg_wal) and its archive have old pages until they are recycled: their keeper "
    "must see to that"
)
STILL_READ: Final = (
    "the database's free pages were not rewritten whole, because a reader from before did not end: send the erasure "
    "again"
)
SAMPLES: Final = (
    "the database's statistics (pg_statistic) may have samples of old values until they are rewritten, which only the "
    "owner of the database may do"
)
OWNS: Final = text("SELECT pg_has_role(datdba, 'USAGE') FROM pg_database WHERE datname = current_database()")
READERS_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 0.02
HORIZON: Final = text("SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)")
OLDER: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
    "AND greatest(age(backend_xmin), age(backend_xid)) > age(CAST(CAST(:horizon AS xid8) AS xid))"
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
    `secure_delete` never sees. On a connection of its own, which is closed afterwards."""
    borrowed = database.engine.raw_connection()
    driver = borrowed.driver_connection
    borrowed.detach()
    try:
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("VACUUM")
        driver.execute("PRAGMA busy_timeout=0")  # who waits to empty the log keeps every writer out; so we ask again
        emptied = _in_time(lambda: _emptied(driver))
    finally:
        borrowed.close()
    return [] if emptied else [LOG_STAYS]


def _emptied(driver: sqlite3.Connection) -> bool:
    """Whether nobody read from the log, wrote to it or was copying it: SQLite waits for none of the last."""
    try:
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return False
    return not busy


def _postgresql(database: Database) -> list[str]:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET synchronous_commit TO local"))  # nothing is promised by it
        try:
            alone = _await_older(connection)
            for table in SWEPT:  # the planner keeps samples of values: they are taken again
                connection.execute(text(f"VACUUM (FULL, ANALYZE) {table.name}"))
            owns = connection.execute(OWNS).scalar_one()
            if owns:  # of anybody else the server would decline it with no more than a warning
                connection.execute(text("VACUUM (FULL) pg_catalog.pg_statistic"))
        finally:
            connection.execute(text("RESET synchronous_commit"))
    return [sentence for sentence, holds in ((STILL_READ, not alone), (SAMPLES, not owns), (SERVER_LOG, True)) if holds]


def _await_older(connection: Connection) -> bool:
    """Whether everybody has ended who began before now. What such a reader could still look at is copied into the new
    file, though it was deleted."""
    horizon = connection.execute(HORIZON).scalar_one()
    return _in_time(lambda: not connection.execute(OLDER, {"horizon": horizon}).scalar_one())


def _in_time(done: Callable[[], bool]) -> bool:
    """Whether it was done before READERS_SECONDS were over."""
    until = monotonic() + READERS_SECONDS
    while not done():
        if monotonic() > until:
            return False
        sleep(LOOK_SECONDS)
    return True
