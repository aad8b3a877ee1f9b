"""What is in a submission, and what is surprising about it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.ingest.problems import PseudonymKeyMissing, SeveralFeeds
from services.ingest.routes.asked import ASKED, KeyDep, NoParameters, SourcesDep, StoreDep, source_named
from services.ingest.workflow.profiling import report_of
from shared.contracts.base import Sha256, Slug
from shared.contracts.profiles import Report
from shared.kit.auth import allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, StorageFull, problems

router = APIRouter(
    prefix="/v1/submissions", tags=["submissions"], dependencies=ASKED, responses=problems(NotSignedIn, RoleNotAllowed)
)


class Which(NoParameters):
    """`feed` is needed only where the same bytes were sent to several."""

    feed: Slug | None = None


@router.get(
    "/{sha256}/profile",
    operation_id="profile",
    summary="What is in a submission, and what is surprising beside the checked one before it",
    dependencies=[Depends(allow("steward", "analyst"))],
    responses=problems(NotFound, SeveralFeeds, StorageFull, PseudonymKeyMissing),
)
def profile(
    sha256: Sha256, asked: Annotated[Which, Query()], store: StoreDep, sources: SourcesDep, key: KeyDep
) -> Report:
    found = store.submitted(sha256, asked.feed)
    if len(found) > 1:
        raise SeveralFeeds(sent.feed for sent, _ in found)
    report = report_of(store, source_named(sources, found[0][0].feed), sha256, key) if found else None
    if report is None:
        raise NotFound("There is no report on such a submission: only one that is checked has one.")
    return report
