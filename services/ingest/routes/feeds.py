"""Feeds, and on what ground each is held."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.ingest.domain import Declaring
from services.ingest.problems import GroundContradicts, IfMatchNeeded, RevisionChanged
from services.ingest.routes.asked import ASKED, NoParameters, SourcesDep, StoreDep, source_named
from services.ingest.workflow import declaring
from shared.contracts.base import Slug
from shared.contracts.ingest import Feed, Feeds, Ground
from shared.kit.auth import Caller, allow
from shared.kit.logs import log
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, ValueNotAllowed, problems
from shared.kit.tags import etag, if_match

READERS = Depends(allow("steward", "analyst", "auditor"))
router = APIRouter(
    prefix="/v1/feeds", tags=["feeds"], dependencies=ASKED, responses=problems(NotSignedIn, RoleNotAllowed)
)
Nothing = Annotated[NoParameters, Query()]
Steward = Annotated[Caller, Depends(allow("steward"))]


@router.get("", operation_id="feeds", summary="Feeds, and on what ground each is held", dependencies=[READERS])
def feeds(asked: Nothing, store: StoreDep, sources: SourcesDep) -> Feeds:  # noqa: ARG001
    return Feeds(feeds=[feed for feed, _ in declaring.feeds(store, sources)])


@router.get(
    "/{feed}", operation_id="feed", summary="One feed; its ETag is the number of its declaration",
    dependencies=[READERS], responses=problems(NotFound),
)  # fmt: skip
def feed(feed: Slug, asked: Nothing, response: Response, store: StoreDep, sources: SourcesDep) -> Feed:  # noqa: ARG001
    found, declaration = declaring.feed_of(store, source_named(sources, feed))
    response.headers.update(etag(declaration))
    return found


@router.put(
    "/{feed}", operation_id="declare_ground", summary="Declare on what ground a feed is held",
    responses=problems(NotFound, GroundContradicts, ValueNotAllowed, IfMatchNeeded, RevisionChanged),
)  # fmt: skip
def declare_ground(
    *, feed: Slug, ground: Ground, steward: Steward, asked: Nothing, response: Response,  # noqa: ARG001
    store: StoreDep, sources: SourcesDep, seen: Annotated[int | None, Depends(if_match)],
) -> Feed:  # fmt: skip
    source = source_named(sources, feed)
    if seen is None:
        raise IfMatchNeeded
    said = Declaring(ground, seen, steward.name, datetime.now(UTC))
    declared, declaration = declaring.declare_ground(store, source, said)
    log.info("ground_declared", feed=feed, actor=steward.name, kind=ground.kind.value, declaration=declaration)
    response.headers.update(etag(declaration))
    return declared
