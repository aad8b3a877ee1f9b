"""From a draft to an answer: the consent check, drawing away from the event loop, one more look, headers.

A page is gathered after a check that began after its request. While it is drawn, another request's check may hide what
is on it: so before it is written the state it was gathered under is compared, and the page made again if that moved.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from services.gateway.api.answer import NotChecked
from services.gateway.api.answers import Answers, answers_of
from services.gateway.api.http import CACHE_CONTROL, InPieces, etag, opened, unchanged
from services.gateway.api.reader import Reader
from services.gateway.site.gathering import Draft
from services.gateway.site.pages import general
from services.gateway.site.rendering import CSP, Edition, Page, render
from shared.kit.problems import NotFound, Problem

HTML: Final = "text/html; charset=utf-8"
LATEST: Final = "latest"
DRAWN_ASIDE: Final = 2
UNREACHABLE: Final = "consent_unreachable"
PRIVATE: Final = "no-store"
NOT_PAGES: Final = ("/v1", "/health")

Gather = Callable[[Reader], Draft]


def edition_of(answers: Answers) -> Edition | None:
    """The release that the pages show; None where nothing is published. Raises Starting."""
    try:
        body = answers.release(LATEST).body
    except NotFound:
        return None
    manifest = body["manifest"]
    kinds = {entry.synthetic for entry in answers.find(LATEST).definitions.indicators.values()}
    synthetic = bool(manifest["synthetic"]) or True in kinds
    return Edition(
        body["release"], manifest["published"], synthetic, manifest["licence"], mixed=synthetic and False in kinds
    )


async def checked_page(request: Request, gather: Gather) -> Response:
    """A page that could depend on a person's decision: where consent is out of reach, its fixed parts.

    Raises what the readers and `gather` raise; ConsentUnreachable only where the page has no fixed parts.
    """
    answers = answers_of(request.app)
    for attempt in range(DRAWN_ASIDE + 1):
        reader, draft = await _gathered(answers, gather)
        edition, state = edition_of(answers), _state(answers, reader)
        if attempt == DRAWN_ASIDE:  # decisions come faster than this page is drawn: draw it without letting go
            html = _drawn(draft, edition)
            break
        html = await run_in_threadpool(_drawn, draft, edition)
        if _state(answers, reader) == state:
            break
    if not draft.complete:
        return sent(request, html, PRIVATE)
    opened(request, reader.depends_on(draft.revocable))
    return sent(request, html, CACHE_CONTROL["revocable" if draft.revocable else "moving"])


def _drawn(draft: Draft, edition: Edition | None) -> str:
    return render(draft.draw(), edition)


async def _gathered(answers: Answers, gather: Gather) -> tuple[Reader, Draft]:
    try:
        reader = await answers.reader(LATEST)
    except Problem as problem:
        if problem.code != UNREACHABLE:
            raise
        reader = answers.fixed_reader(LATEST)
        try:
            return reader, gather(reader)
        except NotChecked:
            raise problem from None
    return reader, gather(reader)


def _state(answers: Answers, reader: Reader) -> tuple[int, bool, str]:
    """What a withdrawal, a new view or a take-down would change."""
    return answers.live.revision, reader.view.closed, answers.find(LATEST).manifest_sha256


async def open_page(request: Request, page: Callable[[Answers], Page]) -> Response:
    """A page that depends on nobody's decision."""
    answers = answers_of(request.app)
    drawn, edition = page(answers), edition_of(answers)
    return sent(request, await run_in_threadpool(render, drawn, edition), CACHE_CONTROL["moving"])


async def fixed_page(request: Request, gather: Gather) -> Response:
    """A page of what depends on nobody's decision, drawn away from the event loop. Raises what `gather` raises."""
    answers = answers_of(request.app)
    draft, edition = gather(answers.fixed_reader(LATEST)), edition_of(answers)
    return sent(request, await run_in_threadpool(_drawn, draft, edition), CACHE_CONTROL["moving"])


def sent(request: Request, html: str, cache: str) -> Response:
    """The page, or 304, in this cache class."""
    content = html.encode()
    headers = {"Cache-Control": cache, "Content-Security-Policy": CSP}
    if cache != PRIVATE:
        headers["ETag"] = etag(HTML, content)
        if unchanged(request, headers["ETag"], None):
            return Response(status_code=304, headers=headers)
    return InPieces(content, media_type=HTML, headers=headers)


HEADINGS: Final = {404: "Page not found", 422: "This address cannot be understood", 503: "Not to be shown just now"}


class HtmlRoute(APIRoute):
    """Errors of these routes are pages too. One page per error: nothing in it depends on what was asked for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def with_pages(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                return await _problem_page(request, problem)
            except RequestValidationError:
                from_form = "Part of the address is not of the expected form. Start again from the search."
                return await _problem_page(request, _Malformed(from_form))

        return with_pages


class _Malformed(Problem):
    status, code, title = 422, "value_not_allowed", "Value not allowed"


def for_readers(request: Request) -> bool:
    """Whether an address that does not exist is a page's: not the API's, and not asked for as JSON only."""
    data = any(request.url.path == one or request.url.path.startswith(f"{one}/") for one in NOT_PAGES)
    if data or request.method != "GET":
        return False
    accept = request.headers.get("accept", "")
    return "json" not in accept or "text/html" in accept or "*/*" in accept


async def unknown_address(request: Request) -> Response:
    """The one page for every address that is not there."""
    return await _problem_page(request, NotFound())


async def _problem_page(request: Request, problem: Problem) -> Response:
    try:
        edition = edition_of(answers_of(request.app))
    except Problem:
        edition = None  # nothing is loaded yet
    page = general.problem(HEADINGS.get(problem.status, problem.title), problem.detail)
    html = await run_in_threadpool(render, page, edition)
    headers = {**problem.headers, "Cache-Control": PRIVATE, "Content-Security-Policy": CSP}
    return HTMLResponse(html, problem.status, headers)
