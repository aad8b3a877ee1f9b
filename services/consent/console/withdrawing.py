"""Withdraw: one page, one button, no reason, no second person; then what is saved, and when nothing goes out still."""

import secrets
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from services.consent.console.persons import CRUMBS, Alias
from services.consent.console.words import words_of
from services.consent.ledger import Entry
from services.consent.routes.parts import OfficeDep, actor_of
from services.consent.workflow import decisions as verbs
from services.consent.workflow import desk, effective, prospects
from services.consent.workflow.office import Office
from shared.contracts.consent import Purpose, WithdrawalRequest
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import NotFound

router: Final = APIRouter(prefix="/console/people/{alias}", include_in_schema=False, tags=["console"])
CHANNEL: Final = "console"
DecisionId = Annotated[str, Path(pattern=r"^d-[a-z2-7]{12}$")]
Officer = Annotated[Visitor, Depends(signed_in("officer"))]


@router.get("/withdrawal")
def begin(
    visitor: Officer, office: OfficeDep, alias: Alias,
    programme: Annotated[str, Query(max_length=80)], purpose: Annotated[str, Query(max_length=20)],
) -> Response:  # fmt: skip
    found = desk.opened(office, alias)
    if found.standing(programme, purpose) is None:
        raise NotFound
    return visitor.page(
        "withdrawal.jinja", "Withdraw", crumbs=[*CRUMBS, ("Record", f"/console/people/{alias}")], found=found,
        programme=programme, purpose=purpose, key=secrets.token_hex(16), words=words_of(office),
    )  # fmt: skip


@router.post("/withdrawal")
def withdraw(visitor: Officer, office: OfficeDep, alias: Alias) -> Response:
    given = visitor.take("programme", "purpose", "key")
    found = desk.opened(office, alias)
    if found.standing(given["programme"], given["purpose"]) is None:
        raise NotFound
    request = WithdrawalRequest(programme=given["programme"], purpose=Purpose(given["purpose"]), channel=CHANNEL)
    decision = verbs.withdraw(office, found.record.gmc, request, given["key"], actor_of(visitor.caller))
    return visitor.go(f"/console/people/{alias}/saved/{decision.decision}")


@router.get("/saved/{decision}")
def saved(visitor: Officer, office: OfficeDep, alias: Alias, decision: DecisionId) -> Response:
    return saved_page(
        visitor, office, entry_for(office, alias, decision), here=f"/console/people/{alias}/saved/{decision}",
        back=f"/console/people/{alias}", back_words="Back to the record",
    )  # fmt: skip


def saved_page(visitor: Visitor, office: Office, entry: Entry, **rest: Any) -> Response:
    """What is recorded, and what it has led to: told by the outcome, which the ground decides, never by the act."""
    if entry.about is None:
        raise NotFound
    return visitor.page(
        "saved.jinja", "Saved", decision=effective.told(office, entry), words=words_of(office),
        ending=prospects.ending(office, entry, entry.about), **rest,
    )  # fmt: skip


def entry_for(office: Office, alias: str, decision: str) -> Entry:
    """A decision of this person. Raises NotFound, also where it is another person's."""
    entry = effective.entry_of(office, decision)
    if entry.subject != alias:
        raise NotFound
    return entry
