"""Freezing what stands in a feed, and fetching it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import FileResponse

from services.ingest.problems import NothingAccepted, SubmissionPending
from services.ingest.routes.asked import ASKED, PRIVATE, NoParameters, Page, SourcesDep, StoreDep, source_named
from services.ingest.store.database import Store
from services.ingest.workflow.freezing import freeze
from shared.contracts.base import Digest
from shared.contracts.ingest import Snapshot, SnapshotRequest, Snapshots
from shared.kit.auth import allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, problems

PARQUET = "application/vnd.apache.parquet"
FREEZERS = [Depends(allow("steward", "service:ratings"))]
READERS = [Depends(allow("steward", "analyst", "service:ratings"))]
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


@router.get(
    "/{digest}/files/{name}",
    operation_id="snapshot_file",
    summary="A file of a snapshot",
    response_class=FileResponse,
    dependencies=READERS,
    responses=problems(NotFound),
)
def snapshot_file(digest: Digest, name: str, asked: Nothing, store: StoreDep) -> FileResponse:  # noqa: ARG001
    for file in _found(store, digest).files:
        if file.name == name:
            tagged = PRIVATE | {"ETag": f'"{file.sha256}"'}
            return FileResponse(store.files.table(file.sha256), media_type=PARQUET, filename=name, headers=tagged)
    raise NotFound("This snapshot has no file of that name.")


def _found(store: Store, digest: str) -> Snapshot:
    """Raises NotFound."""
    found = store.snapshots.get(digest)
    if found is None:
        raise NotFound("There is no snapshot of this digest.")
    return found
