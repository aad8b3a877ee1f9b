"""Outlier cases: for the audit, for those whose result it is, and, from a later stage, for the regulator."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict

from services.ratings.case_problems import (
    CalendarEnds,
    IfMatchNeeded,
    NotYourStep,
    OverrideNeeded,
    PolicyMissing,
    RevisionChanged,
)
from services.ratings.domain.case_readers import Reader
from services.ratings.problems import KeyReused, StepNotAllowed
from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.store.cases import Wanted
from services.ratings.workflow import cases as verbs
from shared.contracts.base import Printable, ReleaseId
from shared.contracts.cases import Case, CaseId, CaseKind, Cases, CaseState, PoliciesInUse, TakeCaseStep
from shared.kit.asking import once_each
from shared.kit.auth import Caller, allow
from shared.kit.problems import (
    NotFound,
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)
from shared.kit.tags import etag, if_match

router = APIRouter(prefix="/v1/cases", tags=["cases"])

CONCERNED = ("lead", "practice", "consultant")
Knows = Annotated[Caller, Depends(allow("analyst", "reviewer", "auditor", *CONCERNED, "regulator"))]
Acts = Annotated[Caller, Depends(allow("analyst", *CONCERNED))]
Staff = Depends(allow("analyst", "reviewer", "auditor"))
Named = Annotated[CaseId, Path(description="k- and twelve digits or letters")]
Key = Annotated[Printable | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
READ = (NotSignedIn, RoleNotAllowed, UnknownParameter, ValueNotAllowed)


class CasesQuery(BaseModel):
    """Which cases; all of those that the reader may know of where nothing is said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    release: ReleaseId | None = None
    kind: CaseKind | None = None
    state: CaseState | None = None


def reader_of(caller: Caller) -> Reader:
    return Reader(caller.name, caller.roles, caller.subject)


def sender(caller: Acts, seen: Annotated[int | None, Depends(if_match)], key: Key = None) -> tuple[Reader, verbs.Sent]:
    """Who sends a step, and with what."""
    return reader_of(caller), verbs.Sent(seen, key)


Sender = Annotated[tuple[Reader, verbs.Sent], Depends(sender)]


@router.get(
    "",
    operation_id="cases",
    summary="Outlier cases that the caller may know of, the nearest deadline first",
    dependencies=[Depends(once_each)],
    responses=problems(*READ, RepeatedParameter),
)
def listed(office: OfficeDep, caller: Knows, query: Annotated[CasesQuery, Query()], response: Response) -> Cases:
    response.headers.update(NO_STORE)
    return verbs.listed(office, reader_of(caller), Wanted(query.release, query.kind, query.state))


@router.get(
    "/overdue",
    operation_id="overdue_cases",
    summary="Cases whose deadline is over",
    dependencies=STRICT,
    responses=problems(*READ),
)
def overdue(office: OfficeDep, caller: Knows, response: Response) -> Cases:
    response.headers.update(NO_STORE)
    return verbs.overdue(office, reader_of(caller))


@router.get(
    "/policies",
    operation_id="case_policies",
    summary="Under which policies cases are handled, and why some open none",
    dependencies=[Staff, *STRICT],
    responses=problems(*READ),
)
def policies(office: OfficeDep, response: Response) -> PoliciesInUse:
    response.headers.update(NO_STORE)
    return verbs.policies(office)


@router.get(
    "/{case}",
    operation_id="case",
    summary="One case with its history, and the steps that the caller may take now",
    dependencies=STRICT,
    responses=problems(*READ, NotFound),
)
def one(case: Named, office: OfficeDep, caller: Knows, response: Response) -> Case:
    found = verbs.one(office, reader_of(caller), case)
    response.headers.update(NO_STORE | etag(found.sequence))
    return found


@router.post(
    "/{case}/steps",
    operation_id="take_case_step",
    summary="Take the next step of a case, as it was seen",
    dependencies=STRICT,
    responses=problems(
        *READ, NotFound, IfMatchNeeded, RevisionChanged, StepNotAllowed, NotYourStep, OverrideNeeded, CalendarEnds,
        PolicyMissing, KeyReused,
    ),
)  # fmt: skip
def take(case: Named, step: TakeCaseStep, office: OfficeDep, sent_by: Sender, response: Response) -> Case:
    reader, sent = sent_by
    found = verbs.take(office, reader, case, step, sent)
    response.headers.update(NO_STORE | etag(found.sequence))
    return found
