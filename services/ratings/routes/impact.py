"""What consent asks before a withdrawal: how much it would hide."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict

from services.ratings.problems import BakedMeanwhile
from services.ratings.routes import NO_STORE, OfficeDep
from services.ratings.workflow.impact import impact_of
from shared.contracts.base import SubjectKey
from shared.contracts.impact import Impact
from shared.kit.asking import once_each
from shared.kit.auth import allow
from shared.kit.problems import (
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)

router = APIRouter(tags=["impact"], dependencies=[Depends(allow("service:consent")), Depends(once_each)])
PROBLEMS = (NotSignedIn, RoleNotAllowed, UnknownParameter, RepeatedParameter, ValueNotAllowed, BakedMeanwhile)


class ImpactQuery(BaseModel):
    """`key`: the keyed hash by which views know a person in one programme."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: SubjectKey


@router.get(
    "/v1/impact",
    operation_id="impact",
    summary="What a withdrawal would hide, in counts",
    responses=problems(*PROBLEMS),
)
def impact(office: OfficeDep, query: Annotated[ImpactQuery, Query()], response: Response) -> Impact:
    response.headers.update(NO_STORE)
    return impact_of(office, query.key)
