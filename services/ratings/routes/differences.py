"""What is other in a release than in the one before it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.ratings.problems import StepNotAllowed
from services.ratings.routes import NO_STORE, OfficeDep
from services.ratings.workflow.differing import differences
from shared.contracts.base import ReleaseId
from shared.contracts.differences import Differences
from shared.kit.asking import once_each
from shared.kit.auth import allow
from shared.kit.peers import PeerRefused, PeerUnreachable
from shared.kit.problems import NotFound, RepeatedParameter, UnknownParameter, ValueNotAllowed, problems

router = APIRouter(tags=["gate"], dependencies=[Depends(once_each)])
Named = Annotated[ReleaseId, Path(description="YYYY-MM-DD, with .2, .3 … for later ones of a day")]
PROBLEMS = (
    NotFound, StepNotAllowed, PeerRefused, PeerUnreachable, UnknownParameter, RepeatedParameter, ValueNotAllowed,
)  # fmt: skip


class DifferencesQuery(BaseModel):
    """`from`: the release to compare with; the one published before where it is not given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: ReleaseId | None = Field(default=None, alias="from")


@router.get(
    "/v1/releases/{release}/differences",
    operation_id="differences",
    summary="Rows new, gone and changed; changed positions first",
    dependencies=[Depends(allow("analyst", "reviewer", "publisher"))],
    responses=problems(*PROBLEMS),
)
def different(
    release: Named, query: Annotated[DifferencesQuery, Query()], office: OfficeDep, response: Response
) -> Differences:
    response.headers.update(NO_STORE)
    return differences(office, release, query.before)
