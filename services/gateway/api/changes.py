"""`/v1/changes`: what changed, by sequence number."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.gateway.api.asking import ChangesQuery
from services.gateway.api.declared import AnswersDep, public
from services.gateway.api.http import respond
from shared.contracts.public.releases import ChangePage

router = APIRouter(tags=["changes"])


@router.get("/v1/changes", operation_id="list_changes", summary="Releases published, rows not published any more",
            **public(ChangePage, query=ChangesQuery, released=False))  # fmt: skip
async def changes(request: Request, answers: AnswersDep, query: Annotated[ChangesQuery, Query()]) -> Response:
    return respond(request, answers.changes(query))
