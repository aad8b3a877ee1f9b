"""Gateways say that they are there and how far they have come; officers see it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request, Response

from services.consent.problems import ConsentClosed, IncarnationSuperseded, IncarnationUnknown, JournalUnavailable
from services.consent.routes.parts import OfficeDep, private
from services.consent.workflow import gateways as verbs
from services.consent.workflow.gateways import Confirmed
from shared.contracts.consent import Confirmation, GatewayName, Gateways, Registration
from shared.kit.auth import allow
from shared.kit.problems import NotSignedIn, RoleNotAllowed, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/gateways", tags=["gateways"])
COMMON = (NotSignedIn, RoleNotAllowed, ConsentClosed, JournalUnavailable)
Key = Annotated[str | None, Header(max_length=200)]
Name = Annotated[GatewayName, Path()]


def confirmed_of(request: Request) -> Confirmed:
    confirmed: Confirmed = request.app.state.confirmed
    return confirmed


ConfirmedDep = Annotated[Confirmed, Depends(confirmed_of)]


@router.put(
    "/{name}", operation_id="register", summary="A gateway process begins", response_model=Registration,
    responses=problems(*COMMON, IncarnationSuperseded, ValueNotAllowed),
    dependencies=[Depends(allow("service:gateway"))],
)  # fmt: skip
def register(office: OfficeDep, confirmed: ConfirmedDep, name: Name, idempotency_key: Key = None) -> Response:
    """Repeatable under its key, one for each process; without a key, or under another, the one before is ended."""
    return private(verbs.register(office, confirmed, name, idempotency_key))


@router.post(
    "/{name}/confirmations", status_code=204, operation_id="confirm", summary="Which revision is applied",
    responses=problems(*COMMON, IncarnationSuperseded, IncarnationUnknown, ValueNotAllowed),
    dependencies=[Depends(allow("service:gateway"))],
)  # fmt: skip
def confirm(office: OfficeDep, confirmed: ConfirmedDep, name: Name, said: Confirmation) -> Response:
    verbs.confirm(office, confirmed, name, said)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


@router.get(
    "", operation_id="gateways", summary="Which gateways there are, and how far each is", response_model=Gateways,
    responses=problems(*COMMON), dependencies=[Depends(allow("officer"))],
)  # fmt: skip
def gateways(office: OfficeDep, confirmed: ConfirmedDep) -> Response:
    return private(verbs.listed(office, confirmed))
