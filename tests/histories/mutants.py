"""Gateways with one mistake each, planted to prove that histories can tell. No setting of the real one can express any.

The numbers are those of the list of mistakes that every release must catch.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.api import bulk
from services.gateway.api.answers import Answers
from services.gateway.api.bulk import Writer
from services.gateway.api.listing import Listing
from services.gateway.api.plan import Plan
from services.gateway.api.reader import Reader
from services.gateway.barrier import Barrier, ConsentUnreachable
from services.gateway.guard import GuardedProtocol
from services.gateway.view.opened import OpenView
from services.gateway.view.queries import ViewRows, _where
from services.gateway.view.selection import Key, Selection
from tests.histories.town import RELEASES

Protocol = type[asyncio.Protocol] | None


@dataclass(frozen=True)
class Gateway:
    """How a gateway is put together; as ours is, where nothing else is said."""

    number: str
    mistake: str
    barrier: type[Barrier] = Barrier
    plant: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext
    wrap: Callable[[Any], Any] = lambda app: app
    protocol: Protocol = GuardedProtocol


class Remembers(Barrier):
    """M1: an answer of consent is good for a second."""

    at = float("-inf")

    async def __call__(self) -> int:
        if time.monotonic() - self.at < 1.0:
            return self.view.revision
        found = await super().__call__()
        self.at = time.monotonic()
        return found


class JoinsInFlight(Barrier):
    """M2: whoever arrives while a check runs takes its answer."""

    running: "asyncio.Future[int] | None" = None

    def join(self) -> "asyncio.Future[int]":
        if self.running is not None and not self.running.done():
            return self.running
        return super().join()

    async def serve(self, batch: "asyncio.Future[int]") -> None:
        self.running = batch
        await super().serve(batch)


class FailsOpen(Barrier):
    """M4: where consent cannot be asked, what was known last will do."""

    async def __call__(self) -> int:
        try:
            return await super().__call__()
        except ConsentUnreachable:
            return self.view.revision


def push_only() -> contextlib.AbstractContextManager[Any]:
    """M3: nobody asks; consent's hints, and the look twice a second, are enough."""

    async def reader(self: Answers, release: str, depends: Callable[[OpenView], bool] = lambda _: True) -> Reader:
        return Reader(self.find(release), self.cursors, release, checked=True)

    return patch.object(Answers, "reader", reader)


@contextlib.contextmanager
def cursor_pins() -> Iterator[None]:
    """M6: who turns pages sees what could be seen when they began."""
    pinned: dict[str, tuple[str, list[tuple[int]]]] = {}
    page, next_address = Reader.page, Listing.next_address

    def pinning(self: Listing, last: Key) -> str:
        found = next_address(self, last)
        cursor = parse_qs(urlsplit(found).query)["cursor"][0]
        pinned[cursor] = pinned.get(self.query.cursor or "") or (self.view.manifest_sha256, _hidden(self.view.rows))
        return found

    def paging(self: Reader, asked: Plan, listing: Listing) -> Any:
        manifest, rows = pinned.get(asked.query.cursor or "", ("", []))
        if manifest != self.view.manifest_sha256:
            return page(self, asked, listing)
        now = _hidden(self.view.rows)
        _hide_only(self.view.rows, rows)
        try:
            return page(self, asked, listing)
        finally:
            _hide_only(self.view.rows, now)

    with patch.object(Listing, "next_address", pinning), patch.object(Reader, "page", paging):
        yield


def _hidden(rows: ViewRows) -> list[tuple[int]]:
    return rows.connection.execute("select row from temp.hidden").fetchall()


def _hide_only(rows: ViewRows, hidden: list[tuple[int]]) -> None:
    rows.connection.execute("delete from temp.hidden")
    rows.connection.executemany("insert into temp.hidden values (?)", hidden)


def one_check_per_download() -> contextlib.AbstractContextManager[Any]:
    """M7: what a long file shows is settled when it begins, and nothing looks at it again."""

    async def pieces(
        reader: Reader, asked: Plan, writer: Writer, _check: Callable[[], Awaitable[int]] | None
    ) -> AsyncIterator[bytes]:
        rows = reader.view.rows.page(asked.wanted, asked.order, None, -1)
        yield writer.start()
        for first in range(0, len(rows), bulk.PIECE_ROWS):
            yield writer.lines(rows[first : first + bulk.PIECE_ROWS])
        yield writer.end()

    return patch.object(bulk, "pieces", pieces)


class UnchangedAtOnce:
    """M8: whoever holds the newest answer is told so before consent is asked."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.tags = app, dict[bytes, bytes]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        address = scope["raw_path"] + b"?" + scope["query_string"]
        held = dict(scope["headers"]).get(b"if-none-match")
        if held is not None and held == self.tags.get(address):
            await send({"type": "http.response.start", "status": 304, "headers": [(b"etag", held)]})
            await send({"type": "http.response.body", "body": b""})
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self.tags[address] = dict(message["headers"]).get(b"etag", b"")
            await send(message)

        await self.app(scope, receive, noting)


@contextlib.contextmanager
def old_releases_stay() -> Iterator[None]:
    """M13: only the newest release is filtered."""
    hide_since = OpenView.hide_since

    def hiding(self: OpenView, *given: Any) -> list[str]:
        return hide_since(self, *given) if self.release == RELEASES[0] else []

    with patch.object(OpenView, "hide_since", hiding):
        yield


def counts_everybody() -> contextlib.AbstractContextManager[Any]:
    """M14: what is not shown is still counted."""

    def total(self: ViewRows, wanted: Selection) -> int:
        conditions, values = _where(wanted)
        sql = f"select count(*) from rows where true{conditions}"
        return int(self.connection.execute(sql, values).fetchone()[0])

    return patch.object(ViewRows, "total", total)


OURS: Final = Gateway("ours", "none")
MUTANTS: Final = (
    Gateway("M1", "remembers an answer of consent for a second", barrier=Remembers),
    Gateway("M2", "joins a check in flight", barrier=JoinsInFlight),
    Gateway("M3", "relies on hints alone", plant=push_only),
    Gateway("M4", "goes on where consent cannot be asked", barrier=FailsOpen),
    Gateway("M6", "a cursor pins what was seen before", plant=cursor_pins),
    Gateway("M7", "one check for a whole download", plant=one_check_per_download, protocol=None),
    Gateway("M8", "304 before the check", wrap=UnchangedAtOnce),
    Gateway("M13", "old releases are not filtered", plant=old_releases_stay),
    Gateway("M14", "totals count who is hidden", plant=counts_everybody),
)
