"""One database per service: SQLite embedded (WAL, synchronous=FULL), or whatever the URL names.

A 2xx must mean durable, so the function that writes opens and closes the transaction itself; nothing commits after the
answer has gone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlmodel import Session

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000", "trusted_schema=OFF",
           "secure_delete=ON")  # fmt: skip


class Database:
    """Transactions on one engine. Writers take the write lock at once, so a read-then-write never fails half way."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Read and write; committed and durable when the block has ended, rolled back where it raises."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            with Session(connection, expire_on_commit=False) as session:
                yield session
                session.flush()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent snapshot, begun now."""
        with self.engine.connect() as connection, connection.begin(), Session(connection) as session:
            yield session

    def alive(self) -> bool:
        with self.reading() as session:
            return bool(session.connection().execute(text("select 1")).scalar())

    def close(self) -> None:
        self.engine.dispose()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions of its own
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def migrate(url: str, scripts: Path, revision: str = "head") -> int:
    """Bring the database at `url` to `revision` with the Alembic scripts in `scripts`; 0, as an exit code."""
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.attributes["url"] = url
    command.upgrade(config, revision)
    return 0
