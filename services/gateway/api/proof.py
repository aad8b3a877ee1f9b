"""`/v1/proof`: other people's published tables that this build reproduces."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.gateway.api.declared import AnswersDep, public
from services.gateway.api.http import respond
from shared.contracts.public.proof import Proof

router = APIRouter(tags=["service"])


@router.get("/v1/proof", operation_id="proof", summary="Published tables that this build reproduces",
            **public(Proof, released=False))  # fmt: skip
async def proof(request: Request, answers: AnswersDep) -> Response:
    return respond(request, answers.proof())
