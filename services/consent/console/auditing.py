"""The ledger, page by page, for who checks it: nothing is changed here, and nobody is searched by what they decided."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response

from services.consent.console.words import words_of
from services.consent.routes.parts import OfficeDep
from services.consent.workflow import chain
from shared.contracts.base import Count
from shared.kit.console.gate import Visitor, signed_in

router: Final = APIRouter(prefix="/console/audit", include_in_schema=False, tags=["console"])
Auditor = Annotated[Visitor, Depends(signed_in("auditor"))]
CRUMBS: Final = (("Start", "/console"),)


@router.get("")
def audit(visitor: Auditor, office: OfficeDep, after: Annotated[Count | None, Query(le=2**53)] = None) -> Response:
    """The newest page where no other is asked for."""
    page = chain.page(office, after)
    return visitor.page(
        "audit.jinja", "The ledger", crumbs=CRUMBS, entries=page.entries, end=page.end, earlier=page.earlier,
        later=page.later, words=words_of(office),
    )  # fmt: skip


@router.post("/check")
def check(visitor: Auditor, office: OfficeDep) -> Response:
    """By the code of its own that the command line uses too."""
    visitor.take()
    found = chain.checked(office)
    visitor.say(found.sentence, "success" if found.sound else "information")
    return visitor.go("/console/audit")
