"""`/v1/releases`: the numbered, dated publications."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.gateway.api.declared import AnswersDep, Release, public
from services.gateway.api.http import respond
from services.gateway.api.problems import Starting
from shared.contracts.public.releases import ReleaseEntry, ReleaseList

router = APIRouter(tags=["releases"])


@router.get("/v1/releases", operation_id="list_releases", summary="Releases, newest first",
            **public(ReleaseList, Starting, released=False))  # fmt: skip
async def releases(request: Request, answers: AnswersDep) -> Response:
    return respond(request, answers.releases())


@router.get("/v1/releases/{release}", operation_id="get_release", summary="Manifest: inputs, method and code version",
            **public(ReleaseEntry))  # fmt: skip
async def release_entry(request: Request, answers: AnswersDep, release: Release) -> Response:
    return respond(request, answers.release(release))
