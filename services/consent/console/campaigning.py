"""Whom the office asks, with which words, and who has not answered. Nothing here turns silence into consent."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Response
from pydantic import ValidationError

from services.consent.console.deciding import CHANNELS
from services.consent.console.people import OFFICE
from services.consent.console.words import words_of
from services.consent.problems import CampaignClosed, CampaignOpen
from services.consent.routes.parts import OfficeDep
from services.consent.workflow import asking, asking_one
from services.consent.workflow import campaigns as verbs
from services.consent.workflow.asking import Asked, Kind
from services.consent.workflow.lawgiving import legal_bases
from services.consent.workflow.office import Office
from shared.contracts.base import Printable
from shared.contracts.consent import CampaignRequest, Purpose
from shared.kit.console.forms import MISSING
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.console.rendering import HEADERS
from shared.kit.downloads import csv_text, download
from shared.kit.problems import Problem, ValueNotAllowed

router: Final = APIRouter(prefix="/console", include_in_schema=False, tags=["console"])
CRUMBS: Final = (("Start", "/console"),)
BACK: Final = (*CRUMBS, ("Requests", "/console/campaigns"))
FILLED: Final = ("notice", "purpose", "channel", "closes_on")
SILENT: Final = ("gmc", "kind", "name", "requested", "reminders", "last_contact")
HINTS: Final = {
    "notice": "Choose a programme with its notice.", "purpose": "Choose one purpose.", "channel": "Choose a way.",
}  # fmt: skip
Officer = Annotated[Visitor, Depends(signed_in("officer"))]
Reader = Annotated[Visitor, Depends(signed_in("officer", "auditor"))]
CampaignId = Annotated[Printable, Path(max_length=80)]


@router.get("/campaigns")
def campaigns(visitor: Reader, office: OfficeDep) -> Response:
    return _listed(visitor, office, {})


@router.post("/campaigns")
def begin(visitor: Officer, office: OfficeDep) -> Response:
    given = {name: values[0] for name, values in visitor.form.values.items() if name in FILLED and values}
    try:
        given = visitor.take("notice", "purpose", "channel", optional=("closes_on",))
        opened = verbs.open_campaign(office, _request(given), visitor.caller.name)
    except (ValueNotAllowed, CampaignOpen) as refused:
        return _listed(visitor, office, given, refused)
    visitor.say("Opened. Nobody has been asked yet: fetch the requests, and send them.")
    return visitor.go(f"/console/campaigns/{opened.id}")


@router.get("/campaigns/{campaign}")
def campaign(visitor: Reader, office: OfficeDep, campaign: CampaignId) -> Response:
    return _one(visitor, office, campaign)


@router.post("/campaigns/{campaign}/requests")
def requests(visitor: Officer, office: OfficeDep, campaign: CampaignId) -> Response:
    return _file(visitor, office, campaign, "request")


@router.post("/campaigns/{campaign}/reminders")
def reminders(visitor: Officer, office: OfficeDep, campaign: CampaignId) -> Response:
    return _file(visitor, office, campaign, "reminder")


@router.post("/campaigns/{campaign}/non-responders")
def non_responders(visitor: Officer, office: OfficeDep, campaign: CampaignId) -> Response:
    visitor.take()
    found = asking.non_responders(office, campaign).people
    rows = [
        (one.gmc, one.kind, one.name, _moment(one.requested), one.reminders, _moment(one.last_contact)) for one in found
    ]
    return _sent(csv_text(SILENT, rows), f"{campaign}-non-responders.csv")


@router.post("/campaigns/{campaign}/members")
def members(visitor: Officer, office: OfficeDep, campaign: CampaignId) -> Response:
    visitor.take()
    try:
        verbs.refresh(office, campaign, visitor.caller.name)
    except CampaignClosed as refused:
        return _one(visitor, office, campaign, refused)
    visitor.say("Whoever has joined the register since is asked too.")
    return visitor.go(f"/console/campaigns/{campaign}")


@router.post("/campaigns/{campaign}/closure")
def close(visitor: Officer, office: OfficeDep, campaign: CampaignId) -> Response:
    visitor.take()
    verbs.close(office, campaign, visitor.caller.name)
    visitor.say("Closed: nobody is asked by it any more. No decision changes by it.")
    return visitor.go(f"/console/campaigns/{campaign}")


@router.get("/notices")
def notices(visitor: Annotated[Visitor, Depends(signed_in(*OFFICE))], office: OfficeDep) -> Response:
    found = asking_one.notices(office, office.clock())
    return visitor.page("notices.jinja", "Notices", crumbs=BACK, notices=found, words=words_of(office))


def _file(visitor: Visitor, office: Office, campaign: str, kind: Kind) -> Response:
    """The form's key makes the button pressed twice one file."""
    key = visitor.take("key")["key"]
    try:
        text = asking.export(office, Asked(campaign, kind, key, visitor.caller.name))
    except (CampaignClosed, ValueNotAllowed) as refused:
        return _one(visitor, office, campaign, refused)
    return _sent(text, f"{campaign}-{kind}s.csv")


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _sent(text: str, name: str) -> Response:
    answer = download(text, name)
    answer.headers.update(HEADERS)
    return answer


