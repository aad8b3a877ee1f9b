"""Record a decision: fill in, check, confirm. What was filled in travels in the form; nothing is chosen for anybody. A
record that moved meanwhile is shown as it is now, with what was filled in kept."""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from pydantic import ValidationError

from services.consent.console.persons import CRUMBS, Alias
from services.consent.console.words import words_of
from services.consent.domain.facts import ALWAYS, Span
from services.consent.domain.standing import Happened, Subject
from services.consent.problems import RevisionChanged
from services.consent.routes.parts import OfficeDep, actor_of
from services.consent.workflow import decisions as verbs
from services.consent.workflow import desk, prospects
from services.consent.workflow.desk import Opened
from services.consent.workflow.office import Office, day_of
from services.consent.workflow.prospects import Prospect
from shared.contracts.consent import DecisionRequest, Notice, Scope
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import NotFound, ValueNotAllowed

router: Final = APIRouter(prefix="/console/people/{alias}/decision", include_in_schema=False, tags=["console"])
Officer = Annotated[Visitor, Depends(signed_in("officer"))]
WHICH: Final = ("programme", "purpose", "seen")
FILLED: Final = ("act", "notice", "decided_on", "channel", "reason", "scope_first", "scope_last", "evidence")
CHECKED: Final = (*FILLED, "key")  # the key is of the page that asks to confirm: pressed twice, it is one event
CHANNELS: Final = ("letter", "e-mail", "telephone", "meeting")
FIELDS: Final = {"notice/version": "notice", "scope/first": "scope_first", "scope/last": "scope_last"}
Refused = ValueNotAllowed | RevisionChanged
MOVED: Final = "Somebody else has recorded something about this person since. This is how it stands now; check again."


@router.get("")
def begin(
    visitor: Officer, office: OfficeDep, alias: Alias,
    programme: Annotated[str, Query(max_length=80)], purpose: Annotated[str, Query(max_length=20)],
) -> Response:  # fmt: skip
    return _form(visitor, office, desk.opened(office, alias), {"programme": programme, "purpose": purpose})


@router.post("/check")
def check(visitor: Officer, office: OfficeDep, alias: Alias) -> Response:
    """Everything that can be refused without recording is refused here, beside its field."""
    found, given = desk.opened(office, alias), visitor.take(*WHICH, optional=FILLED)
    try:
        request = request_of(given)
        verbs.check(office, found.record.gmc, request, seen_of(given))
    except (ValueNotAllowed, RevisionChanged) as refused:
        return _form(visitor, office, found, given, refused)
    shown = {name: given.get(name, "") for name in (*WHICH, *FILLED)} | {"key": secrets.token_hex(16)}
    return visitor.page(
        "decision_check.jinja", "Check before it is recorded", crumbs=_crumbs(alias), found=found,
        words=words_of(office), given=shown,
        would=_would(office, alias, request),
    )  # fmt: skip


@router.post("/change")
def change(visitor: Officer, office: OfficeDep, alias: Alias) -> Response:
    return _form(visitor, office, desk.opened(office, alias), visitor.take(*WHICH, optional=CHECKED))


@router.post("")
def record(visitor: Officer, office: OfficeDep, alias: Alias) -> Response:
    found, given = desk.opened(office, alias), visitor.take(*WHICH, optional=CHECKED)
    try:
        sent = verbs.Sent(seen_of(given), given.get("key"))
        decision = verbs.decide(office, found.record.gmc, request_of(given), sent, actor_of(visitor.caller))
    except (ValueNotAllowed, RevisionChanged) as refused:
        return _form(visitor, office, desk.opened(office, alias), given, refused)
    return visitor.go(f"/console/people/{alias}/saved/{decision.decision}")


def request_of(given: Mapping[str, str]) -> DecisionRequest:
    """Raises ValueNotAllowed, with the fields that are wrong."""
    try:
        first, last = given.get("scope_first"), given.get("scope_last")
        return DecisionRequest(
            programme=given["programme"], purpose=given["purpose"], act=given.get("act", ""),
            notice=Notice(version=int(given["notice"])) if given.get("notice") else None,
            scope=Scope(first=_day(first), last=_day(last)) if first or last else None,
            decided_on=_day(given.get("decided_on")), reason=given.get("reason"), channel=given.get("channel", ""),
            evidence=given.get("evidence"),
        )  # fmt: skip
    except ValidationError as wrong:
        pointers = [str(one["loc"][0]) for one in wrong.errors()]
        hints = {"act": "Choose what happened."}
        errors = [{"pointer": name, "hint": hints.get(name, "This cannot be understood.")} for name in pointers]
        raise ValueNotAllowed("The form could not be taken as it is.", errors=errors) from None
    except ValueError:
        error = {"pointer": "decided_on", "hint": "Give days as year, month and day."}
        raise ValueNotAllowed("The form could not be taken as it is.", errors=[error]) from None


def _would(office: Office, alias: str, request: DecisionRequest) -> Prospect:
    """Where it would leave the person today."""
    scope = Span(request.scope.first, request.scope.last) if request.scope else ALWAYS
    version = request.notice.version if request.notice else None
    day = request.decided_on or day_of(office.clock())
    event = Happened(request.act, day, 0, version, scope, request.reason)
    return prospects.after(office, Subject(alias, request.programme, request.purpose), event)


def seen_of(given: Mapping[str, str]) -> int:
    """Raises ValueNotAllowed."""
    if not (given["seen"].isascii() and given["seen"].isdigit() and len(given["seen"]) < 19):
        raise ValueNotAllowed("The form is not one of ours.", errors=[{"pointer": "act", "hint": "Start again."}])
    return int(given["seen"])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _errors(refused: Refused | None) -> list[dict[str, Any]]:
    if refused is None:
        return []
    if isinstance(refused, RevisionChanged):
        return [{"pointer": "act", "hint": MOVED}]
    return [one | {"pointer": FIELDS.get(one.get("pointer", ""), one.get("pointer", "act"))} for one in refused.errors]


def _form(
    visitor: Visitor, office: Office, found: Opened, given: Mapping[str, str], refused: Refused | None = None
) -> Response:
    """Again with what was wrong, where it was `refused`."""
    standing = found.standing(given["programme"], given["purpose"])
    if standing is None:
        raise NotFound
    return visitor.page(
        "decision.jinja", "Record a decision", status=422 if refused else 200, errors=_errors(refused),
        crumbs=_crumbs(found.alias), found=found, standing=standing, programme=given["programme"],
        purpose=given["purpose"], words=words_of(office), given={name: given.get(name, "") for name in FILLED},
        channels=CHANNELS, reasons=office.policy.reasons, wordings=desk.wordings(office, given["programme"]),
    )  # fmt: skip


def _crumbs(alias: str) -> list[tuple[str, str]]:
    return [*CRUMBS, ("Record", f"/console/people/{alias}")]
