"""Objections and restrictions that wait for their outcome. What may show somebody again must have seen the record."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from pydantic import ValidationError

from services.consent.console.deciding import seen_of
from services.consent.console.words import words_of
from services.consent.problems import RevisionChanged
from services.consent.routes.parts import OfficeDep, actor_of
from services.consent.workflow import dashboard, desk, rights
from services.consent.workflow.decisions import Sent
from services.consent.workflow.office import Office
from shared.contracts.consent import Purpose, RightRequest
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import Problem, ValueNotAllowed

router: Final = APIRouter(prefix="/console/queue", include_in_schema=False, tags=["console"])
CHANNEL: Final = "console"
CRUMBS: Final = (("Start", "/console"),)
MOVED: Final = "Somebody else has recorded something about this person since. This is how it stands now."


@router.get("")
def queue(visitor: Annotated[Visitor, Depends(signed_in("officer", "auditor"))], office: OfficeDep) -> Response:
    return _page(visitor, office)


@router.post("/outcome")
def outcome(visitor: Annotated[Visitor, Depends(signed_in("officer"))], office: OfficeDep) -> Response:
    try:
        given = visitor.take("alias", "programme", "purpose", "seen", "act", optional=("evidence",))
        found = desk.opened(office, given["alias"])
        request = RightRequest(
            programme=given["programme"], purpose=Purpose(given["purpose"]), act=given["act"], channel=CHANNEL,
            evidence=given.get("evidence"),
        )  # fmt: skip
        sent = Sent(seen=seen_of(given))
        decision = rights.take(office, found.record.gmc, request, sent, actor_of(visitor.caller))
    except (ValidationError, ValueError):
        return _page(visitor, office, "Choose an outcome.")
    except RevisionChanged:
        return _page(visitor, office, MOVED)
    except ValueNotAllowed:
        return _page(visitor, office, "Choose an outcome; nothing was recorded.")
    except Problem as refused:
        return _page(visitor, office, refused.detail)
    return visitor.go(f"/console/people/{found.alias}/saved/{decision.decision}")


def _page(visitor: Visitor, office: Office, wrong: str = "") -> Response:
    found = dashboard.queue(office)
    about = [visitor.form.all(name) for name in ("alias", "programme", "purpose")]
    at = [n for n, one in enumerate(found, 1) if about == [[one.case.alias], [one.case.programme], [one.case.purpose]]]
    pointer = f"act-{at[0]}" if at else "maincontent"
    errors = [{"pointer": pointer, "hint": wrong}] if wrong else []
    return visitor.page(
        "queue.jinja", "Objections and restrictions", status=422 if wrong else 200, errors=errors, crumbs=CRUMBS,
        queue=found, words=words_of(office), officer="officer" in visitor.caller.roles,
    )  # fmt: skip
