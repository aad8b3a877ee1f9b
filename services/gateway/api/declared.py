"""What routes declare to OpenAPI, and the parameters that they share."""

from typing import Annotated, Any

from fastapi import Depends, Path, Request
from pydantic import BaseModel

from services.gateway.api.answers import Answers, answers_of
from services.gateway.api.asking import NoQuery, Query, Strict
from services.gateway.api.forms import only_json
from services.gateway.api.problems import NotAcceptable, ReleaseTakenDown, Starting
from shared.kit.auth import PUBLIC, allow
from shared.kit.problems import (
    InternalError,
    NotFound,
    Problem,
    RepeatedParameter,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)

EVERYBODY = Depends(allow(PUBLIC))


async def _answers(request: Request) -> Answers:
    return answers_of(request.app)


AnswersDep = Annotated[Answers, Depends(_answers)]
Release = Annotated[str, Path(description="A release's id, or `latest`.", examples=["2026-09-30"])]
COMMON: tuple[type[Problem], ...] = (UnknownParameter, RepeatedParameter, ValueNotAllowed, NotFound, NotAcceptable,
                                     InternalError)  # fmt: skip


def public(
    body: type[BaseModel], *more: type[Problem], query: type[Query] = NoQuery, released: bool = True
) -> dict[str, Any]:
    """Keyword arguments of a route that answers JSON: roles, strictness, bodies and problems."""
    own = (ReleaseTakenDown, Starting, *more) if released else more
    return {
        "dependencies": [EVERYBODY, Depends(Strict(query)), Depends(only_json)],
        "responses": {200: {"model": body}, **problems(*COMMON, *own)},
    }
