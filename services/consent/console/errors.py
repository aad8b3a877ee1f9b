"""Errors as pages, for those who asked for one. Elsewhere they stay what they are."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response

from services.consent.console.doors import refused
from services.consent.console.gate import Visitor, frame_of, is_page, visitor_of
from services.consent.console.problems import SignInAgain
from services.consent.console.rendering import Page, answer
from shared.kit.problems import NotSignedIn

Handler = Callable[[Request, Any], Response | Awaitable[Response]]
HEADINGS: Final = {404: "Page not found", 405: "This page is opened otherwise", 422: "This could not be taken as it is"}
NOWHERE: Final = "There is no such page, or it is not yours."
KEPT: Final = ("allow", "retry-after")


def pages_for_readers(app: FastAPI) -> FastAPI:
    """Make every error under /console and /me a page, and return `app`."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _as_page(handler))
    return app


def _as_page(handler: Handler) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        if is_page(request.url.path) and isinstance(error, NotSignedIn | SignInAgain):
            return refused(request, error)
        found = handler(request, error)
        response = found if isinstance(found, Response) else await found
        return await _page(request, response) if is_page(request.url.path) else response

    return handle


async def _page(request: Request, response: Response) -> Response:
    """The same problem in the same words; its code stands in the page, to be quoted."""
    body = orjson.loads(bytes(response.body))
    status = response.status_code
    context = {
        "detail": NOWHERE if status == 404 else body["detail"], "code": body["code"], "hints": body.get("errors", []),
        "request_id": body.get("request_id", ""),
    }  # fmt: skip
    page = Page("problem.jinja", HEADINGS.get(status, body["title"]), context, status=status)
    kept = {name: value for name, value in response.headers.items() if name in KEPT}
    return answer(page, frame_of(request, await _visitor(request)), kept)


async def _visitor(request: Request) -> Visitor | None:
    """Whose header the page has. Nobody's where even that cannot be told now: an error has a page all the same."""
    try:
        return await visitor_of(request)
    except Exception:
        return None
