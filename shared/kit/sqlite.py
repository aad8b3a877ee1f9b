"""What SQLite needs to keep its promises: WAL, every commit flushed, and the write lock taken at the beginning."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext

PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000",
                  "trusted_schema=OFF", "secure_delete=ON")  # fmt: skip

LOST: Final = frozenset({  # nothing that a full disk says: there, what is open still reads, and nothing new may open
    sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB,
})  # fmt: skip

ENGINES: Final["WeakSet[Engine]"] = WeakSet()  # of this process


class Sqlite:
    """One file, one machine. Writers of all its processes take turns at the file's lock."""

    reads: Final[dict[str, Any]] = {}

    def prepare(self, engine: Engine) -> None:
        ENGINES.add(engine)

        @event.listens_for(engine, "connect")
        def _connected(connection: DBAPIConnection, _record: Any) -> None:
            connection.isolation_level = None  # the driver must not open transactions of its own
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begun(connection: Any) -> None:
            writes = connection.get_execution_options().get("writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        @event.listens_for(engine, "handle_error")
        def _failed(context: ExceptionContext) -> None:
            """A connection to a file that was exchanged under it never works again, and while one is open SQLite gives
            new ones of the same process its memory. So all that are idle are closed; the next request opens the file
            that is there."""
            if getattr(context.original_exception, "sqlite_errorcode", sqlite3.SQLITE_OK) in LOST:
                context.is_disconnect = True
                if context.execution_context is not None:  # a connection stays open while one of its statements is
                    context.execution_context.cursor.close()
                for other in [one for one in ENGINES if one.url.database == engine.url.database]:
                    other.dispose()

    def take_turn(self, connection: Connection) -> None:
        """Nothing: BEGIN IMMEDIATE has taken the write lock."""

    def before_moving(self, connection: Connection) -> None:
        """Rebuilding a table drops it for a moment: with foreign keys on, what refers to it would be lost or refuse.
        They cannot be switched within a transaction; `after_moving` asks instead."""
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")

    def after_moving(self, connection: Connection) -> None:
        """Raises RuntimeError where a row refers to one that is not there."""
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if lost:
            tables = sorted({str(row[0]) for row in lost})
            raise RuntimeError(f"found {len(lost)} rows of {tables} that refer to nothing; nothing was changed")

    def forget_warnings(self, connection: Connection) -> None:
        """Nothing: SQLite commits or raises."""

    def warned(self, connection: Connection) -> list[str]:  # noqa: ARG002  # one form for both engines
        return []

    @contextmanager
    def exclusive(self, engine: Engine, name: str) -> Iterator[None]:
        """A lock file beside the database; the kernel opens it when its holder is gone."""
        assert engine.url.database is not None
        with Path(f"{engine.url.database}.{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
