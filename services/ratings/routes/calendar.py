"""Days on which releases are announced to come."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.workflow import calendar
from shared.contracts.calendar import Announcement, Calendar
from shared.kit.auth import Caller, allow
from shared.kit.problems import NotFound, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/calendar", tags=["calendar"], dependencies=STRICT)
Publisher = Annotated[Caller, Depends(allow("publisher"))]
Reader = Depends(allow("analyst", "reviewer", "publisher", "auditor", "consultant", "lead", "practice"))


@router.get("", operation_id="calendar", summary="Announced days, in order", dependencies=[Reader])
def announced(office: OfficeDep, response: Response) -> Calendar:
    response.headers.update(NO_STORE)
    return calendar.calendar(office)


@router.put(
    "",
    operation_id="announce",
    summary="Announce a day, or another instead of one that was announced",
    responses=problems(NotFound, ValueNotAllowed),
)
def announce(given: Announcement, office: OfficeDep, publisher: Publisher, response: Response) -> Calendar:
    response.headers.update(NO_STORE)
    return calendar.announce(office, given, publisher.name)
