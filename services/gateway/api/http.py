"""How an answer becomes bytes and headers: cache classes, strong validators, conditional requests."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

import orjson
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from services.gateway.api.answer import About, Answer, Freshness
from services.gateway.api.forms import JSON
from services.gateway.inflight import InFlight, connection_of
from services.gateway.view.depends import DependsOn

CACHE_CONTROL: Final[Mapping[Freshness, str]] = {
    "fixed": "public, max-age=31536000, immutable",
    "moving": "public, max-age=300",
    "revocable": "public, no-cache",
    "changes": "no-cache",
}
PIECE_BYTES: Final = 64 * 1024
DATA_HEADERS: Final = {
    "Vary": "Accept, Accept-Encoding",
    "Content-Security-Policy": "default-src 'none'",
}


def respond(request: Request, answer: Answer) -> Response:
    """JSON. The body comes after the consent check, and the validator from the body: so 304 does, too."""
    return send(request, orjson.dumps(answer.body), JSON, answer.about)


def send(request: Request, content: bytes, form: str, about: About, links: str = "") -> Response:
    opened(request, about.depends_on)
    tag = etag(form, content)
    headers = headers_of(tag, about, links)
    if unchanged(request, tag, dated(about)):
        return Response(status_code=304, headers=headers)
    return InPieces(content, media_type=form, headers=headers)


def stream(request: Request, pieces: AsyncIterator[bytes], tag: str, form: str, about: About) -> Response:
    opened(request, about.depends_on)
    headers = headers_of(tag, about)
    if unchanged(request, tag, dated(about)):
        return Response(status_code=304, headers=headers)
    return StreamingResponse(_small(pieces), media_type=form, headers=headers)


class InPieces(Response):
    """A body that waits for a slow reader in pieces: each is looked at again when it is written."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self.body) <= PIECE_BYTES or scope.get("head"):
            await super().__call__(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in _cut_up(bytes(self.body)):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def opened(request: Request, depends_on: DependsOn | None) -> None:
    """From now on this answer is cut when something is hidden that it depends on, whatever its status and however
    little of it is sent: a 304 says that an older copy is still right. To be called where it is rendered."""
    if depends_on is not None:
        in_flight: InFlight = request.app.state.in_flight
        in_flight.open(connection_of(request.scope), depends_on)


async def _small(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        for one in _cut_up(piece):
            yield one


def _cut_up(content: bytes) -> Iterator[bytes]:
    if len(content) <= PIECE_BYTES:
        yield content
        return
    for first in range(0, len(content), PIECE_BYTES):
        yield content[first : first + PIECE_BYTES]


def etag(form: str, *parts: bytes) -> str:
    """A strong validator: other bytes or another media type, another tag."""
    digest = hashlib.sha256(form.encode())
    for part in parts:
        digest.update(b"\0" + part)
    return f'"{digest.hexdigest()[:32]}"'


def headers_of(tag: str, about: About, links: str = "") -> dict[str, str]:
    link = f'<{about.licence}>; rel="license", </v1/openapi.json>; rel="describedby"'
    headers = {**DATA_HEADERS, "Link": link, "ETag": tag, "Cache-Control": CACHE_CONTROL[about.freshness]}
    if links:
        headers["Link"] += f", {links}"
    published = dated(about)
    if published is not None:
        headers["Last-Modified"] = format_datetime(published.astimezone(UTC), usegmt=True)
    if about.location is not None:
        headers["Content-Location"] = about.location
    return headers


def dated(about: About) -> datetime | None:
    """Only what no decision can change has a date of its own."""
    return about.published if about.freshness in ("fixed", "moving") else None


def unchanged(request: Request, tag: str, published: datetime | None) -> bool:
    """RFC 9110: If-None-Match decides; If-Modified-Since only where there is none and the answer is dated."""
    wanted = request.headers.get("if-none-match")
    if wanted is not None:
        found = [one.strip().removeprefix("W/") for one in wanted.split(",")]
        return tag in found or wanted.strip() == "*"
    since = request.headers.get("if-modified-since")
    if since is None or published is None:
        return False
    try:
        return published.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError, OverflowError):  # not a date, or without a zone: as if it were not there
        return False
