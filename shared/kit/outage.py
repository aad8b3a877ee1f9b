"""Which errors say that the database is away or busy, and not that something was asked of it that cannot be done.

Told apart by the engines' own codes, never by their sentences. A missing table, a broken rule or a full disk is none of
these: the first two are ours, and the last is told by `shared.kit.ballast.is_full`.
"""

import sqlite3
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

# SQLSTATE classes: connection exceptions, transactions rolled back (deadlock, serialisation), resources, operator
AWAY_CLASSES: Final = frozenset({"08", "40", "53", "57"})
AWAY_STATES: Final = frozenset({
    "55P03",  # a lock was not to be had in time
    "25006",  # a standby, or a server that was made one: it takes no writes
    "25P03",  # the session slept in its transaction and was ended
})  # fmt: skip
AWAY_SQLITE: Final = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
})  # fmt: skip


def is_away(error: BaseException) -> bool:
    """Whether `error` says that the database does not answer, has hung up, or is busy: the same may work later."""
    if isinstance(error, NoConnectionFree | InvalidatePoolError):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and is_away(error.orig))
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF in AWAY_SQLITE
    if isinstance(error, psycopg.Error):
        state = error.sqlstate
        if state is None:  # said by the driver and not by the server: there was no server to say anything
            return isinstance(error, psycopg.OperationalError)
        return state in AWAY_STATES or state[:2] in AWAY_CLASSES
    return False
