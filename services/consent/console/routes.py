"""Where the console begins."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from services.consent.console.people import OFFICE
from services.consent.console.words import words_of
from services.consent.routes.parts import OfficeDep
from services.consent.workflow import dashboard
from shared.kit.console.gate import Visitor, signed_in

router: Final = APIRouter(include_in_schema=False, tags=["console"])


@router.get("/console")
def start(visitor: Annotated[Visitor, Depends(signed_in(*OFFICE))], office: OfficeDep) -> Response:
    """What is due, in counts: nobody is named, and no share of people who agree is anybody's target."""
    return visitor.page(
        "dashboard.jinja", "What is due", due=dashboard.due(office), words=words_of(office),
        officer="officer" in visitor.caller.roles,
    )  # fmt: skip
