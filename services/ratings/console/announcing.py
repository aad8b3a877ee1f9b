"""Days on which releases are announced to come."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from pydantic import ValidationError

from services.ratings.console.words import Words
from services.ratings.routes import OfficeDep
from services.ratings.workflow import calendar
from services.ratings.workflow.office import Office
from shared.contracts.calendar import Announcement
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import NotFound, ValueNotAllowed

router: Final = APIRouter(prefix="/console/calendar", include_in_schema=False, tags=["console"])
READERS: Final = frozenset({"analyst", "reviewer", "publisher", "auditor"})
CRUMBS: Final = (("Releases", "/console"),)
OPTIONAL: Final = ("instead_of", "reason", "correction_of")
HINTS: Final = {
    "day": "Give the day as year, month and day.", "title": "Write what comes on that day, in one line.",
    "instead_of": "Choose a day that is announced.", "reason": "A day is moved with a reason, and only then.",
    "correction_of": "Name a release, as 2026-09-30.",
}  # fmt: skip


@router.get("")
def announced(visitor: Annotated[Visitor, Depends(signed_in(*READERS))], office: OfficeDep) -> Response:
    return _page(visitor, office)


@router.post("")
def announce(visitor: Annotated[Visitor, Depends(signed_in("publisher"))], office: OfficeDep) -> Response:
    try:
        given = visitor.take("day", "title", optional=OPTIONAL)
        calendar.announce(office, Announcement.model_validate(given), visitor.caller.name)
    except ValidationError as wrong:
        return _page(visitor, office, {str(one["loc"][0]): "" for one in wrong.errors()})
    except NotFound:
        return _page(visitor, office, {"correction_of": ""})
    except ValueNotAllowed as refused:
        said = refused.detail if any("expected" in one for one in refused.errors) else ""
        return _page(visitor, office, {one.get("pointer", "day"): said for one in refused.errors})
    visitor.say("Announced.")
    return visitor.go("/console/calendar")


def _page(visitor: Visitor, office: Office, wrong: Mapping[str, str] | None = None) -> Response:
    """`wrong`: field → what the workflow said of it, empty where our own words are plainer."""
    given = {name: values[0] for name, values in visitor.form.values.items() if values}
    hints = {name: said or HINTS.get(name, HINTS["day"]) for name, said in (wrong or {}).items()}
    return visitor.page(
        "calendar.jinja", "Announced days", crumbs=CRUMBS, status=422 if wrong else 200,
        errors=[{"pointer": name, "hint": hint} for name, hint in hints.items()],
        calendar=calendar.calendar(office), given=given, words=Words(office.catalogue),
        publisher="publisher" in visitor.caller.roles,
    )  # fmt: skip
