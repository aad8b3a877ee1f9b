"""`/v1`: where everything is."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.gateway.api.declared import AnswersDep, public
from services.gateway.api.http import respond
from shared.contracts.public.releases import Service

router = APIRouter(tags=["service"])


@router.get("/v1", operation_id="service", summary="Links, current release, licence",
            **public(Service, released=False))  # fmt: skip
async def service(request: Request, answers: AnswersDep) -> Response:
    return respond(request, answers.service())
