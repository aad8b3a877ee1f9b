"""Objections, restrictions, sign-offs and corrections, entered by a consent officer; and erasure."""

from fastapi import APIRouter, Depends, Request, Response

from services.consent.problems import (
    BundledDecision,
    ErasureRefused,
    IfMatchNeeded,
    RevisionChanged,
    StepNotAllowed,
)
from services.consent.routes.decisions import one_purpose
from services.consent.routes.parts import CLOSED, Gmc, OfficeDep, Officer, SentDep, actor_of, private
from services.consent.workflow import erasing
from services.consent.workflow import rights as verbs
from services.consent.workflow.effective import acknowledged
from services.consent.workflow.sessions import Sessions
from shared.contracts.consent import Decision, Erasure, ErasureRequest, RightRequest
from shared.kit.auth import allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/consultants/{gmc}", tags=["rights"], dependencies=[Depends(allow("officer"))])
COMMON = (NotFound, NotSignedIn, RoleNotAllowed, ValueNotAllowed, StorageFull, *CLOSED)


@router.post(
    "/rights", status_code=202, operation_id="take_right", summary="A step of somebody's rights: what hides, at once",
    response_model=Decision, dependencies=[Depends(one_purpose)],
    responses=problems(*COMMON, BundledDecision, IfMatchNeeded, RevisionChanged, StepNotAllowed),
)  # fmt: skip
def take_right(office: OfficeDep, officer: Officer, gmc: Gmc, request: RightRequest, sent: SentDep) -> Response:
    decision = verbs.take(office, gmc, request, sent, actor_of(officer))
    return private(acknowledged(office, decision), 202)


@router.post(
    "/erasure", operation_id="erase", summary="Destroy the person's key, and everything that names them",
    response_model=Erasure, responses=problems(*COMMON, ErasureRefused),
)  # fmt: skip
def erase(office: OfficeDep, officer: Officer, gmc: Gmc, asked: ErasureRequest, request: Request) -> Response:
    """200 once nothing of it is left in the files of this service. The same again finds it done."""
    sessions: Sessions = request.app.state.sessions
    erasure = erasing.erase(office, gmc, asked, actor_of(officer), sessions.end_of_subject)
    return private(erasure)
