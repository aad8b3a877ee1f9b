"""Gateway processes begin, say how far they have come, and leave; officers and whoever watches them see it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Response
from fastapi.concurrency import run_in_threadpool

from services.consent.problems import (
    ConsentClosed,
    IncarnationEnded,
    IncarnationSuperseded,
    IncarnationUnknown,
    JournalUnavailable,
)
from services.consent.routes.parts import OfficeDep, private
from services.consent.workflow import gateways as verbs
from shared.contracts.consent import Begin, Confirmation, Fence, GatewayName, Gateways, Registration
from shared.kit.auth import allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/gateways", tags=["gateways"])
COMMON = (NotSignedIn, RoleNotAllowed, ConsentClosed, JournalUnavailable)
REFUSED = (IncarnationSuperseded, IncarnationEnded, ValueNotAllowed)
Key = Annotated[str | None, Header(max_length=200)]
Name = Annotated[GatewayName, Path()]


def done() -> Response:
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


@router.put(
    "/{name}", operation_id="register", summary="A gateway process begins", response_model=Registration,
    responses=problems(*COMMON, *REFUSED), dependencies=[Depends(allow("service:gateway"))],
)  # fmt: skip
def register(office: OfficeDep, name: Name, begin: Begin | None = None, idempotency_key: Key = None) -> Response:
    """Repeatable under its key, one for each process; without a key, or under another, the one before is refused."""
    return private(verbs.register(office, name, idempotency_key, begin or Begin()))


@router.post(
    "/{name}/confirmations", status_code=204, operation_id="confirm", summary="Which revision is applied",
    responses=problems(*COMMON, *REFUSED, IncarnationUnknown), dependencies=[Depends(allow("service:gateway"))],
)  # fmt: skip
async def confirm(office: OfficeDep, name: Name, said: Confirmation) -> Response:
    """Waits for nobody, but when a process leaves for good."""
    if said.leaving:
        await run_in_threadpool(verbs.leave, office, name, said)
    else:
        verbs.confirm(office, name, said)
    return done()


@router.post(
    "/{name}/fence", status_code=204, operation_id="fence", summary="A gateway process has ended",
    responses=problems(*COMMON, NotFound, ValueNotAllowed), dependencies=[Depends(allow("service:supervisor"))],
)  # fmt: skip
def fence(office: OfficeDep, name: Name, given: Fence) -> Response:
    """With proof. It is not answered any more, and nobody waits for it; the same again changes nothing."""
    verbs.fence(office, name, given)
    return done()


@router.get(
    "", operation_id="gateways", summary="Which gateway processes may be sending, and how far each is",
    response_model=Gateways, responses=problems(*COMMON),
    dependencies=[Depends(allow("officer", "auditor", "service:supervisor"))],
)  # fmt: skip
def gateways(office: OfficeDep) -> Response:
    return private(verbs.listed(office))
