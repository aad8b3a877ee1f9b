"""How much a withdrawal would hide: counts that ratings gives. Nobody has to read this page before they withdraw."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from services.consent.console.persons import CRUMBS, READERS, Alias
from services.consent.console.words import words_of
from services.consent.problems import ImpactUnknown
from services.consent.routes import parts
from services.consent.routes.impact import RatingsDep
from services.consent.routes.parts import OfficeDep
from services.consent.workflow import desk
from services.consent.workflow.impact import key_of
from services.consent.workflow.office import Office
from shared.contracts.consent import Purpose
from shared.contracts.impact import Impact
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import NotFound


class About(parts.Query):
    programme: Annotated[str, Field(max_length=80)]
    purpose: Annotated[str, Field(max_length=20)]


router: Final = APIRouter(prefix="/console/people/{alias}", include_in_schema=False, tags=["console"])


@router.get("/impact")
async def impact(
    visitor: Annotated[Visitor, Depends(signed_in(*READERS))], office: OfficeDep, ratings: RatingsDep, alias: Alias,
    about: Annotated[About, Query()],
) -> Response:  # fmt: skip
    """Waits on no thread: however long ratings takes, withdrawals have theirs."""
    found, key = await run_in_threadpool(_opened, office, alias, about)
    told: Impact | None = None
    why = ""
    try:
        told = await ratings.impact(key)
    except ImpactUnknown as unknown:
        why = unknown.why

    def page() -> Response:
        return visitor.page(
            "impact.jinja", "What a withdrawal would hide", crumbs=[*CRUMBS, ("Record", f"/console/people/{alias}")],
            found=found, standing=found.standing(about.programme, about.purpose), told=told, why=why,
            words=words_of(office), may_write="officer" in visitor.caller.roles,
        )  # fmt: skip

    return await run_in_threadpool(page)


def _opened(office: Office, alias: str, about: About) -> tuple[desk.Opened, str]:
    """Raises NotFound."""
    if about.purpose not in set(Purpose):
        raise NotFound
    found = desk.opened(office, alias)
    return found, key_of(office, found, about.programme, Purpose(about.purpose))
