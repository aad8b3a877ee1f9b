"""Answers that may be waited for: that there is something newer, and that a decision is effective. Waiting takes no
thread and asks no database."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from services.consent.problems import (
    ConsentClosed,
    IncarnationEnded,
    IncarnationSuperseded,
    IncarnationUnknown,
    JournalUnavailable,
)
from services.consent.routes import parts
from services.consent.routes.parts import OfficeDep, private
from services.consent.workflow import effective, gateways
from services.consent.workflow.fleet import Caller
from shared.contracts.base import Count
from shared.contracts.consent import Decision, GatewayName, Incarnation, News
from shared.kit import auth
from shared.kit.asking import each_once
from shared.kit.auth import allow
from shared.kit.problems import (
    NotFound,
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)

router = APIRouter(prefix="/v1", tags=["waiting"])
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed, ConsentClosed)
Reader = Annotated[auth.Caller, Depends(allow("officer", "consultant"))]
DecisionId = Annotated[str, Path(pattern=r"^d-[a-z2-7]{12}$")]


class NewsQuery(parts.Query):
    after: Count
    wait: Annotated[float, Field(ge=0, le=25)] = 25
    gateway: GatewayName
    incarnation: Incarnation


class DecisionQuery(parts.Query):
    wait: Annotated[float, Field(ge=0, le=30)] = 0


@router.get(
    "/news", operation_id="news", summary="That there is something newer: a hint", response_model=News,
    responses=problems(*QUERY, IncarnationSuperseded, IncarnationUnknown, IncarnationEnded),
    dependencies=[Depends(allow("service:gateway")), Depends(each_once)],
)  # fmt: skip
async def news(office: OfficeDep, query: Annotated[NewsQuery, Query()]) -> Response:
    caller = Caller(query.gateway, query.incarnation)
    return private(await gateways.news(office, caller, query.after, query.wait))


@router.get(
    "/decisions/{decision}", operation_id="decision", summary="Whether a decision is effective",
    response_model=Decision, responses=problems(*QUERY, NotFound, JournalUnavailable),
    dependencies=[Depends(each_once)],
)  # fmt: skip
async def decision(
    office: OfficeDep, caller: Reader, decision: DecisionId, query: Annotated[DecisionQuery, Query()]
) -> Response:
    """Answered as soon as it is effective, or after `wait` seconds. A consultant finds their own."""
    whose = None if "officer" in caller.roles else caller.subject or ""
    entry = await run_in_threadpool(effective.entry_of, office, decision, whose)
    await office.fleet.effective.reach(entry.revision, query.wait)
    return private(await run_in_threadpool(effective.told, office, entry))
