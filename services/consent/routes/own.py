"""A consultant's own record. Whose it is comes from the account, never from the address."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.consent.problems import BundledDecision, IfMatchNeeded, RevisionChanged
from services.consent.routes.decisions import one_purpose
from services.consent.routes.parts import CLOSED, Key, OfficeDep, SentDep, private
from services.consent.workflow import consultants, decisions, rights
from services.consent.workflow.decisions import SELF, Actor
from services.consent.workflow.effective import acknowledged
from shared.contracts.consent import (
    ConsultantRecord,
    Decision,
    DecisionRequest,
    OwnDecision,
    OwnRight,
    OwnWithdrawal,
    RightRequest,
    WithdrawalRequest,
)
from shared.kit.auth import Caller, allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, ValueNotAllowed, problems
from shared.kit.tags import etag

CHANNEL = "self-service"
NO_RECORD = "No record belongs to this account."
router = APIRouter(prefix="/v1/me", tags=["own record"], dependencies=[Depends(allow("consultant"))])
COMMON = (NotFound, NotSignedIn, RoleNotAllowed, *CLOSED)
WRITTEN = (*COMMON, BundledDecision, ValueNotAllowed, StorageFull)
Person = Annotated[Caller, Depends(allow("consultant"))]


def own_number(person: Person) -> str:
    """Raises NotFound: an account that is nobody's record has none to read."""
    if person.subject is None:
        raise NotFound(NO_RECORD)
    return person.subject


Own = Annotated[str, Depends(own_number)]


def _self(person: Caller) -> Actor:
    """Who decides for themselves is not named: the ledger is for ever, and the alias beside it says who it was."""
    return Actor(SELF, person.assurance)


@router.get(
    "", operation_id="own_record", summary="My decisions and their history", response_model=ConsultantRecord,
    responses=problems(*COMMON),
)  # fmt: skip
def own_record(office: OfficeDep, number: Own) -> Response:
    record, revision = consultants.record_of(office, number)
    return private(record, headers=etag(revision))


@router.post(
    "/decisions", status_code=202, operation_id="decide_own", summary="I agree, or I refuse", response_model=Decision,
    responses=problems(*WRITTEN, IfMatchNeeded, RevisionChanged), dependencies=[Depends(one_purpose)],
)  # fmt: skip
def decide(office: OfficeDep, person: Person, number: Own, request: OwnDecision, sent: SentDep) -> Response:
    asked = DecisionRequest(
        programme=request.programme, purpose=request.purpose, act=request.act, notice=request.notice,
        scope=request.scope, reason=request.reason, channel=CHANNEL,
    )  # fmt: skip
    decision = decisions.decide(office, number, asked, sent, _self(person))
    return private(acknowledged(office, decision), 202)


@router.post(
    "/withdrawal", status_code=202, operation_id="withdraw_own", summary="I withdraw: never too late, no reason needed",
    response_model=Decision, responses=problems(*WRITTEN), dependencies=[Depends(one_purpose)],
)  # fmt: skip
def withdraw(
    office: OfficeDep, person: Person, number: Own, request: OwnWithdrawal, idempotency_key: Key = None
) -> Response:
    asked = WithdrawalRequest(programme=request.programme, purpose=request.purpose, channel=CHANNEL)
    decision = decisions.withdraw(office, number, asked, idempotency_key, _self(person))
    return private(acknowledged(office, decision), 202)


@router.post(
    "/rights", status_code=202, operation_id="take_own_right", summary="I object, or want my record restricted",
    response_model=Decision, responses=problems(*WRITTEN), dependencies=[Depends(one_purpose)],
)  # fmt: skip
def take_right(
    office: OfficeDep, person: Person, number: Own, request: OwnRight, idempotency_key: Key = None
) -> Response:
    asked = RightRequest(
        programme=request.programme, purpose=request.purpose, act=request.act, channel=CHANNEL,
        evidence=request.evidence,
    )  # fmt: skip
    sent = decisions.Sent(key=idempotency_key)
    return private(acknowledged(office, rights.take(office, number, asked, sent, _self(person))), 202)
