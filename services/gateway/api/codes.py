"""`/v1/codelists` and `/v1/problems`: every code, and what to do about each error."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.gateway.api.declared import AnswersDep, public
from services.gateway.api.http import respond
from shared.contracts.public.codes import CodeListEntry, CodeListList, ProblemPage

router = APIRouter(tags=["codes"])


@router.get("/v1/codelists", operation_id="list_codelists", summary="Every code list",
            **public(CodeListList, released=False))  # fmt: skip
async def codelists(request: Request, answers: AnswersDep) -> Response:
    return respond(request, answers.codelists())


@router.get("/v1/codelists/{name}", operation_id="get_codelist", summary="Codes with their plain meaning",
            **public(CodeListEntry, released=False))  # fmt: skip
async def codelist(request: Request, answers: AnswersDep, name: str) -> Response:
    return respond(request, answers.codelist(name))


@router.get("/v1/problems/{slug}", operation_id="get_problem", summary="What to do about an error",
            **public(ProblemPage, released=False))  # fmt: skip
async def problem(request: Request, answers: AnswersDep, slug: str) -> Response:
    return respond(request, answers.problem(slug))
