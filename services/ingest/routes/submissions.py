"""Sending a file, and what became of it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from services.ingest.domain import Sending, Waiting
from services.ingest.problems import DigestMismatch, SeveralFeeds
from services.ingest.routes.asked import (
    ASKED,
    MOST_NUMBER,
    PRIVATE,
    JobsDep,
    NoParameters,
    Page,
    SettingsDep,
    SourcesDep,
    StoreDep,
    source_named,
)  # fmt: skip
from services.ingest.store.database import Store
from services.ingest.workflow.arrival import take_in, too_large
from services.ingest.workflow.checking import see_to_check
from services.ingest.workflow.quarantine import quarantine_csv, quarantined
from shared.contracts.base import Sha256, Slug
from shared.contracts.ingest import QuarantinedLine, Receipt, Submission, Submissions, SubmissionState
from shared.kit.auth import allow
from shared.kit.ballast import is_full
from shared.kit.jobs import Jobs
from shared.kit.logs import log
from shared.kit.outage import is_away
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, TooLarge, problems

READERS = Depends(allow("steward", "analyst"))
router = APIRouter(
    prefix="/v1", tags=["submissions"], dependencies=ASKED, responses=problems(NotSignedIn, RoleNotAllowed)
)


class HowToTake(NoParameters):
    supersede: bool = False


class Which(NoParameters):
    """`feed` is needed only where the same bytes were sent to several."""

    feed: Slug | None = None


class WhichSubmissions(Page):
    state: SubmissionState | None = None


class WhichLines(Which):
    after: int = Field(default=0, ge=0, le=MOST_NUMBER)
    limit: int = Field(default=100, ge=1, le=1000)


@router.put(
    "/feeds/{feed}/submissions/{sha256}",
    operation_id="submit",
    summary="Send the bytes of a file; answered once they are durable",
    status_code=201,
    dependencies=[Depends(allow("steward"))],
    responses={200: {"model": Receipt}, **problems(NotFound, DigestMismatch, TooLarge, StorageFull)},
)
async def submit(
    *, feed: Slug, sha256: Sha256, how: Annotated[HowToTake, Query()], request: Request, response: Response,
    store: StoreDep, sources: SourcesDep, settings: SettingsDep, jobs: JobsDep,
) -> Receipt:  # fmt: skip
    source_named(sources, feed)
    if int(request.headers.get("content-length", 0)) > settings.most_bytes:
        raise too_large(settings.most_bytes)
    sending = Sending(feed, sha256, how.supersede, datetime.now(UTC))
    kept = await take_in(store, sending, request.stream(), settings.most_bytes)
    if kept.waiting is not None:
        await run_in_threadpool(_start, store, jobs, kept.waiting)
    response.status_code = 201 if kept.fresh else 200
    sent = kept.submission
    return Receipt(feed=sent.feed, sha256=sent.sha256, bytes=sent.bytes, received=sent.received)


@router.get(
    "/submissions", operation_id="submissions", summary="Submissions, newest first", dependencies=[READERS]
)  # fmt: skip
def submissions(asked: Annotated[WhichSubmissions, Query()], store: StoreDep) -> Submissions:
    found, following = store.submissions(asked.feed, asked.state, asked.before, asked.limit)
    return Submissions(submissions=found, next=following)


@router.get(
    "/submissions/{sha256}",
    operation_id="submission",
    summary="One submission: its state, and the fates of its lines or why it was refused",
    dependencies=[READERS],
    responses=problems(NotFound, SeveralFeeds),
)
def submission(sha256: Sha256, asked: Annotated[Which, Query()], store: StoreDep) -> Submission:
    return _found(store, sha256, asked.feed)[0]


@router.get(
    "/submissions/{sha256}/quarantine",
    operation_id="quarantine",
    summary="Lines set aside, in order; as CSV the whole file of them",
    dependencies=[READERS],
    response_model=list[QuarantinedLine],
    responses=problems(NotFound, SeveralFeeds),
)
def quarantine(
    sha256: Sha256, asked: Annotated[WhichLines, Query()], request: Request, store: StoreDep
) -> list[QuarantinedLine] | Response:
    sent, aside = _found(store, sha256, asked.feed)
    if "text/csv" not in request.headers.get("accept", ""):
        return quarantined(store, sent, aside, asked.after, asked.limit)
    named = {"Content-Disposition": f'attachment; filename="{sent.feed}-{sha256[:12]}-quarantine.csv"'}
    return StreamingResponse(quarantine_csv(store, sent, aside), media_type="text/csv", headers=PRIVATE | named)


def _start(store: Store, jobs: Jobs, waiting: Waiting) -> None:
    """What is recorded is acknowledged, also where its job finds no room or no database just now: the regular look at
    what waits starts it. Refusing here would say that nothing was kept."""
    try:
        see_to_check(store, jobs, waiting)
    except Exception as error:
        if not (is_full(error) or is_away(error)):
            raise
        log.warning("check_waits", feed=waiting.feed, sha256=waiting.sha256, kind=type(error).__name__)


def _found(store: Store, sha256: str, feed: str | None) -> tuple[Submission, str | None]:
    """Raises NotFound, SeveralFeeds."""
    found = store.submitted(sha256, feed)
    if not found:
        raise NotFound("No such submission. Its name is the SHA-256 of the bytes that were sent.")
    if len(found) > 1:
        raise SeveralFeeds(sent.feed for sent, _ in found)
    return found[0]
