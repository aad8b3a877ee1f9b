"""What gateways follow and load."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.workflow import publishing
from shared.contracts.base import ReleaseId
from shared.contracts.releases import ReadableViews
from shared.kit.auth import allow
from shared.kit.problems import NotFound, problems

router = APIRouter(tags=["views"], dependencies=[Depends(allow("service:gateway")), *STRICT])
FileName = Annotated[str, Path(pattern=r"^[a-z]+\.(json|parquet)$")]


@router.get("/v1/views", operation_id="views", summary="The live view of every readable release")
def views(office: OfficeDep, response: Response) -> ReadableViews:
    response.headers.update(NO_STORE)
    return publishing.readable_views(office)


@router.get(
    "/v1/releases/{release}/views/{view}/files/{name}",
    operation_id="view_file",
    summary="A file of a live view",
    responses=problems(NotFound),
)
def file(release: ReleaseId, view: Annotated[int, Path(ge=1)], name: FileName, office: OfficeDep) -> Response:
    data = publishing.view_file(office, release, view, name)
    if data is None:
        raise NotFound("This view is not live, or has no such file.")
    media_type = "application/json" if name.endswith(".json") else "application/vnd.apache.parquet"
    return Response(data, media_type=media_type, headers=NO_STORE)
