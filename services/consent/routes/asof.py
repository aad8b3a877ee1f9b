"""What could lawfully be published on a day, by what was known on another."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.consent.domain.asof import Moment
from services.consent.domain.facts import Span
from services.consent.problems import ConsentClosed, JournalUnavailable
from services.consent.routes import parts
from services.consent.routes.parts import OfficeDep, private
from services.consent.workflow import asof as verbs
from shared.contracts.base import Slug
from shared.contracts.consent import AsOf, Nameable, Purpose
from shared.kit.asking import once_each
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

router = APIRouter(prefix="/v1/as-of", tags=["as of"])
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed)


class AsOfQuery(parts.Query):
    valid: date
    known: date
    programme: Slug | None = None
    purpose: Purpose | None = None
    gmc: Nameable | None = None
    period_first: date | None = None
    period_last: date | None = None


@router.get(
    "", operation_id="as_of", summary="What could lawfully be published on a day, as known on another",
    response_model=AsOf, responses=problems(*QUERY, NotFound, ConsentClosed, JournalUnavailable),
    dependencies=[Depends(allow("officer", "auditor")), Depends(once_each)],
)  # fmt: skip
def as_of(office: OfficeDep, query: Annotated[AsOfQuery, Query()]) -> Response:
    period = Span(query.period_first, query.period_last)
    if period.first and period.last and period.last < period.first:
        raise ValueNotAllowed("The period ends before it begins.", errors=[{"parameter": "period_last"}])
    asked = verbs.Asked(Moment(query.valid, query.known), query.programme, query.purpose, query.gmc, period)
    return private(verbs.as_of(office, asked))
