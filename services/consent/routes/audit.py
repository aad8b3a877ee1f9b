"""The ledger for who checks it: nothing is changed, and nobody is searched by what they decided."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from services.consent.problems import ConsentClosed, JournalUnavailable
from services.consent.routes import parts
from services.consent.routes.parts import OfficeDep, private
from services.consent.workflow import chain
from shared.contracts.base import Count
from shared.contracts.consent import AuditPage
from shared.kit.asking import once_each
from shared.kit.auth import allow
from shared.kit.problems import (
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)

router = APIRouter(prefix="/v1/audit", tags=["audit"])
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed)


class AuditQuery(parts.Query):
    after: Annotated[Count, Field(le=2**53)] = 0


@router.get(
    "", operation_id="audit", summary="The ledger, a hundred events at a time", response_model=AuditPage,
    responses=problems(*QUERY, ConsentClosed, JournalUnavailable),
    dependencies=[Depends(allow("auditor")), Depends(once_each)],
)  # fmt: skip
def audit(office: OfficeDep, query: Annotated[AuditQuery, Query()]) -> Response:
    """Follow it with `after` = the revision of the last event, until there is none."""
    return private(chain.page_of(office, query.after))
