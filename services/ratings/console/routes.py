"""Where the console begins: releases, whose turn it is, and which step may be taken now."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from services.ratings.console.gating import MAKERS
from services.ratings.console.people import AUDIT
from services.ratings.console.words import Words
from services.ratings.routes import OfficeDep
from services.ratings.workflow.releases import all_releases
from shared.kit.console.gate import Visitor, signed_in

router: Final = APIRouter(include_in_schema=False, tags=["console"])


@router.get("/console")
def start(visitor: Annotated[Visitor, Depends(signed_in(*AUDIT))], office: OfficeDep) -> Response:
    return visitor.page(
        "releases.jinja", "Releases", releases=all_releases(office).releases, words=Words(office.catalogue),
        reads=bool(visitor.caller.roles & (MAKERS | {"auditor"})),
    )  # fmt: skip
