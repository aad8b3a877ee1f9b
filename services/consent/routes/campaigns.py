"""Campaigns: whom they ask, who has answered, and the files for whoever sends the letters; notices, and one person
asked alone."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Header, Path, Response

from services.consent.problems import (
    CampaignClosed,
    CampaignOpen,
    ConsentClosed,
    JournalUnavailable,
    StepNotAllowed,
)
from services.consent.routes.parts import Gmc, OfficeDep, Officer, actor_of, private
from services.consent.workflow import asking, asking_one
from services.consent.workflow import campaigns as verbs
from services.consent.workflow.asking import Asked, Kind
from services.consent.workflow.effective import acknowledged
from shared.contracts.base import Printable
from shared.contracts.consent import Campaign, CampaignRequest, Decision, NonResponders, NoticeText, SingleRequest
from shared.kit.auth import allow
from shared.kit.downloads import download
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, ValueNotAllowed, problems

router = APIRouter(tags=["campaigns"])
CLOSED = (ConsentClosed, JournalUnavailable)
READ = (NotSignedIn, RoleNotAllowed, *CLOSED)
WRITE = (*READ, NotFound, StorageFull)
SENT: Final = (*WRITE, CampaignClosed, ValueNotAllowed)
CampaignId = Annotated[Printable, Path(max_length=80)]
Key = Annotated[str, Header(min_length=8, max_length=200)]
OFFICERS: Final = [Depends(allow("officer"))]
READERS: Final = [Depends(allow("officer", "auditor"))]
WORDINGS: Final = [Depends(allow("officer", "consultant", "steward", "auditor"))]
FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {}}}, **problems(*SENT)}


@router.post(
    "/v1/campaigns", status_code=201, operation_id="open_campaign", summary="Ask everybody of a programme",
    response_model=Campaign, responses=problems(*READ, StorageFull, CampaignOpen, ValueNotAllowed),
    dependencies=OFFICERS,
)  # fmt: skip
def open_campaign(office: OfficeDep, officer: Officer, request: CampaignRequest) -> Response:
    """The population is who is on the register now. Nobody is asked yet."""
    return private(verbs.open_campaign(office, request, officer.name), 201)


@router.get(
    "/v1/campaigns", operation_id="campaigns", summary="Every campaign, with its counts",
    response_model=list[Campaign], responses=problems(*READ), dependencies=READERS,
)  # fmt: skip
def campaigns(office: OfficeDep) -> Response:
    return _listed(verbs.every(office))


@router.get(
    "/v1/campaigns/{campaign}", operation_id="campaign", summary="How far a campaign is", response_model=Campaign,
    responses=problems(*READ, NotFound), dependencies=READERS,
)  # fmt: skip
def campaign(office: OfficeDep, campaign: CampaignId) -> Response:
    return private(verbs.status(office, campaign))


@router.post(
    "/v1/campaigns/{campaign}/requests", operation_id="campaign_requests", summary="Who is to be asked, as CSV",
    response_class=Response, responses=FILE, dependencies=OFFICERS,
)  # fmt: skip
def requests(office: OfficeDep, officer: Officer, campaign: CampaignId, idempotency_key: Key) -> Response:
    """Each becomes an event `asked` and a line of the delivery log. The same key gives the same people again."""
    return _file(office, Asked(campaign, "request", idempotency_key, officer.name))


@router.post(
    "/v1/campaigns/{campaign}/reminders", operation_id="campaign_reminders", summary="Who is to be reminded, as CSV",
    response_class=Response, responses=FILE, dependencies=OFFICERS,
)  # fmt: skip
def reminders(office: OfficeDep, officer: Officer, campaign: CampaignId, idempotency_key: Key) -> Response:
    """Each becomes a line of the delivery log, and nothing else: silence is never consent."""
    return _file(office, Asked(campaign, "reminder", idempotency_key, officer.name))


@router.get(
    "/v1/campaigns/{campaign}/non-responders", operation_id="non_responders", summary="Who has not answered",
    response_model=NonResponders, responses=problems(*READ, NotFound), dependencies=OFFICERS,
)  # fmt: skip
def non_responders(office: OfficeDep, campaign: CampaignId) -> Response:
    return private(asking.non_responders(office, campaign))


@router.post(
    "/v1/campaigns/{campaign}/members", operation_id="campaign_members", summary="Add who has joined the register",
    response_model=Campaign, responses=problems(*WRITE, CampaignClosed), dependencies=OFFICERS,
)  # fmt: skip
def members(office: OfficeDep, officer: Officer, campaign: CampaignId) -> Response:
    """Adds only: nobody leaves a population but by erasure."""
    return private(verbs.refresh(office, campaign, officer.name))


@router.post(
    "/v1/campaigns/{campaign}/closure", operation_id="close_campaign", summary="Ask nobody any more",
    response_model=Campaign, responses=problems(*READ, NotFound), dependencies=OFFICERS,
)  # fmt: skip
def close(office: OfficeDep, officer: Officer, campaign: CampaignId) -> Response:
    """No decision changes by it."""
    return private(verbs.close(office, campaign, officer.name))


@router.post(
    "/v1/consultants/{gmc}/requests", status_code=202, operation_id="ask_one", summary="Record that one was asked",
    response_model=Decision, responses=problems(*WRITE, ValueNotAllowed, StepNotAllowed), dependencies=OFFICERS,
)  # fmt: skip
def ask_one(office: OfficeDep, officer: Officer, gmc: Gmc, request: SingleRequest) -> Response:
    return private(acknowledged(office, asking_one.ask_one(office, gmc, request, actor_of(officer))), 202)


@router.get(
    "/v1/notices", operation_id="notices", summary="The wordings people are asked with", dependencies=WORDINGS,
    response_model=list[NoticeText], responses=problems(*READ),
)  # fmt: skip
def notices(office: OfficeDep) -> Response:
    """New wordings come by policy files, which are reviewed; there is no other way to add one."""
    return _listed(asking_one.notices(office, office.clock()))


def _file(office: OfficeDep, asked: Asked) -> Response:
    kind: Kind = asked.kind
    return download(asking.export(office, asked), f"{asked.campaign}-{kind}s.csv")


def _listed(found: list[Campaign] | list[NoticeText]) -> Response:
    body = orjson.dumps([one.model_dump(mode="json") for one in found])
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
