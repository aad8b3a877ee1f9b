"""The officers' list of consultants, and one consultant's record."""

import base64
import binascii
import re
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from services.consent.domain.facts import Word
from services.consent.problems import CursorNotValid
from services.consent.routes import parts
from services.consent.routes.parts import CLOSED, Gmc, OfficeDep, private
from services.consent.store import Wanted
from services.consent.workflow import consultants as verbs
from shared.contracts.base import Slug
from shared.contracts.consent import ConsultantPage, ConsultantRecord, PageLinks, PageMeta
from shared.kit.asking import once_each
from shared.kit.auth import allow
from shared.kit.problems import (
    NotFound,
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)  # fmt: skip
from shared.kit.tags import etag

router = APIRouter(prefix="/v1/consultants", tags=["consultants"])
PAGE_PROBLEMS = (
    CursorNotValid,
    NotSignedIn,
    RoleNotAllowed,
    UnknownParameter,
    RepeatedParameter,
    ValueNotAllowed,
    *CLOSED,
)
_CURSOR: Final = re.compile(r"after:([0-9]{7}|[A-Z][0-9A-Z]{2,5})\Z")  # as `Nameable`


class ListQuery(parts.Query):
    state: Literal[Word.NOT_SOUGHT, Word.ASKED] | None = None  # what is due; who refused or withdrew is no list
    programme: Slug | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str | None, Field(max_length=80)] = None


def _read_cursor(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        found = _CURSOR.fullmatch(base64.urlsafe_b64decode(cursor).decode())
    except (binascii.Error, ValueError):
        found = None
    if found is None:
        raise CursorNotValid("Start again without a cursor.")
    return found[1]


def _next(query: ListQuery, after: str) -> str:
    """Numbers follow one another in the address of no log: the cursor hides them from a glance, not from a reader."""
    cursor = base64.urlsafe_b64encode(f"after:{after}".encode()).decode()
    return "/v1/consultants?" + urlencode(query.model_dump(exclude_none=True, mode="json") | {"cursor": cursor})


@router.get(
    "", operation_id="consultants", summary="Who stands where", response_model=ConsultantPage,
    responses=problems(*PAGE_PROBLEMS), dependencies=[Depends(allow("officer")), Depends(once_each)],
)  # fmt: skip
def consultants(office: OfficeDep, query: Annotated[ListQuery, Query()]) -> Response:
    wanted = Wanted(_read_cursor(query.cursor), query.limit, query.state, query.programme)
    entries, after = verbs.listed(office, wanted)
    links = PageLinks(next=_next(query, after) if after else None)
    return private(ConsultantPage(data=entries, meta=PageMeta(returned=len(entries), limit=query.limit), links=links))


@router.get(
    "/{gmc}", operation_id="consultant", summary="One consultant's decisions and history",
    response_model=ConsultantRecord, dependencies=[Depends(allow("officer", "auditor"))],
    responses=problems(NotFound, NotSignedIn, RoleNotAllowed, ValueNotAllowed, *CLOSED),
)  # fmt: skip
def consultant(office: OfficeDep, gmc: Gmc) -> Response:
    record, revision = verbs.record_of(office, gmc)
    return private(record, headers=etag(revision))
