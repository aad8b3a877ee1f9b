"""Results as CSV and NDJSON: everything that matches, in pieces of at most 1,000 rows, each looked at again.

With `limit` a page like the JSON one, and the next page in a `Link` header.
"""

from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.responses import Response

from services.gateway.api.answers import Answers
from services.gateway.api.asking import ResultsQuery, pairs
from services.gateway.api.csvrows import HEADER, csv_lines
from services.gateway.api.forms import CSV
from services.gateway.api.http import etag, send, stream
from services.gateway.api.listing import Listing
from services.gateway.api.plan import Plan, Scope, refused
from services.gateway.api.reader import Reader, key_of
from services.gateway.api.wholeforms import csv_piece, ndjson_end, ndjson_piece
from services.gateway.view.queries import Row
from services.gateway.view.selection import Key

PIECE_ROWS: Final = 1000


class ViewGone(RuntimeError):
    """The view was replaced while it was being sent: the connection is closed without a last piece."""


class Writer:
    """Rows as lines of one form."""

    def __init__(self, reader: Reader, asked: Plan, form: str) -> None:
        self.reader, self.asked, self.form = reader, asked, form
        self.rows = 0

    def whole(self, rows: list[Row]) -> bytes:
        return self.start() + self.lines(rows) + self.end()

    def start(self) -> bytes:
        mark = BOM_UTF8 if self.asked.query.bom else b""
        return mark + csv_lines([HEADER]) if self.form == CSV else b""

    def lines(self, rows: list[Row]) -> bytes:
        self.rows += len(rows)
        release, known = self.reader.release, self.reader.known
        if self.form == CSV:
            return csv_piece(release, rows, known, ranked=self.asked.ranked)
        return ndjson_piece(release, rows, known, self.asked.fields, ranked=self.asked.ranked)

    def end(self) -> bytes:
        return b"" if self.form == CSV else ndjson_end(self.rows)


@dataclass(frozen=True)
class Wanted:
    """Which results, in which form."""

    release: str
    query: ResultsQuery
    scope: Scope
    form: str
    suffix: str = ""


async def bulk(request: Request, answers: Answers, wanted: Wanted) -> Response:
    query, form = wanted.query, wanted.form
    if form == CSV and query.fields is not None:
        raise refused("fields", "The header of a CSV is fixed.")
    reader = await answers.results_reader(wanted.release, query, wanted.scope)
    asked = reader.planned(query, wanted.scope)  # from here to the first bytes nothing awaits
    listing = Listing(reader.view, answers.cursors, wanted.scope.path, query, wanted.suffix)
    about = reader.about(listing.self_address, reader.depends_on(asked.depends, asked.wanted))
    writer = Writer(reader, asked, form)
    if "limit" in query.model_fields_set or query.cursor is not None:
        shown, last = reader.page(asked, listing)
        links = f'<{listing.next_address(last)}>; rel="next"' if last is not None else ""
        return send(request, writer.whole(shown), form, about, links)
    rows = reader.view.rows.page(asked.wanted, asked.order, None, PIECE_ROWS)
    if len(rows) < PIECE_ROWS:
        return send(request, writer.whole(rows), form, about)
    tag = etag(form, orjson.dumps(_version(reader, asked)))
    check = answers.barrier if asked.depends else None
    return stream(request, pieces(reader, asked, writer, check), tag, form, about)


async def pieces(
    reader: Reader, asked: Plan, writer: Writer, check: Callable[[], Awaitable[int]] | None
) -> AsyncIterator[bytes]:
    """Each piece is read after its own look at what is hidden. Raises ViewGone, ConsentUnreachable: a cut answer."""
    after: Key | None = None
    first = writer.start()
    while True:
        if reader.view.closed:
            raise ViewGone
        rows = reader.view.rows.page(asked.wanted, asked.order, after, PIECE_ROWS)
        last = len(rows) < PIECE_ROWS
        yield first + writer.lines(rows) + (writer.end() if last else b"")
        if last:
            return
        first, after = b"", key_of(asked, rows[-1])
        if check is not None:
            await check()


def _version(reader: Reader, asked: Plan) -> list[Any]:
    """What a long answer's bytes are a function of, known before they are written."""
    hidden = reader.view.rows.hidden_ids(asked.wanted) if asked.depends else []
    return [reader.view.manifest_sha256, asked.scope.path, pairs(asked.query), hidden]
