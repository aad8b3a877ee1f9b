"""Errors as pages, for those who asked for one. Elsewhere they stay what they are."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import Response

from shared.kit.console.doors import refused
from shared.kit.console.gate import Visitor, desk_of, frame_of, visitor_of
from shared.kit.console.problems import SignInAgain
from shared.kit.console.rendering import Page, answer
from shared.kit.problems import NotSignedIn

Handler = Callable[[Request, Any], Response | Awaitable[Response]]
HEADINGS: Final = {404: "Page not found", 405: "This page is opened otherwise", 422: "This could not be taken as it is"}
NOWHERE: Final = "There is no such page, or it is not yours."
KEPT: Final = ("allow", "retry-after")


def pages_for_readers(app: FastAPI) -> FastAPI:
    """Make every error under the addresses of pages a page, and return `app`."""
    for kind, handler in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _as_page(handler))
    return app


def _as_page(handler: Handler) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        is_page = desk_of(request.app).area_of(request.url.path) is not None
        if is_page and isinstance(error, NotSignedIn | SignInAgain):
            return refused(request, error)
        found = handler(request, error)
        response = found if isinstance(found, Response) else await found
        return await _page(request, response) if is_page else response

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
