"""A consultant's own pages: my choice, and everything that was recorded. Whose they are comes from the account."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from pydantic import ValidationError

from services.consent.console.deciding import seen_of
from services.consent.console.people import CONSULTANT
from services.consent.console.withdrawing import DecisionId, entry_for, saved_page
from services.consent.console.words import words_of
from services.consent.domain.standing import Subject
from services.consent.problems import RevisionChanged
from services.consent.routes.parts import OfficeDep
from services.consent.workflow import decisions as verbs
from services.consent.workflow import desk, rights
from services.consent.workflow.decisions import SELF, Actor, Sent
from services.consent.workflow.desk import Opened, Wording
from services.consent.workflow.office import Office
from services.consent.workflow.prospects import Prospect, prospects
from shared.contracts.consent import (
    Act,
    Decision,
    DecisionRequest,
    Notice,
    Purpose,
    RightRequest,
    Standing,
    WithdrawalRequest,
)
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import NotFound, ValueNotAllowed

router: Final = APIRouter(prefix="/me", include_in_schema=False, tags=["own pages"])
CHANNEL: Final = "self-service"
Person = Annotated[Visitor, Depends(signed_in(*CONSULTANT))]
CRUMBS: Final = (("My pages", "/me"),)
MOVED: Final = "Something was recorded about you since you opened this page. This is how it stands now; choose again."


@dataclass(frozen=True)
class Choice:
    """One purpose with where the person stands, the statement that a yes would be given under, and where each choice
    would leave them."""

    standing: Standing
    wording: Wording | None
    would: Mapping[str, Prospect]


@router.get("")
def mine(visitor: Person, office: OfficeDep) -> Response:
    """My choice comes first: there is nothing else of the person here."""
    return _page(visitor, office, desk.own(office, visitor.subject))


@router.get("/history")
def history(visitor: Person, office: OfficeDep) -> Response:
    found = desk.own(office, visitor.subject)
    return visitor.page(
        "history.jinja", "What was recorded", crumbs=CRUMBS, found=found, words=words_of(office),
        receipts=visitor.request.app.state.signer is not None,
    )  # fmt: skip


@router.post("/choice")
def choose(visitor: Person, office: OfficeDep) -> Response:
    """One step, whichever choice it is. To agree or to decline must have seen the record; to withdraw never."""
    found = desk.own(office, visitor.subject)
    given = visitor.take("programme", "purpose", "act", "seen", optional=("notice", "sha256", "key"))
    if found.standing(given["programme"], given["purpose"]) is None:
        raise NotFound
    try:
        decision = _decided(visitor, office, found.record.gmc, given)
    except (ValueNotAllowed, RevisionChanged) as refused:
        moved = isinstance(refused, RevisionChanged)
        hint = MOVED if moved else "This could not be recorded as it was. Choose again."
        return _page(visitor, office, desk.own(office, visitor.subject), [{"pointer": "maincontent", "hint": hint}])
    return visitor.go(f"/me/saved/{decision.decision}")


@router.post("/objection")
def objection(visitor: Person, office: OfficeDep) -> Response:
    """One step, as a choice is: hidden at once, until the office has answered."""
    found = desk.own(office, visitor.subject)
    given = visitor.take("programme", "purpose", "key")
    if found.standing(given["programme"], given["purpose"]) is None:
        raise NotFound
    request = RightRequest(
        programme=given["programme"], purpose=Purpose(given["purpose"]), act=Act.OBJECTION_RAISED, channel=CHANNEL
    )
    by = Actor(SELF, visitor.caller.assurance)
    decision = rights.take(office, found.record.gmc, request, Sent(key=given["key"]), by)
    return visitor.go(f"/me/saved/{decision.decision}")


@router.get("/saved/{decision}")
def saved(visitor: Person, office: OfficeDep, decision: DecisionId) -> Response:
    entry = entry_for(office, desk.alias_of(office, visitor.subject), decision)
    return saved_page(
        visitor, office, entry, crumbs=CRUMBS, here=f"/me/saved/{decision}", back="/me", back_words="Back to my choice"
    )


def _decided(visitor: Visitor, office: Office, number: str, given: dict[str, str]) -> Decision:
    by = Actor(SELF, visitor.caller.assurance)
    if given["act"] == Act.WITHDRAWN:
        request = WithdrawalRequest(programme=given["programme"], purpose=Purpose(given["purpose"]), channel=CHANNEL)
        return verbs.withdraw(office, number, request, given.get("key"), by)
    try:
        notice = Notice(version=int(given["notice"]), sha256=given.get("sha256")) if "notice" in given else None
        asked = DecisionRequest(
            programme=given["programme"], purpose=Purpose(given["purpose"]), act=given["act"],
            notice=notice, channel=CHANNEL,
        )  # fmt: skip
    except (ValidationError, ValueError):
        raise ValueNotAllowed("The form is not one of ours.") from None
    if asked.act is Act.ASKED:
        raise ValueNotAllowed("Nobody asks themselves.")
    return verbs.decide(office, number, asked, Sent(seen_of(given), given.get("key")), by)


def _page(visitor: Visitor, office: Office, found: Opened, errors: list[dict[str, str]] | None = None) -> Response:
    choices = [_choice(office, found.alias, one) for one in found.record.standings]
    return visitor.page(
        "choice.jinja", "My choice", status=422 if errors else 200, errors=errors or [], found=found, choices=choices,
        words=words_of(office), key=secrets.token_hex(16),
    )  # fmt: skip


def _choice(office: Office, alias: str, standing: Standing) -> Choice:
    wording = next(iter(desk.wordings(office, standing.programme)), None)
    subject = Subject(alias, standing.programme, standing.purpose)
    return Choice(standing, wording, prospects(office, subject, wording.version if wording else None))
