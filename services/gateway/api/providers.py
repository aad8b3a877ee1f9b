"""`…/providers`: organisations."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.gateway.api.asking import ProvidersQuery
from services.gateway.api.declared import AnswersDep, Release, public
from services.gateway.api.http import respond
from services.gateway.api.problems import CursorNotValid
from shared.contracts.public.subjects import Provider, ProviderPage

router = APIRouter(prefix="/v1/releases/{release}/providers", tags=["providers"])


@router.get("", operation_id="list_providers", summary="Search by name or id",
            **public(ProviderPage, CursorNotValid, query=ProvidersQuery))  # fmt: skip
async def providers(
    request: Request, answers: AnswersDep, release: Release, query: Annotated[ProvidersQuery, Query()]
) -> Response:
    return respond(request, answers.providers(release, query))


@router.get("/{provider}", operation_id="get_provider", summary="One organisation", **public(Provider))
async def provider_entry(request: Request, answers: AnswersDep, release: Release, provider: str) -> Response:
    return respond(request, answers.provider(release, provider))
