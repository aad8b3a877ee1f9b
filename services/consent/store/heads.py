"""Where the ledger ends, asked before every answer of a gateway: in a transaction that begins after the call, on
connections of its own, so that a full house of other requests never keeps it waiting.

On SQLite the row is read where the question arrives: well under a millisecond. On PostgreSQL the same statement makes a
round under the quorum, which may hang for as long as a standby is away; so a few threads ask, callers wait a moment,
and while all of them hang everybody else is refused at once.
"""

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any, Final, Protocol

from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import DBAPIError

from services.consent.models import GATEWAY, HEAD
from services.consent.store.reading import LedgerEnd
from services.consent.store.rounds import ROUND
from shared.kit.database import Database, NotConfirmed
from shared.kit.postgresql import CONNECT
from shared.kit.problems import DatabaseUnreachable

THREADS: Final = 6
WAITING: Final = 60
ANSWER_SECONDS: Final = 2.0
HANGS_SECONDS: Final = 0.5
KEEPALIVE: Final = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}  # a hung wait sends nothing

END_AND_CALLER: Final = select(HEAD.c.store_id, HEAD.c.revision, HEAD.c.ledger_head, GATEWAY.c.incarnation).select_from(
    HEAD.outerjoin(GATEWAY, GATEWAY.c.name == bindparam("gateway"))
)
WITH_ROUND: Final = END_AND_CALLER.add_columns(func.pg_is_in_recovery(), ROUND)


@dataclass(frozen=True)
class Told:
    """`incarnation` is the newest of the gateway that was asked about, None where there is none."""

    end: LedgerEnd
    incarnation: str | None


class Heads(Protocol):
    async def ask(self, gateway: str = "") -> Told:
        """Raises DatabaseUnreachable, NotConfirmed, and what the database raises."""

    def ask_now(self, gateway: str = "") -> Told:
        """The same, off the event loop."""

    def close(self) -> None: ...


def open_heads(url: str) -> Heads:
    return QueuedHeads(url) if url.startswith("postgres") else DirectHeads(url)


class DirectHeads:
    def __init__(self, url: str) -> None:
        self.database = Database(url)

    async def ask(self, gateway: str = "") -> Told:
        return self.ask_now(gateway)

    def ask_now(self, gateway: str = "") -> Told:
        with self.database.engine.connect() as connection:
            *end, incarnation = connection.execute(END_AND_CALLER, {"gateway": gateway}).one()
            return Told(LedgerEnd(*end), incarnation)

    def close(self) -> None:
        self.database.close()


Question = tuple["Future[Told]", str]


class QueuedHeads:
    """Threads are daemons: one that hangs never keeps the process from ending."""

    def __init__(self, url: str) -> None:
        self.database = Database(
            url, isolation_level="AUTOCOMMIT", pool_size=THREADS, max_overflow=0, pool_pre_ping=False,
            connect_args=CONNECT | KEEPALIVE,
        )  # fmt: skip
        self.questions: SimpleQueue[Question | None] = SimpleQueue()
        self.since: list[float | None] = [None] * THREADS
        for number in range(THREADS):
            Thread(target=self._work, args=(number,), name=f"head-{number}", daemon=True).start()

    async def ask(self, gateway: str = "") -> Told:
        future = self._put(gateway)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), ANSWER_SECONDS)
        except TimeoutError:
            raise DatabaseUnreachable from None

    def ask_now(self, gateway: str = "") -> Told:
        future = self._put(gateway)
        try:
            return future.result(ANSWER_SECONDS)
        except TimeoutError:
            future.cancel()
            raise DatabaseUnreachable from None

    def close(self) -> None:
        for _ in self.since:
            self.questions.put(None)
        self.database.close()

    def _put(self, gateway: str) -> "Future[Told]":
        now = monotonic()
        hang = all(since is not None and now - since > HANGS_SECONDS for since in self.since)
        if hang or self.questions.qsize() >= WAITING:
            raise DatabaseUnreachable
        future: Future[Told] = Future()
        self.questions.put((future, gateway))
        return future

    def _work(self, number: int) -> None:
        while (question := self.questions.get()) is not None:
            future, gateway = question
            if not future.set_running_or_notify_cancel():  # its caller has given up
                continue
            self.since[number] = monotonic()
            try:
                told = self._read(gateway)
            except Exception as error:  # told to the caller, whatever it is
                self.since[number] = None
                future.set_exception(error)
            else:
                self.since[number] = None
                future.set_result(told)

    def _read(self, gateway: str) -> Told:
        """Once more where the connection was one that a server took with it when it fell."""
        try:
            return self._read_once(gateway)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return self._read_once(gateway)

    def _read_once(self, gateway: str) -> Told:
        with self.database.engine.connect() as connection:
            self.database.dialect.forget_warnings(connection)
            row: Any = connection.execute(WITH_ROUND, {"gateway": gateway}).one()
            if self.database.dialect.warned(connection):
                raise NotConfirmed
        *end, incarnation, standby, _ = row
        if standby:  # what it has may be old
            raise DatabaseUnreachable
        return Told(LedgerEnd(*end), incarnation)
