"""The page about how many were asked, and the one about who refused, where naming them is in force."""

from typing import Final

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from services.gateway.api.answers import answers_of
from services.gateway.api.http import CACHE_CONTROL, opened
from services.gateway.site.pages import choices
from services.gateway.site.rendering import render
from services.gateway.site.serving import DRAWN_ASIDE, LATEST, edition_of, open_page, sent

NAMING: Final = "revocable"


async def participation_page(request: Request) -> Response:
    body = (await answers_of(request.app).participation(LATEST)).body
    return await open_page(request, lambda _: choices.participation(body))


async def refusals_page(request: Request) -> Response:
    """Drawn away from the event loop, and again where the ledger has gone on meanwhile. Raises NotFound where it is in
    force nowhere in the newest release, ConsentUnreachable."""
    answers = answers_of(request.app)
    for attempt in range(DRAWN_ASIDE + 1):
        told = await answers.all_refusals()
        listed = answers.each_of_refusals(LATEST, told)
        page, edition = choices.refusals([one.body for one in listed]), edition_of(answers)
        if attempt == DRAWN_ASIDE:  # revisions come faster than this page is drawn: draw it without letting go
            html = render(page, edition)
            break
        html = await run_in_threadpool(render, page, edition)
        if told.revision >= answers.live.revision and not answers.find(LATEST).closed:
            break
    opened(request, listed[0].about.depends_on)
    return sent(request, html, CACHE_CONTROL[NAMING])
