"""What the routes share: the office, strict queries, private answers."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Depends, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from services.consent.problems import ConsentClosed, JournalUnavailable
from services.consent.workflow.decisions import Actor, Sent
from services.consent.workflow.office import Office
from shared.contracts.base import Contract
from shared.contracts.consent import Nameable
from shared.kit.auth import Caller, allow
from shared.kit.tags import if_match


class Query(BaseModel):
    """Base of every route's query: an unknown name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


async def office_of(request: Request) -> Office:
    """Raises ConsentClosed: while the door is shut no route has an office. Not in a thread: all may be waiting."""
    office: Office = request.app.state.office
    office.keeper.check_open()
    return office


def private(body: Contract, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that nobody may keep."""
    return Response(
        body.model_dump_json(), status, media_type="application/json",
        headers={"Cache-Control": "no-store"} | dict(headers or {}),
    )  # fmt: skip


def actor_of(caller: Caller) -> Actor:
    """Who is written down as the one who recorded."""
    return Actor(caller.name, getattr(caller, "assurance", None))


CLOSED: Final = (ConsentClosed, JournalUnavailable)  # what every route with an office may answer
NEIGHBOURS = ("service:gateway", "service:ratings")
OfficeDep = Annotated[Office, Depends(office_of)]
Officer = Annotated[Caller, Depends(allow("officer"))]
Seen = Annotated[int | None, Depends(if_match)]
Gmc = Annotated[Nameable, Path()]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=200)]


async def sent_with(seen: Seen, idempotency_key: Key = None) -> Sent:
    return Sent(seen, idempotency_key)


SentDep = Annotated[Sent, Depends(sent_with)]
