"""The public pages: GET only, no script, no cookie. Each is made of the API's answers for the latest release."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from services.gateway.api.answers import Answers
from services.gateway.api.asking import NoQuery, Strict
from services.gateway.api.asking import Query as Parameters
from services.gateway.site import choices, gathering
from services.gateway.site.assets import assets
from services.gateway.site.pages import general, results
from services.gateway.site.pages import proof as proofs
from services.gateway.site.rendering import Page
from services.gateway.site.serving import HtmlRoute, checked_page, edition_of, fixed_page, open_page
from shared.kit.auth import PUBLIC, allow
from shared.kit.problems import NotFound

router: Final = APIRouter(
    route_class=HtmlRoute, dependencies=[Depends(allow(PUBLIC))], include_in_schema=False, tags=["site"]
)
STATIC_CACHE: Final = "public, max-age=31536000, immutable"


class SearchQuery(Parameters):
    q: str = ""
    cursor: str | None = None


class ProviderQuery(Parameters):
    indicator: str | None = None


class IndicatorQuery(Parameters):
    period: str | None = None


@router.get("/", dependencies=[Depends(Strict(NoQuery))])
async def start(request: Request) -> Response:
    def page(answers: Answers) -> Page:
        edition = edition_of(answers)
        listed = answers.indicators("latest").body["data"] if edition else []
        return general.start(listed, f"/v1/releases/{edition.release}" if edition else "/v1", None)

    return await open_page(request, page)


@router.get("/providers", dependencies=[Depends(Strict(SearchQuery))])
async def search(request: Request, query: Annotated[SearchQuery, Query()]) -> Response:
    words = " ".join(query.q.split())[:200]
    return await checked_page(request, lambda reader: gathering.search(reader, words, query.cursor))


@router.get("/providers/{provider}", dependencies=[Depends(Strict(ProviderQuery))])
async def provider(request: Request, provider: str, query: Annotated[ProviderQuery, Query()]) -> Response:
    return await checked_page(request, lambda reader: gathering.provider(reader, provider, query.indicator))


@router.get("/indicators", dependencies=[Depends(Strict(NoQuery))])
async def indicators(request: Request) -> Response:
    def page(answers: Answers) -> Page:
        edition = edition_of(answers)
        listed = answers.indicators("latest").body["data"] if edition else []
        return results.indicators(listed, f"/v1/releases/{edition.release}" if edition else "/v1")

    return await open_page(request, page)


@router.get("/indicators/{indicator}", dependencies=[Depends(Strict(IndicatorQuery))])
async def indicator(request: Request, indicator: str, query: Annotated[IndicatorQuery, Query()]) -> Response:
    return await checked_page(request, lambda reader: gathering.indicator(reader, indicator, query.period))


@router.get("/indicators/{indicator}/model", dependencies=[Depends(Strict(NoQuery))])
async def model(request: Request, indicator: str) -> Response:
    return await fixed_page(request, lambda reader: gathering.model(reader, indicator))


@router.get("/consultants/{gmc}", dependencies=[Depends(Strict(NoQuery))])
async def consultant(request: Request, gmc: str) -> Response:
    return await checked_page(request, lambda reader: gathering.consultant(reader, gmc))


@router.get("/results/{result}", dependencies=[Depends(Strict(NoQuery))])
async def result(request: Request, result: str) -> Response:
    return await checked_page(request, lambda reader: gathering.result(reader, result))


@router.get("/not-shown/{reason}", dependencies=[Depends(Strict(NoQuery))])
async def not_shown(request: Request, reason: str) -> Response:
    def page(answers: Answers) -> Page:
        entries = {entry["code"]: entry for entry in answers.codelist("absence-reasons").body["codes"]}
        if reason not in entries:
            raise NotFound
        return general.not_shown(reason, entries[reason])

    return await open_page(request, page)


@router.get("/data", dependencies=[Depends(Strict(NoQuery))])
async def data(request: Request) -> Response:
    def page(answers: Answers) -> Page:
        edition = edition_of(answers)
        return general.data(answers.releases().body["data"], edition.licence if edition else "")

    return await open_page(request, page)


@router.get("/releases/{release}", dependencies=[Depends(Strict(NoQuery))])
async def release(request: Request, release: str) -> Response:
    return await open_page(request, lambda answers: general.release(answers.release(release).body))


@router.get("/participation", dependencies=[Depends(Strict(NoQuery))])
async def participation(request: Request) -> Response:
    return await choices.participation_page(request)


@router.get("/refusals", dependencies=[Depends(Strict(NoQuery))])
async def refusals(request: Request) -> Response:
    """Only where naming who refused is in force; else the page of every address that is not there."""
    return await choices.refusals_page(request)


@router.get("/proof", dependencies=[Depends(Strict(NoQuery))])
async def proof(request: Request) -> Response:
    return await open_page(request, lambda answers: proofs.proof(answers.proof().body))


@router.get("/about", dependencies=[Depends(Strict(NoQuery))])
async def about(request: Request) -> Response:
    return await open_page(request, lambda _: general.about())


@router.get("/static/{name}", dependencies=[Depends(Strict(NoQuery))])
async def static(name: str) -> Response:
    """A file of the site under a name that carries its digest: any other name is not there."""
    found = assets().by_name().get(name)
    if found is None:
        raise NotFound
    headers = {"Cache-Control": STATIC_CACHE, "Content-Security-Policy": "default-src 'none'"}
    return Response(found.content, media_type=found.media_type, headers=headers)
