"""Registers and returns, sent as CSV."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.consent.routes import parts
from services.consent.routes.parts import OfficeDep, Officer, private
from services.consent.workflow import imports as verbs
from shared.contracts.base import Printable
from shared.contracts.consent import ImportReport
from shared.kit.asking import once_each
from shared.kit.auth import allow
from shared.kit.problems import (
    NotFound,
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    TooLarge,
    TypeNotSupported,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)  # fmt: skip

router = APIRouter(prefix="/v1/imports", tags=["imports"], dependencies=[Depends(allow("officer"))])
MOST_BYTES: Final = 32 * 2**20
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed)


class ImportQuery(parts.Query):
    kind: verbs.Kind
    dry_run: bool = False


async def _body(request: Request) -> bytes:
    """Raises TypeNotSupported, and TooLarge as soon as the cap is passed."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise TypeNotSupported("Send the file as text/csv.")
    received = bytearray()
    async for piece in request.stream():
        received += piece
        if len(received) > MOST_BYTES:
            raise TooLarge("A file may have 32 MB; split it.")
    return bytes(received)


@router.post(
    "", operation_id="import", summary="Take a register or a return, line by line", response_model=ImportReport,
    responses=problems(*QUERY, TooLarge, TypeNotSupported), dependencies=[Depends(once_each)],
)  # fmt: skip
async def import_file(
    office: OfficeDep, officer: Officer, query: Annotated[ImportQuery, Query()], request: Request
) -> Response:
    """200 with the fate of every line, once what was applied is durable."""
    body = await _body(request)
    return private(await run_in_threadpool(verbs.import_file, office, query.kind, body, query.dry_run, officer.name))


@router.get(
    "/{import_id}", operation_id="import_report", summary="What became of an import", response_model=ImportReport,
    responses=problems(NotFound, NotSignedIn, RoleNotAllowed),
)  # fmt: skip
def report(office: OfficeDep, import_id: Annotated[Printable, Path(max_length=20)]) -> Response:
    return private(verbs.report_of(office, import_id))
