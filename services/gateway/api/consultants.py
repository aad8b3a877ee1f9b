"""`…/consultants`: those who may be named. Anything else is the one 404."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.gateway.api.asking import ConsultantsQuery
from services.gateway.api.declared import AnswersDep, Release, public
from services.gateway.api.http import respond
from services.gateway.api.problems import CursorNotValid
from services.gateway.barrier import ConsentUnreachable
from shared.contracts.public.subjects import Consultant, ConsultantPage

router = APIRouter(prefix="/v1/releases/{release}/consultants", tags=["consultants"])


@router.get("", operation_id="list_consultants", summary="Those who may be named",
            **public(ConsultantPage, ConsentUnreachable, CursorNotValid, query=ConsultantsQuery))  # fmt: skip
async def consultants(
    request: Request, answers: AnswersDep, release: Release, query: Annotated[ConsultantsQuery, Query()]
) -> Response:
    return respond(request, await answers.consultants(release, query))


@router.get("/{gmc}", operation_id="get_consultant", summary="One consultant who may be named",
            **public(Consultant, ConsentUnreachable))  # fmt: skip
async def consultant_entry(request: Request, answers: AnswersDep, release: Release, gmc: str) -> Response:
    return respond(request, await answers.consultant(release, gmc))
