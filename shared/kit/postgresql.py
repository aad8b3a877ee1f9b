"""What PostgreSQL needs to keep the same promises as SQLite: writers take turns, readers see one snapshot, and a commit
that was not confirmed is not believed.

Cancelling the wait for a synchronous standby makes a commit return normally, with a mere warning (SQLSTATE 01000): the
rows are visible and may vanish at a failover. So any warning during a commit counts, by its severity and not its text.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, event, text

WRITERS: Final = 0x43414E44  # the advisory lock of writers; each service has a database of its own
PRESENT: Final = 0x43414E50  # the one that every connection of a service shares, and a restore must have alone
LOCK_SECONDS: Final = 10
CONNECT: Final = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "options": f"-c lock_timeout={LOCK_SECONDS}s -c idle_in_transaction_session_timeout=120s",
}
BYTEWISE: Final = "SELECT 'B'::text < 'a'::text AND 'b c'::text < 'b-a'::text AND 'z'::text < U&'\\00E9'::text"
HARMLESS: Final = frozenset({"NOTICE", "INFO", "LOG", "DEBUG"})


class Postgresql:
    """One database and one role per service."""

    reads: Final[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    def prepare(self, engine: Engine) -> None:
        @event.listens_for(engine, "connect")
        def _connected(connection: "psycopg.Connection[Any]", record: Any) -> None:
            found: list[str] = []
            record.info["warnings"] = found

            def hear(told: psycopg.errors.Diagnostic) -> None:
                severity = told.severity_nonlocalized or told.severity or "WARNING"
                if severity not in HARMLESS:
                    found.append(f"{severity} {told.sqlstate}")

            connection.add_notice_handler(hear)
            connection.execute("SELECT pg_advisory_lock_shared(%s)", (PRESENT,))
            connection.commit()

    def take_turn(self, connection: Connection) -> None:
        """Wait for the writers before this one; the lock goes with the transaction. Raises OperationalError after
        LOCK_SECONDS."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITERS})

    def before_moving(self, connection: Connection) -> None:
        """Raises ValueError for a database that orders text otherwise than by its bytes, as SQLite does, or that cannot
        keep all of Unicode: pages and cursors would depend on the engine."""
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        found = "" if encoding == "UTF8" else f"in the encoding {encoding}"
        if not found and not connection.execute(text(BYTEWISE)).scalar_one():
            found = "that orders text by the rules of a language"
        connection.rollback()
        if found:
            raise ValueError(
                f"found a database {found}; expected UTF8 and the order of bytes. Make it anew: "
                "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
            )

    def after_moving(self, connection: Connection) -> None:
        """Nothing: its rules were kept at every step."""

    def forget_warnings(self, connection: Connection) -> None:
        connection.info["warnings"].clear()

    def warned(self, connection: Connection) -> list[str]:
        return list(connection.info["warnings"])

    @contextmanager
    def exclusive(self, engine: Engine, name: str) -> Iterator[None]:
        """A lock of the session, on a connection of its own; the server opens it when its holder is gone."""
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET lock_timeout = 0"))
            try:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
                yield
            finally:
                connection.invalidate()  # closes the session, and its lock with it, whatever state it is in


def psycopg_url(url: str) -> str:
    """The URL with the one driver we use."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in {"postgresql", "postgres"} else url


def plain_url(url: str) -> str:
    """The URL as PostgreSQL's own programs know it."""
    return "postgresql://" + url.partition("://")[2]
