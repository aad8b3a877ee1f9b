"""The reviewed files as loaded."""

from fastapi import APIRouter, Depends, Response

from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from shared.contracts.base import Contract, Digest, Slug
from shared.kit.auth import allow

router = APIRouter(tags=["indicators"], dependencies=STRICT)


class ReviewedIndicator(Contract):
    """An indicator file: enough to choose it for a release, and the digest of the file as reviewed."""

    id: Slug
    version: str
    status: str
    label: str
    levels: list[str]
    feeds: list[Slug]
    programme: Slug | None = None
    digest: Digest


class ReviewedIndicators(Contract):
    indicators: list[ReviewedIndicator]


@router.get(
    "/v1/indicators",
    operation_id="indicators",
    summary="The reviewed indicator files",
    dependencies=[Depends(allow("analyst", "reviewer", "publisher"))],
)
def indicators(office: OfficeDep, response: Response) -> ReviewedIndicators:
    response.headers.update(NO_STORE)
    return ReviewedIndicators(
        indicators=[
            ReviewedIndicator(
                id=one.definition.id, version=one.definition.version, status=one.definition.status,
                label=one.definition.label, levels=list(one.definition.units), feeds=list(one.definition.source.feeds),
                programme=one.definition.programme, digest=one.digest,
            )
            for one in office.catalogue.indicators.values()
        ]
    )  # fmt: skip
