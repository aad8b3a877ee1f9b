"""Freezing what stands in a feed, and fetching it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import FileResponse
from pydantic import Field

from services.ingest.problems import NothingAccepted, NotOfOneFeed, SubmissionPending
from services.ingest.routes.asked import (
    ASKED,
    MOST_NUMBER,
    PRIVATE,
    NoParameters,
    Page,
    SourcesDep,
    StoreDep,
    source_named,
)
from services.ingest.store.database import Store
from services.ingest.workflow.differing import differences, of_one_feed
from services.ingest.workflow.freezing import freeze
from shared.contracts.base import Digest
from shared.contracts.ingest import Content, Differences, Snapshot, SnapshotRequest, Snapshots
from shared.kit.auth import Caller, allow
from shared.kit.logs import log
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, problems

PARQUET = "application/vnd.apache.parquet"
FREEZERS = [Depends(allow("steward", "service:ratings"))]
MAY_READ = allow("steward", "analyst", "service:ratings")
READERS = [Depends(MAY_READ)]
router = APIRouter(
    prefix="/v1/snapshots",
    tags=["snapshots"],
    dependencies=ASKED,
    responses=problems(NotSignedIn, RoleNotAllowed),
)
Nothing = Annotated[NoParameters, Query()]


@router.post(
    "",
    operation_id="freeze",
    summary="Freeze the rows that stand; the same content has the same digest, and is answered with 200",
    status_code=201,
    dependencies=FREEZERS,
    responses={200: {"model": Snapshot}, **problems(NotFound, SubmissionPending, NothingAccepted, StorageFull)},
)
def freeze_feed(
    wanted: SnapshotRequest, asked: Nothing, response: Response, store: StoreDep, sources: SourcesDep  # noqa: ARG001
) -> Snapshot:  # fmt: skip
    snapshot, fresh = freeze(store, source_named(sources, wanted.feed), datetime.now(UTC))
    response.status_code = 201 if fresh else 200
    return snapshot


@router.get("", operation_id="snapshots", summary="Snapshots, newest first", dependencies=READERS)
def snapshots(asked: Annotated[Page, Query()], store: StoreDep) -> Snapshots:
    found, following = store.snapshots.listed(asked.feed, asked.before, asked.limit)
    return Snapshots(snapshots=found, next=following)


@router.get(
    "/{digest}", operation_id="snapshot", summary="The manifest of a snapshot", dependencies=READERS,
    responses=problems(NotFound),
)  # fmt: skip
def snapshot(digest: Digest, asked: Nothing, store: StoreDep) -> Snapshot:  # noqa: ARG001
    return _found(store, digest)


class WhichChanges(NoParameters):
    """`earlier` (`from` in the address): the digest of the snapshot that the differences are counted from."""

    earlier: Digest = Field(alias="from")
    after: int = Field(default=0, ge=0, le=MOST_NUMBER)
    limit: int = Field(default=100, ge=1, le=1000)


@router.get(
    "/{digest}/differences", operation_id="snapshot_differences",
    summary="What is new, gone or changed since an earlier snapshot of the same feed, in order of the key",
    responses=problems(NotFound, NotOfOneFeed),
)  # fmt: skip
def snapshot_differences(
    digest: Digest, asked: Annotated[WhichChanges, Query()], store: StoreDep, sources: SourcesDep,
    caller: Annotated[Caller, Depends(allow("steward", "analyst"))],
) -> Differences:  # fmt: skip
    """Of rows about patients only how many, unless to a steward: what differs of one is about one patient."""
    pair = of_one_feed(store, digest, asked.earlier)
    if pair is None:
        raise NotFound("There is no snapshot of one of these digests.")
    source = source_named(sources, pair[0].feed)
    if source.content is Content.PATIENTS and "steward" not in caller.roles:
        return differences(store, source, pair, (0, 0)).model_copy(update={"next": None})
    return differences(store, source, pair, (asked.after, asked.limit))


@router.get(
    "/{digest}/files/{name}",
    operation_id="snapshot_file",
    summary="A file of a snapshot",
    response_class=FileResponse,
    responses=problems(NotFound),
)
def snapshot_file(
    *, digest: Digest, name: str, asked: Nothing, store: StoreDep, sources: SourcesDep,  # noqa: ARG001
    caller: Annotated[Caller, Depends(MAY_READ)],
) -> FileResponse:  # fmt: skip
    """Rows that stand, without anything that was set aside. Of rows about patients it is logged which person had them:
    they are pseudonymised, and still about one patient each."""
    found = _found(store, digest)
    source = sources.get(found.feed)
    for file in found.files:
        if file.name == name:
            if caller.assurance != "service" and (source is None or source.content is Content.PATIENTS):
                log.info("rows_of_patients_fetched", actor=caller.name, feed=found.feed, digest=digest)
            tagged = PRIVATE | {"ETag": f'"{file.sha256}"'}
            return FileResponse(store.files.table(file.sha256), media_type=PARQUET, filename=name, headers=tagged)
    raise NotFound("This snapshot has no file of that name.")


def _found(store: Store, digest: str) -> Snapshot:
    """Raises NotFound."""
    found = store.snapshots.get(digest)
    if found is None:
        raise NotFound("There is no snapshot of this digest.")
    return found
