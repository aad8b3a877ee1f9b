"""Replays: a release computed again, and compared with what it recorded."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.ratings.problems import NotReplayable
from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.workflow import replaying
from shared.contracts.base import ReleaseId
from shared.contracts.replay import Replay
from shared.kit.auth import Caller, allow
from shared.kit.problems import NotFound, problems

router = APIRouter(prefix="/v1/releases/{release}/replay", tags=["replays"], dependencies=STRICT)

Named = Annotated[ReleaseId, Path(description="YYYY-MM-DD, with .2, .3 … for later ones of a day")]
Verifier = Annotated[Caller, Depends(allow("auditor", "analyst", "reviewer", "publisher"))]


@router.post(
    "",
    operation_id="replay",
    summary="Compute the results again from their recorded inputs and compare; the run under way where there is one",
    status_code=202,
    responses=problems(NotFound, NotReplayable),
)
def start(release: Named, office: OfficeDep, verifier: Verifier, response: Response) -> Replay:
    response.headers.update(NO_STORE)
    return replaying.ask(office, release, verifier.name)


@router.get("", operation_id="newest_replay", summary="The newest run, and what it found", responses=problems(NotFound))
def newest(release: Named, office: OfficeDep, verifier: Verifier, response: Response) -> Replay:  # noqa: ARG001
    response.headers.update(NO_STORE)
    return replaying.newest(office, release)
