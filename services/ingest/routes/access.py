"""Access: everything that was sent about one person, for whoever answers their request."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from services.ingest.routes.asked import ASKED, PRIVATE, NoParameters, SourcesDep, StoreDep
from services.ingest.workflow.access import everything
from shared.contracts.access import LINES, Piece, Searched
from shared.contracts.consent import Nameable
from shared.kit.auth import Caller, allow
from shared.kit.logs import log
from shared.kit.problems import NotSignedIn, RoleNotAllowed, ValueNotAllowed, problems

router = APIRouter(prefix="/v1/subject-access", tags=["access"], dependencies=ASKED)
Auditor = Annotated[Caller, Depends(allow("auditor"))]


@router.get(
    "/{number}", operation_id="subject_access", summary="Every line, table and refusal that has a person's number",
    response_class=StreamingResponse,
    responses={200: {"content": {LINES: {}}}, **problems(NotSignedIn, RoleNotAllowed, ValueNotAllowed)},
)  # fmt: skip
def subject_access(
    number: Annotated[Nameable, Path()], auditor: Auditor, asked: Annotated[NoParameters, Query()],  # noqa: ARG001
    store: StoreDep, sources: SourcesDep,
) -> StreamingResponse:  # fmt: skip
    """While the files are read; an answer without its last line is not whole."""
    log.info("subject_access", actor=auditor.name)
    return StreamingResponse(_lines(everything(store, sources, number)), media_type=LINES, headers=PRIVATE)


def _lines(found: Iterator[Piece | Searched]) -> Iterator[bytes]:
    for one in found:
        yield one.model_dump_json().encode() + b"\n"
