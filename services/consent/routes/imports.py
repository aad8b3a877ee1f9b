"""Registers and returns, sent as CSV or as a workbook, and lines that wait for a second person."""

from collections.abc import Mapping
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.consent.problems import SamePerson, StepNotAllowed
from services.consent.routes import parts
from services.consent.routes.parts import CLOSED, OfficeDep, Officer, private
from services.consent.workflow import holding
from services.consent.workflow import imports as verbs
from shared.contracts.base import Printable
from shared.contracts.consent import ImportReport, WaitingImport
from shared.kit.asking import once_each
from shared.kit.auth import allow
from shared.kit.problems import (
    NotFound,
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    StorageFull,
    TooLarge,
    TypeNotSupported,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)  # fmt: skip
from shared.kit.workbooks import MEDIA_TYPE

router = APIRouter(prefix="/v1/imports", tags=["imports"], dependencies=[Depends(allow("officer"))])
MOST_BYTES: Final = 32 * 2**20
FORMS: Final[Mapping[str, verbs.Form]] = {"text/csv": "csv", MEDIA_TYPE: "xlsx"}
QUERY = (RepeatedParameter, UnknownParameter, ValueNotAllowed, NotSignedIn, RoleNotAllowed, *CLOSED)
DECIDED = (NotFound, NotSignedIn, RoleNotAllowed, StepNotAllowed, *CLOSED)
ImportId = Annotated[Printable, Path(max_length=20)]


class ImportQuery(parts.Query):
    kind: verbs.Kind
    dry_run: bool = False


async def _arrived(request: Request) -> verbs.Arrived:
    """Raises TypeNotSupported, and TooLarge as soon as the cap is passed, or announced."""
    form = FORMS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
    if form is None:
        raise TypeNotSupported(f"Send the file as one of: {', '.join(FORMS)}.")
    announced = request.headers.get("content-length", "")
    received = bytearray()
    if not (announced.isascii() and announced.isdigit() and int(announced) > MOST_BYTES):
        async for piece in request.stream():
            received += piece
            if len(received) > MOST_BYTES:
                break
        else:
            return verbs.Arrived(bytes(received), form)
    raise TooLarge(f"Found more than {MOST_BYTES // 2**20} MB; a file may have no more. Split it, and send the parts.")


@router.post(
    "", operation_id="import", summary="Take a register or a return, line by line", response_model=ImportReport,
    responses=problems(*QUERY, TooLarge, TypeNotSupported, StorageFull), dependencies=[Depends(once_each)],
)  # fmt: skip
async def import_file(
    office: OfficeDep, officer: Officer, query: Annotated[ImportQuery, Query()], request: Request
) -> Response:
    """200 with the fate of every line, once what was applied is durable."""
    arrived = await _arrived(request)
    return private(await run_in_threadpool(verbs.import_file, office, query.kind, arrived, query.dry_run, officer.name))


@router.get(
    "", operation_id="waiting_imports", summary="Returns of which lines wait for a second person",
    response_model=list[WaitingImport], responses=problems(NotSignedIn, RoleNotAllowed, *CLOSED),
)  # fmt: skip
def waiting_imports(office: OfficeDep) -> Response:
    """The oldest first."""
    body = orjson.dumps([one.model_dump(mode="json") for one in holding.waiting_imports(office)])
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get(
    "/{import_id}", operation_id="import_report", summary="What became of an import", response_model=ImportReport,
    responses=problems(NotFound, NotSignedIn, RoleNotAllowed, *CLOSED),
)  # fmt: skip
def report(office: OfficeDep, import_id: ImportId) -> Response:
    return private(holding.report_of(office, import_id))


@router.post(
    "/{import_id}/approval", operation_id="approve_import", summary="The second person: apply the lines that wait",
    response_model=ImportReport, responses=problems(*DECIDED, SamePerson, StorageFull),
)  # fmt: skip
def approve(office: OfficeDep, officer: Officer, import_id: ImportId) -> Response:
    """Each line is judged again: whoever hid themselves meanwhile stays hidden."""
    return private(holding.approve(office, import_id, officer.name))


@router.post(
    "/{import_id}/rejection", operation_id="reject_import", summary="Let the lines that wait go",
    response_model=ImportReport, responses=problems(*DECIDED),
)  # fmt: skip
def reject(office: OfficeDep, officer: Officer, import_id: ImportId) -> Response:
    """What was recorded already stays."""
    return private(holding.reject(office, import_id, officer.name))
