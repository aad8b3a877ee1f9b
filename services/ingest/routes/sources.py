"""Which kinds of file are taken."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.ingest.routes.asked import ASKED, NoParameters, SourcesDep, source_named
from shared.contracts.base import Slug
from shared.contracts.ingest import Source, Sources
from shared.kit.auth import allow
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, problems

READERS = Depends(allow("steward", "analyst"))
router = APIRouter(
    prefix="/v1/sources",
    tags=["sources"],
    dependencies=[READERS, *ASKED],
    responses=problems(NotSignedIn, RoleNotAllowed),
)
Nothing = Annotated[NoParameters, Query()]


@router.get("", operation_id="sources", summary="Kinds of file that ingest can read")
def sources(asked: Nothing, known: SourcesDep) -> Sources:  # noqa: ARG001  # declared so that others are refused
    return Sources(sources=[source.as_contract() for source in known.values()])


@router.get("/{source_id}", operation_id="source", summary="One kind of file", responses=problems(NotFound))
def source(source_id: Slug, asked: Nothing, known: SourcesDep) -> Source:  # noqa: ARG001
    return source_named(known, source_id).as_contract()