def _request(given: Mapping[str, str]) -> CampaignRequest:
    """The notice is chosen with its programme: `programme.version`. Raises ValueNotAllowed."""
    programme, _, version = given["notice"].rpartition(".")
    try:
        closes = date.fromisoformat(given["closes_on"]) if "closes_on" in given else None
    except ValueError:
        raise _wrong("closes_on", "Give the day as year, month and day.") from None
    try:
        return CampaignRequest.model_validate(
            {"programme": programme, "purpose": given["purpose"], "notice": int(version), "channel": given["channel"],
             "closes_on": closes}
        )  # fmt: skip
    except ValidationError as wrong:
        name = str(wrong.errors()[0]["loc"][0])
        raise _wrong(name if name in FILLED else "notice", HINTS.get(name, HINTS["notice"])) from None
    except ValueError:
        raise _wrong("notice", HINTS["notice"]) from None


def _wrong(name: str, hint: str) -> ValueNotAllowed:
    return ValueNotAllowed("The form could not be taken as it is.", errors=[{"pointer": name, "hint": hint}])


def _listed(visitor: Visitor, office: Office, given: Mapping[str, str], refused: Problem | None = None) -> Response:
    errors = [] if refused is None else list(refused.errors) or [{"pointer": "notice", "hint": refused.detail}]
    errors = [_beside(one) for one in errors]
    purposes = {purpose for one in legal_bases(office, None, None).bases for purpose in one.terms.purposes}
    in_use = [one for one in asking_one.notices(office, office.clock()) if one.in_use]
    return visitor.page(
        "campaigns.jinja", "Requests and reminders", crumbs=CRUMBS, status=422 if refused else 200, errors=errors,
        campaigns=verbs.every(office), notices=in_use, purposes=[one for one in Purpose if one in purposes],
        channels=CHANNELS, given={name: given.get(name, "") for name in FILLED}, words=words_of(office),
        officer="officer" in visitor.caller.roles,
    )  # fmt: skip


def _beside(one: Mapping[str, str]) -> dict[str, str]:
    """The error at its field, in words of its own where it is only missing."""
    name = "notice" if one.get("pointer") == "programme" else one.get("pointer", "notice")
    return {"pointer": name, "hint": HINTS.get(name, one["hint"]) if one["hint"] == MISSING else one["hint"]}


def _one(visitor: Visitor, office: Office, campaign: str, refused: Problem | None = None) -> Response:
    errors = [{"pointer": "maincontent", "hint": refused.detail}] if refused else []
    return visitor.page(
        "campaign.jinja", "A round of requests", crumbs=BACK, status=409 if refused else 200, errors=errors,
        campaign=verbs.status(office, campaign), key=secrets.token_hex(16), words=words_of(office),
        officer="officer" in visitor.caller.roles,
    )  # fmt: skip
