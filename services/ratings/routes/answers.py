"""Queries about records, and texts of subjects: answered, moderated, read by those who make the release."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict

from services.ratings.domain.answers import Kind, State
from services.ratings.problems import KeyReused
from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.routes.mine import MEASURED, NeededKey, Number, Own
from services.ratings.told_problems import Frozen, OwnWords, TextSettled, WindowClosed
from services.ratings.workflow import answering, querying
from services.ratings.workflow.own import who_is
from shared.contracts.told import Moderation, QueryAnswer, QueryRequest, RecordQueries, RecordQuery, SentText, SentTexts
from shared.kit.asking import once_each
from shared.kit.auth import Caller, allow
from shared.kit.problems import (
    NotFound,
    NotSignedIn,
    RepeatedParameter,
    RoleNotAllowed,
    UnknownParameter,
    ValueNotAllowed,
    problems,
)

router = APIRouter(prefix="/v1", tags=["told first"])
Steward = Annotated[Caller, Depends(allow("steward"))]
Reviewer = Annotated[Caller, Depends(allow("reviewer"))]
Reader = Annotated[Caller, Depends(allow("steward", *MEASURED))]
COMMON = (NotSignedIn, RoleNotAllowed, NotFound, UnknownParameter)


class TextsQuery(BaseModel):
    """`state`: all but those that were replaced where none is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Literal["waiting", "accepted", "refused"] | None = None


@router.post(
    "/queries", status_code=201, operation_id="ask_query", summary="Ask about the records behind a result of mine",
    responses=problems(*COMMON, ValueNotAllowed, Frozen, WindowClosed, KeyReused), dependencies=STRICT,
)  # fmt: skip
def ask(given: QueryRequest, office: OfficeDep, who: Own, key: NeededKey, response: Response) -> RecordQuery:
    response.headers.update(NO_STORE)
    return querying.ask(office, who, given, key)


@router.get(
    "/queries", operation_id="queries", summary="My queries and their answers; a data steward reads all of them",
    responses=problems(*COMMON), dependencies=STRICT,
)  # fmt: skip
def queries(office: OfficeDep, reader: Reader, response: Response) -> RecordQueries:
    response.headers.update(NO_STORE)
    everybody = "steward" in reader.roles
    return RecordQueries(queries=querying.queries(office, None if everybody else who_is(reader)))


@router.post(
    "/queries/{number}/answer", operation_id="answer_query", summary="Answer a query, once",
    responses=problems(*COMMON, ValueNotAllowed, OwnWords, TextSettled), dependencies=STRICT,
)  # fmt: skip
def answer(number: Number, given: QueryAnswer, office: OfficeDep, steward: Steward, response: Response) -> RecordQuery:
    response.headers.update(NO_STORE)
    return querying.answer(office, number, given, steward)


@router.delete(
    "/queries/{number}/disputed", operation_id="withdraw_flag", summary="Ask for the flag `disputed` no longer",
    responses=problems(*COMMON, ValueNotAllowed, Frozen), dependencies=STRICT,
)  # fmt: skip
def withdraw_flag(number: Number, office: OfficeDep, who: Own, response: Response) -> RecordQuery:
    response.headers.update(NO_STORE)
    return querying.withdraw_flag(office, who, number)


@router.get(
    "/replies", operation_id="replies", summary="Replies and commentaries, as they came",
    responses=problems(*COMMON, RepeatedParameter, ValueNotAllowed),
    dependencies=[Depends(allow("reviewer")), Depends(once_each)],
)  # fmt: skip
def replies(office: OfficeDep, query: Annotated[TextsQuery, Query()], response: Response) -> SentTexts:
    response.headers.update(NO_STORE)
    state = State(query.state) if query.state else None
    return SentTexts(texts=answering.texts(office, Kind.for_the_public(), state))


@router.post(
    "/replies/{number}/moderation", operation_id="moderate",
    summary="Accept a text for publication, or refuse it for confidentiality or law: never change it",
    responses=problems(*COMMON, ValueNotAllowed, Frozen, OwnWords, TextSettled), dependencies=STRICT,
)  # fmt: skip
def moderate(number: Number, given: Moderation, office: OfficeDep, reviewer: Reviewer, response: Response) -> SentText:
    response.headers.update(NO_STORE)
    return answering.moderate(office, number, given, reviewer)


@router.get(
    "/comments", operation_id="comments", summary="What subjects have said to the audit team alone",
    responses=problems(NotSignedIn, RoleNotAllowed, UnknownParameter),
    dependencies=[Depends(allow("analyst", "reviewer")), *STRICT],
)  # fmt: skip
def comments(office: OfficeDep, response: Response) -> SentTexts:
    response.headers.update(NO_STORE)
    return SentTexts(texts=answering.texts(office, (Kind.COMMENT,)))
