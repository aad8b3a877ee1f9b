"""Legal bases, what waits for a second person, and the switch for naming who refused.

Every call here gives its password, so that each is a fresh sign-in; the console asks for it again before it calls.
"""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from services.consent.problems import ConsentClosed, JournalUnavailable, SamePerson, StepNotAllowed
from services.consent.routes import parts
from services.consent.routes.parts import OfficeDep, actor_of, private
from services.consent.workflow import lawgiving, proposals, switching
from shared.contracts.base import Slug
from shared.contracts.consent import (
    BasisEnd,
    BasisTerms,
    LegalBases,
    Proposal,
    Proposals,
    Signature,
    Switches,
    SwitchRequest,
    SwitchState,
)
from shared.kit.asking import once_each
from shared.kit.auth import Caller, allow
from shared.kit.problems import (
    NotFound,
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    StorageFull,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)

router = APIRouter(prefix="/v1", tags=["law"])
CLOSED = (ConsentClosed, JournalUnavailable)
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed, *CLOSED)
WRITE = (NotSignedIn, RoleNotAllowed, ValueNotAllowed, StorageFull, *CLOSED)
READERS = ("officer", "steward", "auditor")
Steward = Annotated[Caller, Depends(allow("steward"))]
Anybody = Annotated[Caller, Depends(allow("steward", "officer"))]
BasisId = Annotated[Slug, Path()]
Number = Annotated[str, Path(pattern=r"^q-[0-9a-f]{12}$")]


class BasesQuery(parts.Query):
    programme: Slug | None = None
    at: date | None = None


class ProposalsQuery(parts.Query):
    state: Literal["open", "all"] = "open"


@router.get(
    "/legal-bases", operation_id="legal_bases", summary="On what ground, since when, and by whose approval",
    response_model=LegalBases, responses=problems(*QUERY),
    dependencies=[Depends(allow(*READERS)), Depends(once_each)],
)  # fmt: skip
def legal_bases(office: OfficeDep, query: Annotated[BasesQuery, Query()]) -> Response:
    return private(lawgiving.legal_bases(office, query.programme, query.at))


@router.post(
    "/legal-bases", status_code=201, operation_id="propose_basis", summary="Propose a legal basis",
    response_model=Proposal, responses=problems(*WRITE),
)  # fmt: skip
def propose_basis(office: OfficeDep, steward: Steward, terms: BasisTerms) -> Response:
    """It is in force once another steward has approved it, and not before its first day."""
    return private(lawgiving.propose_basis(office, terms, actor_of(steward)), 201)


@router.post(
    "/legal-bases/{basis}/end", status_code=201, operation_id="propose_basis_end",
    summary="Propose the last day of a legal basis", response_model=Proposal, responses=problems(*WRITE, NotFound),
)  # fmt: skip
def propose_end(office: OfficeDep, steward: Steward, basis: BasisId, end: BasisEnd) -> Response:
    return private(lawgiving.propose_end(office, basis, end, actor_of(steward)), 201)


@router.get(
    "/proposals", operation_id="proposals", summary="What waits for a second person", response_model=Proposals,
    responses=problems(*QUERY), dependencies=[Depends(allow("steward", "auditor")), Depends(once_each)],
)  # fmt: skip
def listed(office: OfficeDep, query: Annotated[ProposalsQuery, Query()]) -> Response:
    return private(proposals.listed(office, list(switching.KINDS), query.state))


@router.post(
    "/proposals/{number}/approval", operation_id="approve", summary="Put it in force, as the second person",
    response_model=Proposal, responses=problems(*WRITE, NotFound, SamePerson, StepNotAllowed),
)  # fmt: skip
def approve(office: OfficeDep, steward: Steward, number: Number, signed: Signature) -> Response:
    """The body repeats the digest of the proposal, so that nobody approves what they did not see."""
    return private(proposals.approve(office, switching.KINDS, number, signed.digest, steward))


@router.post(
    "/proposals/{number}/rejection", operation_id="reject", summary="Nothing comes of it",
    response_model=Proposal, responses=problems(*WRITE, NotFound, StepNotAllowed),
)  # fmt: skip
def reject(office: OfficeDep, steward: Steward, number: Number, signed: Signature) -> Response:
    return private(proposals.reject(office, switching.KINDS, number, signed.digest, steward))


@router.get(
    "/switches", operation_id="switches", summary="Where who refused is named, and what to read before it is",
    response_model=Switches, responses=problems(NotSignedIn, RoleNotAllowed, *CLOSED),
    dependencies=[Depends(allow(*READERS))],
)  # fmt: skip
def states(office: OfficeDep) -> Response:
    return private(switching.states(office))


@router.post(
    "/switches", status_code=201, operation_id="propose_switch", summary="Propose to name who refused",
    response_model=Proposal, responses=problems(*WRITE, StepNotAllowed),
)  # fmt: skip
def propose_on(office: OfficeDep, steward: Steward, request: SwitchRequest) -> Response:
    return private(switching.propose_on(office, request, actor_of(steward)), 201)


@router.delete(
    "/switches/{switch}/{programme}", operation_id="switch_off", summary="Off, by one person, at once",
    response_model=SwitchState, responses=problems(*WRITE, NotFound),
)  # fmt: skip
def off(
    office: OfficeDep, anybody: Anybody, switch: Annotated[str, Path(max_length=80)], programme: BasisId
) -> Response:
    return private(switching.off(office, switch, programme, actor_of(anybody)))
