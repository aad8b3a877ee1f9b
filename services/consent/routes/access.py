"""Access: everything about one person, for whoever answers their request."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from services.consent.problems import ConsentClosed, JournalUnavailable
from services.consent.routes.parts import Gmc, OfficeDep
from services.consent.workflow import access as verbs
from shared.contracts.access import LINES, Piece, Searched
from shared.kit.auth import Caller, allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/subject-access", tags=["access"])
Auditor = Annotated[Caller, Depends(allow("auditor"))]


@router.get(
    "/{gmc}", operation_id="subject_access", summary="Everything this service has about one person",
    response_class=StreamingResponse,
    responses={
        200: {"content": {LINES: {}}},
        **problems(NotFound, NotSignedIn, RoleNotAllowed, ValueNotAllowed, ConsentClosed, JournalUnavailable),
    },
)  # fmt: skip
def subject_access(office: OfficeDep, auditor: Auditor, gmc: Gmc) -> StreamingResponse:
    found = verbs.everything(office, gmc, auditor.name)
    return StreamingResponse(_lines(found), media_type=LINES, headers={"Cache-Control": "no-store"})


def _lines(found: Iterator[Piece | Searched]) -> Iterator[bytes]:
    for one in found:
        yield one.model_dump_json().encode() + b"\n"
