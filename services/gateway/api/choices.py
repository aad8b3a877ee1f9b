"""`…/participation` and `…/refusals`: how many were asked; and who refused, only where naming them is in force."""

from typing import Annotated, Final

from fastapi import APIRouter, Request
from fastapi import Query as Parameters
from fastapi.responses import Response
from pydantic import Field

from services.gateway.api.asking import Query
from services.gateway.api.declared import AnswersDep, Release, public
from services.gateway.api.http import respond
from services.gateway.barrier import ConsentUnreachable
from shared.contracts.public.choices import Participation, RefusalList

router: Final = APIRouter(prefix="/v1/releases/{release}", tags=["choices"])


class RefusalsQuery(Query):
    programme: str = Field(description="A programme of …/participation.")


@router.get("/participation", operation_id="get_participation", summary="How many consultants were asked, by programme",
            **public(Participation, ConsentUnreachable))  # fmt: skip
async def participation(request: Request, answers: AnswersDep, release: Release) -> Response:
    return respond(request, await answers.participation(release))


@router.get("/refusals", operation_id="list_refusals", summary="Who refused to be named: 404 unless it is in force",
            **public(RefusalList, ConsentUnreachable, query=RefusalsQuery))  # fmt: skip
async def refusals(
    request: Request, answers: AnswersDep, release: Release, query: Annotated[RefusalsQuery, Parameters()]
) -> Response:
    return respond(request, await answers.refusals(release, query.programme))
