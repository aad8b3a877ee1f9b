"""The roster of a release as a file, for the disclosure audit."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.ratings.problems import NoCells
from services.ratings.routes import STRICT, OfficeDep
from services.ratings.workflow.roster import HEADER, roster_of
from shared.contracts.base import ReleaseId
from shared.kit.auth import Caller, allow
from shared.kit.downloads import csv_text, download
from shared.kit.logs import log
from shared.kit.peers import PeerRefused, PeerUnreachable
from shared.kit.problems import NotFound, problems

router = APIRouter(prefix="/v1/releases", tags=["releases"], dependencies=STRICT)
Keeper = Annotated[Caller, Depends(allow("steward", "auditor"))]


@router.get(
    "/{release}/roster", operation_id="roster", summary="Who works where with which figures, as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **problems(NotFound, NoCells, PeerUnreachable, PeerRefused)},
)  # fmt: skip
def roster(release: Annotated[ReleaseId, Path()], office: OfficeDep, keeper: Keeper) -> Response:
    log.info("roster", actor=keeper.name, release=release)
    return download(csv_text(HEADER, roster_of(office, release)), f"roster-{release}.csv")
