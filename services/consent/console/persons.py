"""Pages about people: who stands where, and one record. Addresses have aliases: a number would stand in every log."""

import re
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from services.consent.console.words import words_of
from services.consent.domain.facts import Word
from services.consent.routes.parts import OfficeDep
from services.consent.store import Wanted
from services.consent.workflow import desk
from services.consent.workflow.consultants import people_listed
from services.consent.workflow.lawgiving import legal_bases
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import NotFound, ValueNotAllowed

router: Final = APIRouter(prefix="/console/people", include_in_schema=False, tags=["console"])
READERS: Final = ("officer", "auditor")
PAGE: Final = 50
ALIAS: Final = r"^(p-[0-9a-f]{32}|[0-9]{7}|[A-Z][0-9A-Z]{2,5})$"
NUMBER: Final = re.compile(r"[0-9]{7}|[A-Z][0-9A-Z]{2,5}")
Alias = Annotated[str, Path(pattern=ALIAS)]
Reader = Annotated[Visitor, Depends(signed_in(*READERS))]
CRUMBS: Final = (("Start", "/console"), ("People", "/console/people"))
STATES: Final = (Word.NOT_SOUGHT, Word.ASKED)  # what is due; who refused or withdrew is no list


@router.get("")
def people(
    visitor: Reader, office: OfficeDep,
    programme: Annotated[str, Query(max_length=80)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str | None, Query(pattern=ALIAS)] = None,
) -> Response:  # fmt: skip
    """`after` is the alias of the last person on the page before."""
    if programme and programme not in office.policy.programmes:
        raise NotFound
    if state not in {"", *STATES}:
        raise NotFound
    number = desk.opened(office, after).record.gmc if after else ""
    wanted = Wanted(number, PAGE, Word(state) if state else None, programme or None)
    found, following = people_listed(office, wanted)
    return visitor.page(
        "people.jinja", "People", crumbs=CRUMBS[:1], found=found, following=following, programme=programme, state=state,
        programmes=office.policy.programmes, states=STATES, words=words_of(office), number="",
    )  # fmt: skip


@router.post("/find")
def find(visitor: Reader, office: OfficeDep) -> Response:
    """By number: sent in a form, so that it stands in no address."""
    try:
        number = visitor.take("number")["number"].replace(" ", "").upper()
        if not NUMBER.fullmatch(number):
            raise _nobody("A GMC number has seven digits; a practice's code begins with a letter.")
        return visitor.go(f"/console/people/{desk.alias_of(office, number)}")
    except NotFound:
        refused = _nobody("Nobody on the register has this number. Import the register first.")
    except ValueNotAllowed as error:
        refused = error
    found, following = people_listed(office, Wanted("", PAGE))
    return visitor.page(
        "people.jinja", "People", crumbs=CRUMBS[:1], errors=refused.errors, status=422, found=found,
        following=following, programme="", state="", programmes=office.policy.programmes, states=STATES,
        words=words_of(office), number="",
    )  # fmt: skip


@router.get("/{alias}")
def person(visitor: Reader, office: OfficeDep, alias: Alias, on: Annotated[str, Query(max_length=10)] = "") -> Response:
    """One record; `on` asks for the ground in law on a chosen day."""
    found = desk.opened(office, alias)
    try:
        day = date.fromisoformat(on) if on else office.clock().date()
    except ValueError:
        raise NotFound from None
    enrolled = sorted({one.programme for one in found.record.standings})
    grounds = [(name, [one for one in legal_bases(office, name, day).bases if one.in_force]) for name in enrolled]
    return visitor.page(
        "person.jinja", "One person's record", crumbs=CRUMBS, found=found, grounds=grounds, day=day,
        words=words_of(office), may_write="officer" in visitor.caller.roles,
        receipts=visitor.request.app.state.signer is not None,
    )  # fmt: skip


def _nobody(hint: str) -> ValueNotAllowed:
    return ValueNotAllowed("Nobody was found.", errors=[{"pointer": "number", "hint": hint}])
