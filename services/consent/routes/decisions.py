"""Decisions and withdrawals, entered by a consent officer. 202 once durable: recorded, and how far it is effective."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from services.consent.problems import BundledDecision, IfMatchNeeded, RevisionChanged
from services.consent.routes.parts import CLOSED, Gmc, OfficeDep, Officer, SentDep, actor_of, private
from services.consent.workflow import decisions as verbs
from services.consent.workflow.effective import acknowledged
from shared.contracts.consent import Decision, DecisionRequest, Purpose, WithdrawalRequest
from shared.kit.auth import allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/consultants/{gmc}", tags=["decisions"])
COMMON = (NotFound, NotSignedIn, RoleNotAllowed, BundledDecision, ValueNotAllowed, StorageFull, *CLOSED)


async def one_purpose(request: Request) -> None:
    """Raises BundledDecision for "all" or a list: purposes never imply one another. The rest is the contract's."""
    try:
        body = await request.json()
    except ValueError:  # not JSON at all: the contract says so in its own words
        return
    purpose = body.get("purpose") if isinstance(body, dict) else None
    if isinstance(purpose, list | dict) or str(purpose).lower() in {"all", "any", "*"}:
        raise BundledDecision("Send one decision for each of: " + ", ".join(Purpose))


CHECKS = [Depends(allow("officer")), Depends(one_purpose)]


@router.post(
    "/decisions", status_code=202, operation_id="decide", summary="Record that consent was asked, given or refused",
    response_model=Decision, responses=problems(*COMMON, IfMatchNeeded, RevisionChanged), dependencies=CHECKS,
)  # fmt: skip
def decide(office: OfficeDep, officer: Officer, gmc: Gmc, request: DecisionRequest, sent: SentDep) -> Response:
    decision = verbs.decide(office, gmc, request, sent, actor_of(officer))
    return private(acknowledged(office, decision), 202)


@router.post(
    "/withdrawal", status_code=202, operation_id="withdraw", summary="Withdraw: never too late, safe to send again",
    response_model=Decision, responses=problems(*COMMON), dependencies=CHECKS,
)  # fmt: skip
def withdraw(
    office: OfficeDep,
    officer: Officer,
    gmc: Gmc,
    request: WithdrawalRequest,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    decision = verbs.withdraw(office, gmc, request, idempotency_key, actor_of(officer))
    return private(acknowledged(office, decision), 202)
