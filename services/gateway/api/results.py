"""`…/results`: the resource. Every other resource is a view of its rows. JSON, CSV and NDJSON."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from services.gateway.api.answers import Answers
from services.gateway.api.asking import ResultsQuery, Strict
from services.gateway.api.bulk import Wanted, bulk
from services.gateway.api.declared import EVERYBODY, AnswersDep, Release, public
from services.gateway.api.forms import CSV, JSON, SUFFIXES, form_of
from services.gateway.api.http import respond
from services.gateway.api.plan import EVERYWHERE, Scope, refused
from services.gateway.api.problems import CursorNotValid
from services.gateway.barrier import ConsentUnreachable
from shared.contracts.public.results import Result, ResultPage

router = APIRouter(prefix="/v1/releases/{release}", tags=["results"])
ResultsFilter = Annotated[ResultsQuery, Query()]


@router.get("/results/{result}", operation_id="get_result", summary="One result",
            **public(Result, ConsentUnreachable))  # type: ignore[arg-type]  # fmt: skip  # a union of models is one, too
async def result_entry(request: Request, answers: AnswersDep, release: Release, result: str) -> Response:
    return respond(request, await answers.result(release, result))


async def written(request: Request, answers: Answers, wanted: Wanted) -> Response:
    if wanted.query.bom and wanted.form != CSV:
        raise refused("bom", "Only a CSV has a byte-order mark.")
    if wanted.form == JSON:
        return respond(request, await answers.results(wanted.release, wanted.query, wanted.scope))
    return await bulk(request, answers, wanted)


def _declared() -> dict[str, Any]:
    keywords = public(ResultPage, ConsentUnreachable, CursorNotValid, query=ResultsQuery)
    keywords["dependencies"] = [EVERYBODY, Depends(Strict(ResultsQuery))]
    keywords["responses"][200]["content"] = {"text/csv": {}, "application/x-ndjson": {}}
    return keywords


def _add(suffix: str) -> None:
    """The list everywhere, and under a provider, a consultant or an indicator, in the form of `suffix`."""
    name = suffix.removeprefix(".")
    ending = f"_{name}" if name else ""
    words = f"Results as {name.upper()}" if name else "Results, in the form that Accept names"

    @router.get(f"/results{suffix}", operation_id=f"list_results{ending}", summary=words, **_declared())
    async def everywhere(request: Request, answers: AnswersDep, release: Release, query: ResultsFilter) -> Response:
        return await written(request, answers, Wanted(release, query, EVERYWHERE, form_of(request, suffix), suffix))

    for collection, one in (("providers", "provider"), ("consultants", "consultant"), ("indicators", "indicator")):
        _add_under(collection, one, suffix, ending, words)


def _add_under(collection: str, one: str, suffix: str, ending: str, words: str) -> None:
    @router.get(f"/{collection}/{{subject}}/results{suffix}", operation_id=f"list_{one}_results{ending}",
                summary=f"{words}, of one {one}", **_declared())  # fmt: skip
    async def under(
        request: Request, answers: AnswersDep, release: Release, subject: str, query: ResultsFilter
    ) -> Response:
        scope = Scope(collection, subject)
        return await written(request, answers, Wanted(release, query, scope, form_of(request, suffix), suffix))


for _suffix in ("", *SUFFIXES):
    _add(_suffix)
