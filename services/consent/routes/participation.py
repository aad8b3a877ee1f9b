"""Who refused, where naming them is on; and how many were asked, exactly for the office and safely for the public."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.consent.problems import ConsentClosed, JournalUnavailable
from services.consent.routes import parts
from services.consent.routes.parts import OfficeDep, private
from services.consent.workflow import participation as counting
from services.consent.workflow import refusals as naming
from shared.contracts.base import Slug
from shared.contracts.consent import ExactParticipation, Refusals, SafeParticipation
from shared.kit.asking import once_each
from shared.kit.auth import Caller, allow
from shared.kit.problems import (
    NotFound,
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)

router = APIRouter(prefix="/v1", tags=["participation"], dependencies=[Depends(once_each)])
CLOSED = (ConsentClosed, JournalUnavailable)
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed, *CLOSED)
Neighbour = Annotated[Caller, Depends(allow("officer", "auditor", "service:gateway"))]


class RefusalsQuery(parts.Query):
    programme: Slug | None = None


class ParticipationQuery(parts.Query):
    """`at` is a moment for a gateway, whose answer is what was known at it; for the office a day, and `known` the day
    by whose end it was recorded."""

    programme: Slug | None = None
    at: datetime | date | None = None
    known: date | None = None


@router.get(
    "/refusals", operation_id="refusals", summary="Who refused, where naming them is on", response_model=Refusals,
    responses=problems(*QUERY, NotFound), dependencies=[Depends(allow("service:gateway", "auditor"))],
)  # fmt: skip
def refusals(office: OfficeDep, query: Annotated[RefusalsQuery, Query()]) -> Response:
    return private(naming.refusals(office, query.programme))


@router.get(
    "/participation", operation_id="participation", summary="How many were asked, and what became of it",
    response_model=ExactParticipation | SafeParticipation, responses=problems(*QUERY),
)  # fmt: skip
def participation(office: OfficeDep, caller: Neighbour, query: Annotated[ParticipationQuery, Query()]) -> Response:
    """A gateway is told the safe form only: what it has not been told it cannot give away."""
    at = query.at
    if "service:gateway" in caller.roles:
        moment = at if at is None or isinstance(at, datetime) else datetime.combine(at, time(), UTC)
        return private(counting.safe(office, query.programme, counting.now_of(office, moment)))
    day = at.date() if isinstance(at, datetime) else at
    return private(counting.exact(office, query.programme, counting.moment_of(office, day, query.known)))
