"""`…/files`: whole files of what depends on nobody's decision, from the disk, in fixed memory."""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from services.gateway.api.answer import About
from services.gateway.api.asking import Strict
from services.gateway.api.declared import COMMON, EVERYBODY, AnswersDep, Release, public
from services.gateway.api.encodings import takes_gzip
from services.gateway.api.forms import CSV, NDJSON
from services.gateway.api.http import dated, etag, headers_of, respond, unchanged
from services.gateway.api.problems import NotAcceptable, RangeNotSatisfiable, ReleaseTakenDown, Starting
from services.gateway.api.ranges import Part, part_wanted
from services.gateway.view.stored import Stored, WholeFile
from shared.contracts.public.files import FileList
from shared.kit.problems import NotFound, problems

PIECE_BYTES: Final = 64 * 1024

router = APIRouter(prefix="/v1/releases/{release}", tags=["files"])


def _declared() -> dict[str, Any]:
    kinds = [one for one in COMMON if one is not NotAcceptable]  # the name says the form, whatever Accept says
    content: dict[str, Any] = {CSV.partition(";")[0]: {}, NDJSON: {}}
    return {
        "dependencies": [EVERYBODY, Depends(Strict())],
        "response_class": Response,
        "responses": {
            200: {"content": content, "description": "The file"},
            206: {"content": content, "description": "One range of it"},
            **problems(*kinds, ReleaseTakenDown, Starting, RangeNotSatisfiable),
        },
    }


@router.get("/files", operation_id="list_files", summary="Whole files, with their digests", **public(FileList))
async def files(request: Request, answers: AnswersDep, release: Release) -> Response:
    return respond(request, answers.files(release))


@router.get("/files/{name}", operation_id="get_file", summary="One whole file", **_declared())
async def file(request: Request, answers: AnswersDep, release: Release, name: str) -> Response:
    found, about = answers.file(release, name)
    return await sent(request, found, about)


async def sent(request: Request, found: WholeFile, about: About) -> Response:
    """The file, a range of it, or 304. Raises NotFound, RangeNotSatisfiable."""
    packed = takes_gzip(request.headers.get("accept-encoding"))
    stored = found.packed if packed else found.plain
    tag = etag(found.media_type, b"gzip" if packed else b"", stored.sha256.encode())
    headers = {**headers_of(tag, about), "Vary": "Accept-Encoding", "Accept-Ranges": "bytes"}
    if unchanged(request, tag, dated(about)):
        return Response(status_code=304, headers=headers)
    wanted = None if request.scope.get("head") else part_wanted(request, tag, dated(about), stored.bytes)
    part = wanted or Part(0, stored.bytes - 1, stored.bytes)
    release = stored.path.parent.parent.name
    headers |= {"Content-Length": str(part.length),
                "Content-Disposition": f'attachment; filename="candour-{release}-{found.name}"'}  # fmt: skip
    if packed:
        headers["Content-Encoding"] = "gzip"
    if wanted:
        headers["Content-Range"] = part.content_range
    content = iter(()) if request.scope.get("head") else _pieces(await run_in_threadpool(_opened, stored), part)
    return StreamingResponse(content, 206 if wanted else 200, headers, found.media_type)


def _opened(stored: Stored) -> BinaryIO:
    try:
        return stored.path.open("rb")
    except FileNotFoundError:
        raise NotFound from None  # its release has just been taken down


def _pieces(opened: BinaryIO, part: Part) -> Iterator[bytes]:
    left = part.length
    with opened:
        opened.seek(part.first)
        while left and (piece := opened.read(min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece
