"""Where the console begins, and its own files."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from services.consent.console.assets import assets
from services.consent.console.gate import Visitor, signed_in
from services.consent.console.people import OFFICE
from services.consent.console.words import words_of
from services.consent.routes.parts import OfficeDep
from services.consent.workflow import dashboard
from shared.kit.auth import PUBLIC, allow
from shared.kit.pages import FOR_EVER
from shared.kit.problems import NotFound

router: Final = APIRouter(include_in_schema=False, tags=["console"])


@router.get("/console")
def start(visitor: Annotated[Visitor, Depends(signed_in(*OFFICE))], office: OfficeDep) -> Response:
    """What is due, in counts: nobody is named, and no share of people who agree is anybody's target."""
    return visitor.page(
        "dashboard.jinja", "What is due", due=dashboard.due(office), words=words_of(office),
        officer="officer" in visitor.caller.roles,
    )  # fmt: skip


@router.get("/console/static/{name}", dependencies=[Depends(allow(PUBLIC))])
async def static(name: str) -> Response:
    """A file of the console under a name that carries its digest: any other name is not there."""
    found = assets().by_name().get(name)
    if found is None:
        raise NotFound
    headers = {"Cache-Control": FOR_EVER, "Content-Security-Policy": "default-src 'none'"}
    return Response(found.content, media_type=found.media_type, headers=headers)
