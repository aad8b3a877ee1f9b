"""What gateways and ratings ask: where the ledger ends, what changed, who may be named."""

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from services.consent.problems import (
    ConsentClosed,
    IncarnationEnded,
    IncarnationSuperseded,
    IncarnationUnknown,
    JournalUnavailable,
    LawTurning,
)
from services.consent.routes import parts
from services.consent.routes.parts import NEIGHBOURS, OfficeDep, private
from services.consent.workflow import permissions as verbs
from services.consent.workflow.fleet import Caller
from shared.contracts.base import Count
from shared.contracts.consent import Changes, GatewayName, Head, Incarnation, Permissions, Programme
from shared.kit import auth
from shared.kit.asking import each_once, once_each
from shared.kit.auth import allow
from shared.kit.problems import (
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)

router = APIRouter(prefix="/v1", tags=["neighbours"])
MOST_NUMBER: Final = 2**63 - 1  # what a database can compare with
CLOSED = (ConsentClosed, JournalUnavailable)
Neighbour = Annotated[auth.Caller, Depends(allow(*NEIGHBOURS))]
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed)


class ChangesQuery(parts.Query):
    after: Annotated[Count, Field(le=MOST_NUMBER)]
    upto: Annotated[Count, Field(le=MOST_NUMBER)]


class PermissionsQuery(parts.Query):
    programme: Annotated[str | None, Field(max_length=80)] = None


class HeadQuery(parts.Query):
    gateway: GatewayName | None = None
    incarnation: Incarnation | None = None


async def asking(caller: Neighbour, query: Annotated[HeadQuery, Query()]) -> Caller | None:
    """Raises ValueNotAllowed: a gateway says which process it is, and nobody else is one."""
    if "service:gateway" not in caller.roles:
        if query.gateway is not None or query.incarnation is not None:
            raise ValueNotAllowed("Only a gateway says which process it is.", errors=[{"parameter": "gateway"}])
        return None
    if query.gateway is None or query.incarnation is None:
        missing = [name for name in ("gateway", "incarnation") if getattr(query, name) is None]
        raise ValueNotAllowed("A gateway says which process it is.", errors=[{"parameter": name} for name in missing])
    return Caller(query.gateway, query.incarnation)


@router.get(
    "/head", operation_id="head", summary="The newest committed revision", response_model=Head,
    responses=problems(*QUERY, *CLOSED, IncarnationSuperseded, IncarnationUnknown, IncarnationEnded, LawTurning),
    dependencies=[Depends(each_once)],
)  # fmt: skip
async def head(caller: Annotated[Caller | None, Depends(asking)], office: OfficeDep) -> Response:
    """Never behind a queue of writers, and never on a thread that others wait for."""
    return private(await verbs.head(office, caller))


@router.get(
    "/changes", operation_id="changes", summary="Who became nameable or not, revision by revision",
    response_model=Changes, responses=problems(*QUERY, *CLOSED),
    dependencies=[Depends(allow(*NEIGHBOURS)), Depends(once_each)],
)  # fmt: skip
def changes(office: OfficeDep, query: Annotated[ChangesQuery, Query()]) -> Response:
    return private(verbs.changes(office, query.after, query.upto))


@router.get(
    "/permissions", operation_id="permissions", summary="Who may be named now", response_model=Permissions,
    responses=problems(*QUERY, *CLOSED), dependencies=[Depends(allow("service:ratings")), Depends(once_each)],
)  # fmt: skip
def permissions(office: OfficeDep, query: Annotated[PermissionsQuery, Query()]) -> Response:
    return private(verbs.permissions(office, query.programme))


@router.get(
    "/programmes", operation_id="programmes", summary="What people consent to, and on what ground",
    response_model=list[Programme], responses=problems(NotSignedIn, RoleNotAllowed, *CLOSED),
    dependencies=[Depends(allow("officer", "service:ratings"))],
)  # fmt: skip
def programmes(office: OfficeDep) -> Response:
    body = orjson.dumps([one.model_dump(mode="json") for one in verbs.programmes(office)])
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
