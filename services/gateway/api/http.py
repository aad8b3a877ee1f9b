"""How an answer becomes bytes and headers: cache classes, strong validators, conditional requests."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

import orjson
from fastapi import Request
from fastapi.responses import Response, StreamingResponse

from services.gateway.api.answer import About, Answer, Freshness
from services.gateway.api.forms import JSON

CACHE_CONTROL: Final[Mapping[Freshness, str]] = {
    "fixed": "public, max-age=31536000, immutable",
    "moving": "public, max-age=300",
    "revocable": "public, no-cache",
    "changes": "no-cache",
}
DATA_HEADERS: Final = {
    "Vary": "Accept, Accept-Encoding",
    "Content-Security-Policy": "default-src 'none'",
}


def respond(request: Request, answer: Answer) -> Response:
    """JSON. The body comes after the consent check, and the validator from the body: so 304 does, too."""
    return send(request, orjson.dumps(answer.body), JSON, answer.about)


def send(request: Request, content: bytes, form: str, about: About, links: str = "") -> Response:
    tag = etag(form, content)
    headers = headers_of(tag, about, links)
    if unchanged(request, tag, dated(about)):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=form, headers=headers)


def stream(request: Request, pieces: AsyncIterator[bytes], tag: str, form: str, about: About) -> Response:
    headers = headers_of(tag, about)
    if unchanged(request, tag, dated(about)):
        return Response(status_code=304, headers=headers)
    return StreamingResponse(pieces, media_type=form, headers=headers)


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
