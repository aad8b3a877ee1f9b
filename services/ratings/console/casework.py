"""Outlier cases: for the audit under `/console/cases`, for those whose result it is under `/me/signals`, once they may
know of them."""

import secrets
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import ValidationError

from services.ratings.case_problems import OverrideNeeded
from services.ratings.console.people import SUBJECTS
from services.ratings.console.words import Words
from services.ratings.routes import OfficeDep
from services.ratings.routes.cases import reader_of
from services.ratings.store.cases import Wanted
from services.ratings.workflow import cases as verbs
from services.ratings.workflow.office import Office
from shared.contracts.cases import CaseId, CaseState, TakeCaseStep
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import NotFound, Problem, ValueNotAllowed

router: Final = APIRouter(include_in_schema=False, tags=["console", "own pages"])
READERS: Final = frozenset({"analyst", "reviewer", "auditor"})
HINTS: Final = {
    "step": "Choose a step.", "note": "Write what was found or said, in at most 4,000 letters.",
    "override": "Write why the audit takes this step, in one line of at most 1,000 letters.", "seen": "",
}  # fmt: skip
Staff = Annotated[Visitor, Depends(signed_in(*READERS))]
Analyst = Annotated[Visitor, Depends(signed_in("analyst"))]
Concerned = Annotated[Visitor, Depends(signed_in(*SUBJECTS))]
Named = Annotated[CaseId, Path()]
State = Annotated[str, Query(max_length=30)]


@dataclass(frozen=True)
class Room:
    """Where the same pages stand."""

    path: str
    title: str
    one: str
    crumbs: tuple[tuple[str, str], ...]


AUDIT: Final = Room("/console/cases", "Cases", "A case", (("Releases", "/console"),))
OWN: Final = Room("/me/signals", "Signals about my results", "A signal", (("My results", "/me"),))


@router.get("/console/cases")
def cases(visitor: Staff, office: OfficeDep, state: State = "") -> Response:
    return _listed(visitor, office, AUDIT, state)


@router.get("/console/cases/{case}")
def case(visitor: Staff, office: OfficeDep, case: Named) -> Response:
    return _one(visitor, office, AUDIT, case)


@router.post("/console/cases/{case}")
def step(visitor: Analyst, office: OfficeDep, case: Named) -> Response:
    return _take(visitor, office, AUDIT, case)


@router.get("/me/signals")
def signals(visitor: Concerned, office: OfficeDep) -> Response:
    return _listed(visitor, office, OWN, "")


@router.get("/me/signals/{case}")
def signal(visitor: Concerned, office: OfficeDep, case: Named) -> Response:
    return _one(visitor, office, OWN, case)


@router.post("/me/signals/{case}")
def respond(visitor: Concerned, office: OfficeDep, case: Named) -> Response:
    return _take(visitor, office, OWN, case)


def _listed(visitor: Visitor, office: Office, room: Room, state: str) -> Response:
    """The nearest deadline first."""
    if state and state not in set(CaseState):
        raise NotFound
    wanted = Wanted(state=CaseState(state) if state else None)
    reader = reader_of(visitor.caller)
    return visitor.page(
        "cases.jinja", room.title, crumbs=room.crumbs, room=room, state=state, states=list(CaseState),
        found=verbs.listed(office, reader, wanted), words=Words(office.catalogue), staff=reader.is_staff,
        policies=verbs.policies(office).policies if reader.is_staff else [],
    )  # fmt: skip


def _take(visitor: Visitor, office: Office, room: Room, case: str) -> Response:
    """The form's key makes the button pressed twice one step."""
    try:
        given = visitor.take("step", "note", "seen", "key", optional=("override",))
        seen, key = given.pop("seen"), given.pop("key")
        sent = verbs.Sent(int(seen), key)
        verbs.take(office, reader_of(visitor.caller), case, TakeCaseStep.model_validate(given), sent)
    except ValidationError as wrong:
        return _one(visitor, office, room, case, wrong=str(wrong.errors()[0]["loc"][0]))
    except ValueNotAllowed as refused:
        return _one(visitor, office, room, case, wrong=str(refused.errors[0].get("pointer", "step")))
    except ValueError:
        raise ValueNotAllowed("The form is not one of ours.") from None
    except OverrideNeeded:
        return _one(visitor, office, room, case, wrong="override")
    except NotFound:
        raise
    except Problem as refused:
        return _one(visitor, office, room, case, wrong="maincontent", refused=refused)
    visitor.say("The step is recorded.")
    return visitor.go(f"{room.path}/{case}")


def _one(
    visitor: Visitor, office: Office, room: Room, case: str, *, wrong: str = "", refused: Problem | None = None
) -> Response:  # fmt: skip
    found = verbs.one(office, reader_of(visitor.caller), case)
    hint = refused.detail if refused else HINTS.get(wrong, HINTS["step"])
    given = {name: values[0] for name, values in visitor.form.values.items() if values}
    return visitor.page(
        "case.jinja", room.one, crumbs=(*room.crumbs, (room.title, room.path)), room=room, case=found,
        status=refused.status if refused else 422 if wrong else 200, given=given, key=secrets.token_hex(16),
        errors=[{"pointer": wrong, "hint": hint}] if wrong else [], words=Words(office.catalogue),
        roles=visitor.caller.roles,
    )  # fmt: skip
