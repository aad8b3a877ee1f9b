"""The gate of a release: its checks, the answers of people, and their signatures."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.ratings.problems import (
    AnsweredByTheComputer,
    GateChanged,
    GateNotAnswered,
    NotSigned,
    SamePerson,
    StepNotAllowed,
)
from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.workflow import gate
from shared.contracts.base import ReleaseId
from shared.contracts.gate import CheckAnswerRequest, Gate, SignatureRequest
from shared.kit.auth import Caller, allow
from shared.kit.peers import PeerRefused, PeerUnreachable
from shared.kit.problems import NotFound, RoleNotAllowed, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/releases/{release}", tags=["gate"], dependencies=STRICT)

Named = Annotated[ReleaseId, Path(description="YYYY-MM-DD, with .2, .3 … for later ones of a day")]
Check = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$", description="as `check` in the list of checks")]
Signer = Annotated[Caller, Depends(allow("reviewer", "publisher"))]
Reader = Depends(allow("analyst", "reviewer", "publisher"))


@router.get(
    "/checks",
    operation_id="checks",
    summary="The gate: every check, its evidence, answers and signatures",
    dependencies=[Reader],
    responses=problems(NotFound, StepNotAllowed),
)
def checks(release: Named, office: OfficeDep, response: Response) -> Gate:
    response.headers.update(NO_STORE)
    return gate.checks(office, release)


@router.post(
    "/checks/{check}/answer",
    operation_id="answer_check",
    summary="A person's word on a check that the computer does not answer",
    responses=problems(NotFound, StepNotAllowed, SamePerson, AnsweredByTheComputer, ValueNotAllowed),
)
def answer(
    release: Named, check: Check, given: CheckAnswerRequest, office: OfficeDep, signer: Signer
) -> Gate:  # fmt: skip
    return gate.answer(office, release, check, given, signer.name)


@router.post(
    "/signature",
    operation_id="sign",
    summary="Sign what the gate says now: the reviewer, then the publisher",
    responses=problems(
        NotFound,
        StepNotAllowed,
        SamePerson,
        GateNotAnswered,
        GateChanged,
        NotSigned,
        ValueNotAllowed,
        PeerUnreachable,
        PeerRefused,
    ),
)
def sign(release: Named, given: SignatureRequest, office: OfficeDep, signer: Signer) -> Gate:
    if given.role not in signer.roles:
        raise RoleNotAllowed(f"Only a {given.role} signs as one.")
    return gate.sign(office, release, given, signer.name)
