"""Deciding a submission again, leaving it out, and hearing how far its job is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from services.ingest.problems import GroundNeeded, NothingToRetract, PseudonymKeyMissing, SeveralFeeds
from services.ingest.routes.asked import ASKED, PRIVATE, JobsDep, KeyDep, SourcesDep, StoreDep, source_named
from services.ingest.routes.submissions import Which, found_one, start, with_progress
from services.ingest.store import revisions
from services.ingest.store.database import Store
from services.ingest.workflow.declaring import check_ground, check_key
from shared.contracts.base import Contract, Sha256
from shared.contracts.ingest import Submission, SubmissionState
from shared.kit.auth import Caller, allow
from shared.kit.jobs import Jobs
from shared.kit.logs import log
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, problems

LINES: Final = "application/x-ndjson"
LOOK_SECONDS: Final = 0.3
router = APIRouter(
    prefix="/v1/submissions", tags=["submissions"], dependencies=ASKED,
    responses=problems(NotSignedIn, RoleNotAllowed, NotFound, SeveralFeeds),
)  # fmt: skip
Steward = Annotated[Caller, Depends(allow("steward"))]


class Rerun(Contract):
    """`supersede`: as before, unless it is said."""

    supersede: bool | None = None


@router.post(
    "/{sha256}/reruns", operation_id="rerun", status_code=202,
    summary="Decide it again, as the feed's newest word: after a source was mended, or to let it supersede once more",
    responses=problems(GroundNeeded, PseudonymKeyMissing),
)  # fmt: skip
def rerun(
    *, sha256: Sha256, wanted: Rerun, asked: Annotated[Which, Query()], steward: Steward,
    store: StoreDep, sources: SourcesDep, jobs: JobsDep, key: KeyDep,
) -> Submission:  # fmt: skip
    sent, _ = found_one(store, sha256, asked.feed)
    source = source_named(sources, sent.feed)
    check_ground(store, source)
    check_key(source, key)
    revisions.rerun(store, sent.feed, sha256, wanted.supersede)
    log.info("submission_rerun", actor=steward.name, feed=sent.feed, sha256=sha256)
    return _started(store, jobs, sent.feed, sha256)


@router.post(
    "/{sha256}/retraction", operation_id="retract", status_code=202,
    summary="Leave it out of later snapshots; the others of its feed are decided again without it",
    responses=problems(NothingToRetract),
)  # fmt: skip
def retract(
    sha256: Sha256, asked: Annotated[Which, Query()], steward: Steward, store: StoreDep, jobs: JobsDep
) -> Submission:
    sent, _ = found_one(store, sha256, asked.feed)
    if revisions.retract(store, sent.feed, sha256) is None:
        raise NothingToRetract
    log.info("submission_retracted", actor=steward.name, feed=sent.feed, sha256=sha256)
    return _started(store, jobs, sent.feed, sha256)


@router.get(
    "/{sha256}/progress", operation_id="progress", response_class=StreamingResponse,
    summary="The submission, line by line of JSON, each time that its progress changes, until it is decided",
    dependencies=[Depends(allow("steward", "analyst"))], responses={200: {"content": {LINES: {}}}},
)  # fmt: skip
def progress(sha256: Sha256, asked: Annotated[Which, Query()], store: StoreDep) -> StreamingResponse:
    sent, _ = found_one(store, sha256, asked.feed)
    return StreamingResponse(_lines(store, sent.feed, sha256), media_type=LINES, headers=PRIVATE)


async def _lines(store: Store, feed: str, sha256: str) -> AsyncIterator[bytes]:
    told = b""
    while True:
        now = await run_in_threadpool(lambda: with_progress(store, found_one(store, sha256, feed)[0]))
        line = now.model_dump_json().encode() + b"\n"
        if line != told:
            yield line
        if now.state is not SubmissionState.RECEIVED:
            return
        told = line
        await asyncio.sleep(LOOK_SECONDS)


def _started(store: Store, jobs: Jobs, feed: str, sha256: str) -> Submission:
    waiting = store.next_waiting(feed)
    if waiting is not None:
        start(store, jobs, waiting)
    return with_progress(store, found_one(store, sha256, feed)[0])
