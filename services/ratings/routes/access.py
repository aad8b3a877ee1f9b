"""Access: everything that was worked out about one person, for whoever answers their request."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse

from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.workflow.access import everything
from shared.contracts.access import LINES, Piece, Searched
from shared.contracts.consent import Nameable
from shared.kit.auth import Caller, allow
from shared.kit.logs import log
from shared.kit.peers import PeerUnreachable
from shared.kit.problems import NotSignedIn, RoleNotAllowed, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/subject-access", tags=["access"], dependencies=STRICT)
Auditor = Annotated[Caller, Depends(allow("auditor"))]


@router.get(
    "/{number}", operation_id="subject_access", summary="Every row of results, views and builds that has a number",
    response_class=StreamingResponse,
    responses={
        200: {"content": {LINES: {}}},
        **problems(NotSignedIn, RoleNotAllowed, ValueNotAllowed, PeerUnreachable),
    },
)  # fmt: skip
def subject_access(number: Annotated[Nameable, Path()], auditor: Auditor, office: OfficeDep) -> StreamingResponse:
    """While the files are read; an answer without its last line is not whole."""
    log.info("subject_access", actor=auditor.name)
    return StreamingResponse(_lines(everything(office, number)), media_type=LINES, headers=NO_STORE)


def _lines(found: Iterator[Piece | Searched]) -> Iterator[bytes]:
    for one in found:
        yield one.model_dump_json().encode() + b"\n"
