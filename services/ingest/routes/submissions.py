"""Sending a file, and what became of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from services.ingest.domain import Sending, Waiting
from services.ingest.problems import (
    DigestMismatch,
    GroundNeeded,
    MendsNothing,
    NameDiffers,
    NameNotKnown,
    NotItsFile,
    OffsetDiffers,
    PseudonymKeyMissing,
    SenderIdle,
    SeveralFeeds,
    TooManyUploads,
    WholePeriodWithoutDays,
)
from services.ingest.receipts import receipt_of
from services.ingest.routes.asked import (
    ASKED,
    MOST_NUMBER,
    PRIVATE,
    JobsDep,
    KeyDep,
    NoParameters,
    Page,
    SettingsDep,
    SignerDep,
    SourcesDep,
    StoreDep,
    source_named,
)  # fmt: skip
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.workflow.announcing import check_announced, check_its_file, last_part
from services.ingest.workflow.arrival import Gate, Terms, size_of, take_in, too_large
from services.ingest.workflow.checking import see_to_check
from services.ingest.workflow.declaring import check_key
from services.ingest.workflow.mending import of_mended
from services.ingest.workflow.progress import progress_of
from services.ingest.workflow.quarantine import quarantine_csv, quarantine_to_mend, quarantined
from shared.contracts.base import Sha256, Slug
from shared.contracts.ingest import Content, QuarantinedLine, Receipt, Submission, Submissions, SubmissionState
from shared.kit.auth import Caller, allow
from shared.kit.ballast import is_full
from shared.kit.jobs import Jobs
from shared.kit.logs import log
from shared.kit.outage import is_away
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, TooLarge, ValueNotAllowed, problems

MAY_READ = allow("steward", "analyst")
READERS = Depends(MAY_READ)
STEWARD = Depends(allow("steward"))
REFUSALS = (
    DigestMismatch, TooLarge, StorageFull, GroundNeeded, NameNotKnown, NameDiffers, NotItsFile,
    WholePeriodWithoutDays, MendsNothing, OffsetDiffers, PseudonymKeyMissing, TooManyUploads, SenderIdle,
)  # fmt: skip
Offset = Annotated[int | None, Header(alias="Upload-Offset", ge=0, le=MOST_NUMBER)]
router = APIRouter(
    prefix="/v1", tags=["submissions"], dependencies=ASKED, responses=problems(NotSignedIn, RoleNotAllowed)
)


class HowToTake(NoParameters):
    """`name`: of the file, as its publisher has it. `whole_period`: with `supersede`, rows of the days that the file
    covers and does not have are taken out too. `mends`: the submission whose lines it brings again, mended."""

    supersede: bool = False
    whole_period: bool = False
    name: str | None = Field(default=None, max_length=1000)
    mends: Sha256 | None = None


class Which(NoParameters):
    """`feed` is needed only where the same bytes were sent to several."""

    feed: Slug | None = None


class WhichSubmissions(Page):
    state: SubmissionState | None = None


class WhichLines(Which):
    """`form` of `mend`: as a file that is mended and sent again, with `mends`."""

    form: Literal["mend"] | None = None
    after: int = Field(default=0, ge=0, le=MOST_NUMBER)
    limit: int = Field(default=100, ge=1, le=1000)


@router.put(
    "/feeds/{feed}/submissions/{sha256}",
    operation_id="submit",
    summary="Send the bytes of a file; answered once they are durable",
    status_code=201,
    dependencies=[STEWARD],
    responses={200: {"model": Receipt}, **problems(NotFound, ValueNotAllowed, *REFUSALS)},
)
async def submit(
    *, feed: Slug, sha256: Sha256, how: Annotated[HowToTake, Query()], request: Request, response: Response,
    store: StoreDep, sources: SourcesDep, settings: SettingsDep, jobs: JobsDep, key: KeyDep, signer: SignerDep,
    offset: Offset = None,
) -> Receipt:  # fmt: skip
    source = source_named(sources, feed)
    now, name = datetime.now(UTC), last_part(how.name)
    if how.mends is None:  # a mended file has lines of one that came under its name
        check_its_file(source, name, sources.values())
    check_key(source, key)
    if int(request.headers.get("content-length", 0)) + (offset or 0) > settings.most_bytes:
        raise too_large(settings.most_bytes)
    sending = Sending(feed, sha256, how.supersede, now, how.whole_period, name, how.mends)
    await run_in_threadpool(check_announced, store, source, sending)
    terms = Terms(settings.most_bytes, settings.idle_seconds, signer, offset)
    gate: Gate = request.app.state.gate
    with gate.passing():
        kept = await take_in(store, sending, request.stream(), terms)
    if kept.waiting is not None:
        await run_in_threadpool(start, store, jobs, kept.waiting)
    response.status_code = 201 if kept.fresh else 200
    return receipt_of(kept.receipt)


@router.get(
    "/feeds/{feed}/submissions/{sha256}", operation_id="submitted_so_far", response_class=Response,
    summary="How many of the bytes are kept (Upload-Offset): 200 where the feed has them all, 204 where it has not",
    dependencies=[STEWARD], responses={204: {}, **problems(NotFound)},
)  # fmt: skip
def submitted_so_far(
    feed: Slug, sha256: Sha256, asked: Annotated[NoParameters, Query()], store: StoreDep, sources: SourcesDep  # noqa: ARG001
) -> Response:  # fmt: skip
    source_named(sources, feed)
    whole = bool(store.submitted(sha256, feed))
    files = store.files  # what was named, and not recorded before a kill, is not kept yet
    kept = files.upload(sha256) if store.knows_bytes(sha256) else files.partial(sha256)
    return Response(status_code=200 if whole else 204, headers=PRIVATE | {"Upload-Offset": str(size_of(kept))})


@router.get(
    "/submissions", operation_id="submissions", summary="Submissions, newest first", dependencies=[READERS]
)  # fmt: skip
def submissions(asked: Annotated[WhichSubmissions, Query()], store: StoreDep) -> Submissions:
    found, following = store.submissions(asked.feed, asked.state, asked.before, asked.limit)
    return Submissions(submissions=[with_progress(store, sent) for sent in found], next=following)


@router.get(
    "/submissions/{sha256}",
    operation_id="submission",
    summary="One submission: its state, and the fates of its lines or why it was refused",
    dependencies=[READERS],
    responses=problems(NotFound, SeveralFeeds),
)
def submission(sha256: Sha256, asked: Annotated[Which, Query()], store: StoreDep) -> Submission:
    return with_progress(store, found_one(store, sha256, asked.feed)[0])


@router.get(
    "/submissions/{sha256}/quarantine",
    operation_id="quarantine",
    summary="Lines set aside, in order; as CSV the whole file of them",
    response_model=list[QuarantinedLine],
    responses=problems(NotFound, SeveralFeeds),
)
def quarantine(
    *, sha256: Sha256, asked: Annotated[WhichLines, Query()], request: Request, store: StoreDep, sources: SourcesDep,
    caller: Annotated[Caller, Depends(MAY_READ)],
) -> list[QuarantinedLine] | Response:  # fmt: skip
    """What was sent is told to stewards alone, who mend it: a line may tell who a patient is, and has the keys that
    pseudonyms are made of. Others hear what is wrong with it. Of lines about patients it is logged who had them."""
    sent, aside = found_one(store, sha256, asked.feed)
    source, accepted = _layout(store, sources, sent), request.headers.get("accept", "")
    mend = asked.form == "mend" or "form=mend" in accepted.replace(" ", "")
    whole = "steward" in caller.roles
    if mend and not whole:
        raise RoleNotAllowed("Lines are mended, and read as they were sent, by stewards.")
    if whole and source.content is Content.PATIENTS:
        log.info("lines_of_patients_fetched", actor=caller.name, feed=sent.feed, sha256=sha256)
    if not mend and "text/csv" not in accepted:
        return quarantined(store, source, sent, aside, (asked.after, asked.limit), whole)
    what = "mend" if mend else "quarantine"
    made = quarantine_to_mend if mend else partial(quarantine_csv, whole=whole)
    named = {"Content-Disposition": f'attachment; filename="{sent.feed}-{sha256[:12]}-{what}.csv"'}
    return StreamingResponse(made(store, source, sent, aside), media_type="text/csv", headers=PRIVATE | named)


def _layout(store: Store, sources: Mapping[str, Source], sent: Submission) -> Source:
    """In which the file was read. Raises NotFound where there is no such source any more."""
    source, traces = source_named(sources, sent.feed), store.traces(sent.feed, sent.sha256)
    return of_mended(source) if traces is not None and traces.mends is not None else source


def with_progress(store: Store, sent: Submission) -> Submission:
    """How far its job is, as long as it has no fates."""
    if sent.state is not SubmissionState.RECEIVED:
        return sent
    return sent.model_copy(update={"progress": progress_of(store.files, sent.feed, sent.sha256)})


def start(store: Store, jobs: Jobs, waiting: Waiting) -> None:
    """What is recorded is acknowledged, also where its job finds no room or no database just now: the regular look at
    what waits starts it. Refusing here would say that nothing was kept."""
    try:
        see_to_check(store, jobs, waiting)
    except Exception as error:
        if not (is_full(error) or is_away(error)):
            raise
        log.warning("check_waits", feed=waiting.feed, sha256=waiting.sha256, kind=type(error).__name__)


def found_one(store: Store, sha256: str, feed: str | None) -> tuple[Submission, str | None]:
    """Raises NotFound, SeveralFeeds."""
    found = store.submitted(sha256, feed)
    if not found:
        raise NotFound("No such submission. Its name is the SHA-256 of the bytes that were sent.")
    if len(found) > 1:
        raise SeveralFeeds(sent.feed for sent, _ in found)
    return found[0]
