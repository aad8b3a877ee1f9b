"""`…/indicators`: definitions and funnels."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from services.gateway.api.asking import FunnelQuery
from services.gateway.api.declared import AnswersDep, Release, public
from services.gateway.api.http import respond
from services.gateway.api.problems import NoModelCard
from services.gateway.barrier import ConsentUnreachable
from shared.contracts.public.funnel import Funnel
from shared.contracts.public.indicators import Indicator, IndicatorList
from shared.contracts.public.models import Model

router = APIRouter(prefix="/v1/releases/{release}/indicators", tags=["indicators"])


@router.get("", operation_id="list_indicators", summary="Every indicator of the release", **public(IndicatorList))
async def indicators(request: Request, answers: AnswersDep, release: Release) -> Response:
    return respond(request, answers.indicators(release))


@router.get("/{indicator}", operation_id="get_indicator", summary="Definition, polarity, case mix, what it does not "
            "show", **public(Indicator))  # fmt: skip
async def indicator_entry(request: Request, answers: AnswersDep, release: Release, indicator: str) -> Response:
    return respond(request, answers.indicator(release, indicator))


@router.get("/{indicator}/model", operation_id="get_model", summary="The card of its risk model: coefficients, "
            "calibration, what was merged", **public(Model, NoModelCard))  # fmt: skip
async def model_card(request: Request, answers: AnswersDep, release: Release, indicator: str) -> Response:
    return respond(request, answers.model(release, indicator))


@router.get("/{indicator}/funnel", operation_id="get_funnel", summary="Points and limit curves",
            **public(Funnel, ConsentUnreachable, query=FunnelQuery))  # fmt: skip
async def funnel(
    request: Request, answers: AnswersDep, release: Release, indicator: str, query: Annotated[FunnelQuery, Query()]
) -> Response:
    return respond(request, await answers.funnel(release, indicator, query))
