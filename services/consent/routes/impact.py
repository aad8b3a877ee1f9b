"""Before a change: how much it would hide. The counts are of ratings; this service has no results."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.consent.peers import Ratings
from services.consent.problems import ConsentClosed, ImpactUnknown, JournalUnavailable
from services.consent.routes import parts
from services.consent.routes.parts import Gmc, OfficeDep, private
from services.consent.workflow import desk
from services.consent.workflow.impact import key_of
from shared.contracts.base import Slug
from shared.contracts.consent import Purpose
from shared.contracts.impact import Impact
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

router = APIRouter(prefix="/v1/consultants", tags=["consultants"])
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed)


async def ratings_of(request: Request) -> Ratings:
    found: Ratings = request.app.state.ratings
    return found


RatingsDep = Annotated[Ratings, Depends(ratings_of)]


class ImpactQuery(parts.Query):
    programme: Slug
    purpose: Purpose


@router.get(
    "/{gmc}/impact", operation_id="impact", summary="How much hiding this person would hide, in counts",
    response_model=Impact, responses=problems(*QUERY, NotFound, ConsentClosed, JournalUnavailable, ImpactUnknown),
    dependencies=[Depends(allow("officer", "auditor")), Depends(each_once)],
)  # fmt: skip
async def impact(office: OfficeDep, ratings: RatingsDep, gmc: Gmc, query: Annotated[ImpactQuery, Query()]) -> Response:
    """Waits on no thread: however long ratings takes, withdrawals have theirs."""

    def key() -> str:
        return key_of(office, desk.own(office, gmc), query.programme, query.purpose)

    return private(await ratings.impact(await run_in_threadpool(key)))
