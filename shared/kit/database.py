"""One database per service: SQLite embedded (WAL, synchronous=FULL), or PostgreSQL, by URL.

A 2xx must mean durable, so the function that writes opens and closes the transaction itself; nothing commits after the
answer has gone. The two engines behave alike: writers take turns from their first statement, readers see one snapshot.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, create_engine, text
from sqlmodel import Session

from shared.kit.postgresql import CONNECT, LOCK_SECONDS, Postgresql, psycopg_url
from shared.kit.problems import Problem
from shared.kit.sqlite import Sqlite


class NotConfirmed(Problem):
    """The database has committed and could not say that the commit will survive: it is not acknowledged."""

    status, code, title = 503, "not_confirmed", "It is not certain that this was kept"

    def __init__(self) -> None:
        super().__init__(
            "The database could not confirm that the change will survive a failure. Send the same request again.",
            headers={"Retry-After": "2"},
        )


class Dialect(Protocol):
    """What the engines do each in their own way."""

    @property
    def reads(self) -> dict[str, Any]: ...
    def prepare(self, engine: Engine) -> None: ...
    def take_turn(self, connection: Connection) -> None: ...
    def before_moving(self, connection: Connection) -> None: ...
    def after_moving(self, connection: Connection) -> None: ...
    def forget_warnings(self, connection: Connection) -> None: ...
    def warned(self, connection: Connection) -> list[str]: ...
    def exclusive(self, engine: Engine, name: str) -> AbstractContextManager[None]: ...


# A connection is asked before it is used, so that those which a server took with it when it fell are replaced and the
# first request afterwards works. Requests beyond the pool wait as long as for a lock, and are then told to come again.
SERVED: Final[dict[str, Any]] = {
    "pool_pre_ping": True, "pool_size": 5, "max_overflow": 10, "pool_timeout": LOCK_SECONDS, "connect_args": CONNECT,
}  # fmt: skip
DIALECTS: Final[dict[str, type[Dialect]]] = {"sqlite": Sqlite, "postgresql": Postgresql}


class Database:
    """Transactions on one engine. Writers take the write lock at once, so a read-then-write never fails half way.

    Raises ValueError for a URL of an engine that has not been taught these promises.
    """

    def __init__(self, url: str, **pool: Any) -> None:
        url = psycopg_url(url)
        served = url.startswith("postgresql")
        self.engine = create_engine(url, hide_parameters=True, **(SERVED if served else {}) | pool)
        if self.engine.dialect.name not in DIALECTS:
            raise ValueError(f"found a database of {self.engine.dialect.name}; expected one of {sorted(DIALECTS)}")
        self.dialect: Dialect = DIALECTS[self.engine.dialect.name]()
        self.dialect.prepare(self.engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Read and write; committed and durable when the block has ended, rolled back where it raises.

        Raises NotConfirmed where the commit returned without being confirmed by everybody who must.
        """
        with self.engine.connect().execution_options(writes=True) as connection:
            with connection.begin():
                self.dialect.take_turn(connection)
                with Session(connection, expire_on_commit=False) as session:
                    yield session
                    session.flush()
                self.dialect.forget_warnings(connection)
            if self.dialect.warned(connection):
                raise NotConfirmed

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent snapshot, begun now, in which nothing can be written."""
        options = self.dialect.reads
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            with Session(connection) as session:
                yield session

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Alone among all processes that use this database; waits for its turn. Not for one writer's transaction, which
        needs no such lock, but for work around it."""
        with self.dialect.exclusive(self.engine, name):
            yield

    def alive(self) -> bool:
        with self.reading() as session:
            return bool(session.connection().execute(text("select 1")).scalar())

    def close(self) -> None:
        self.engine.dispose()
