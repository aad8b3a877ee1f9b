"""Drafts, their life cycle, and publication."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Response

from services.ratings.case_problems import CalendarEnds
from services.ratings.problems import (
    BakedMeanwhile,
    BeforeItsDay,
    GateNotAnswered,
    KeyReused,
    NotAnnounced,
    NotSigned,
    SamePerson,
    StepNotAllowed,
    WindowOpen,
)
from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.workflow import publishing, releases
from shared.contracts.base import Printable, ReleaseId
from shared.contracts.releases import Release, ReleaseRequest, Releases, TakeDown
from shared.kit.auth import Caller, allow
from shared.kit.peers import PeerRefused, PeerUnreachable
from shared.kit.problems import NotFound, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/releases", tags=["releases"], dependencies=STRICT)

Named = Annotated[ReleaseId, Path(description="YYYY-MM-DD, with .2, .3 … for later ones of a day")]
Key = Annotated[Printable | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Analyst = Annotated[Caller, Depends(allow("analyst"))]
Reviewer = Annotated[Caller, Depends(allow("reviewer"))]
Publisher = Annotated[Caller, Depends(allow("publisher"))]
Reader = Depends(allow("analyst", "reviewer", "publisher", "auditor"))
STEP_PROBLEMS = problems(NotFound, StepNotAllowed, SamePerson)
GATE_PROBLEMS = (NotFound, StepNotAllowed, SamePerson, GateNotAnswered, NotSigned, PeerUnreachable, PeerRefused)


@router.post(
    "",
    operation_id="start_release",
    summary="Reserve a draft and start its build",
    status_code=202,
    responses=problems(ValueNotAllowed, KeyReused, StepNotAllowed),
)
def start(request: ReleaseRequest, office: OfficeDep, analyst: Analyst, response: Response, key: Key = None) -> Release:
    release, is_new = releases.reserve(office, request, key, analyst.name)
    response.status_code = 202 if is_new else 200
    response.headers.update(NO_STORE)
    return release


@router.get("", operation_id="releases", summary="All releases, newest first", dependencies=[Reader])
def listed(office: OfficeDep, response: Response) -> Releases:
    response.headers.update(NO_STORE)
    return releases.all_releases(office)


@router.get(
    "/{release}",
    operation_id="release",
    summary="One release: status, owner, the steps allowed now",
    dependencies=[Reader],
    responses=problems(NotFound),
)
def one(release: Named, office: OfficeDep, response: Response) -> Release:
    response.headers.update(NO_STORE)
    return releases.one_release(office, release)


@router.post(
    "/{release}/submission",
    operation_id="submit",
    summary="Hand a draft to review; its outliers have cases from then on",
    responses=problems(NotFound, StepNotAllowed, SamePerson, CalendarEnds),
)
def submit(release: Named, office: OfficeDep, analyst: Analyst) -> Release:
    return releases.take_step(office, release, "submission", analyst.name)


@router.post("/{release}/return", operation_id="return", summary="Send a draft back", responses=STEP_PROBLEMS)
def send_back(release: Named, office: OfficeDep, reviewer: Reviewer) -> Release:
    return releases.take_step(office, release, "return", reviewer.name)


@router.post(
    "/{release}/approval",
    operation_id="approve",
    summary="Approve the results, after the preview window and under the reviewer's signature",
    responses=problems(*GATE_PROBLEMS, WindowOpen),
)
def approve(release: Named, office: OfficeDep, reviewer: Reviewer) -> Release:
    return releases.approve(office, release, reviewer.name)


@router.post(
    "/{release}/publication",
    operation_id="publish",
    summary="Publish on the announced day, under both signatures and the permissions of this moment",
    responses=problems(*GATE_PROBLEMS, NotAnnounced, BeforeItsDay, BakedMeanwhile),
)
def publish(release: Named, office: OfficeDep, publisher: Publisher) -> Release:
    return publishing.publish(office, release, publisher.name)


@router.post(
    "/{release}/takedown",
    operation_id="take_down",
    summary="Take a release away from readers, with the reason; the one before it is current again",
    responses=problems(NotFound, StepNotAllowed),
)
def take_down(release: Named, why: TakeDown, office: OfficeDep, publisher: Publisher) -> Release:
    return publishing.take_down(office, release, publisher.name, why.reason)
