"""What whoever is measured sees and says before the public. Whose results these are comes from the account, never from
the address."""

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Header, Path, Response

from services.ratings.problems import KeyReused
from services.ratings.routes import NO_STORE, STRICT, OfficeDep
from services.ratings.told_problems import Frozen, LatestChanged, LatestNotSeen, TextSettled, WindowClosed
from services.ratings.workflow import answering, previewing
from services.ratings.workflow.answering import Sent
from services.ratings.workflow.own import Who, who_is
from services.ratings.workflow.own_cases import own_cases
from services.ratings.workflow.packing import pack
from shared.contracts.base import Printable, ResultId
from shared.contracts.pack import OwnCases, Pack
from shared.contracts.told import CommentaryText, CommentText, LastLook, OwnResults, ReplyText, SentText
from shared.kit.auth import Caller, allow
from shared.kit.peers import PeerRefused, PeerUnreachable
from shared.kit.problems import NotFound, NotSignedIn, RoleNotAllowed, UnknownParameter, ValueNotAllowed, problems
from shared.kit.tags import etag, if_match

MEASURED: Final = ("consultant", "lead", "practice")
router = APIRouter(prefix="/v1/me", tags=["told first"], dependencies=STRICT)
Person = Annotated[Caller, Depends(allow(*MEASURED))]
Key = Annotated[Printable | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
NeededKey = Annotated[Printable, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Number = Annotated[int, Path(ge=1, le=2_147_483_647)]
COMMON = (NotSignedIn, RoleNotAllowed, NotFound, UnknownParameter)
ASKS = (*COMMON, PeerUnreachable, PeerRefused)
SAYS = (*COMMON, ValueNotAllowed, Frozen, WindowClosed, KeyReused)
REPLACES = (*SAYS, LatestNotSeen, LatestChanged)


def own(person: Person) -> Who:
    """Raises NotFound: an account that is nobody's record has none to read."""
    return who_is(person)


Own = Annotated[Who, Depends(own)]


def _sent(seen: Annotated[int | None, Depends(if_match)], key: Key = None) -> Sent:
    return Sent(seen, key)


SentDep = Annotated[Sent, Depends(_sent)]


def private(body: Any, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """JSON as the gateway writes it, kept by nobody."""
    return Response(orjson.dumps(body), status, media_type="application/json", headers=NO_STORE | (headers or {}))


@router.get(
    "/results", operation_id="own_results", summary="My results as the public will see them, before it does",
    response_model=OwnResults, responses=problems(*ASKS),
)  # fmt: skip
def results(office: OfficeDep, who: Own) -> Response:
    return private(previewing.own_results(office, who))


@router.get(
    "/cases", operation_id="own_cases", summary="How many cases I have and whom I treat, beside my hospital and all",
    responses=problems(*ASKS),
)  # fmt: skip
def cases(office: OfficeDep, who: Own, response: Response) -> OwnCases:
    response.headers.update(NO_STORE)
    return own_cases(office, who)


@router.get(
    "/pack", operation_id="own_pack", summary="For peer review: funnels, charts over time, case mix, comparable peers",
    response_model=Pack, responses=problems(*ASKS),
)  # fmt: skip
def own_pack(office: OfficeDep, who: Own) -> Response:
    return private(pack(office, who))


@router.put(
    "/replies/{result}", operation_id="reply", summary="My reply to one result, beside it once it is accepted",
    response_model=LastLook, responses=problems(*REPLACES, PeerUnreachable, PeerRefused),
)  # fmt: skip
def reply(
    result: Annotated[ResultId, Path()], given: ReplyText, office: OfficeDep, who: Own, sent: SentDep
) -> Response:  # fmt: skip
    row, told = answering.reply(office, who, result, given.text, sent)
    body = {"sent": told.model_dump(mode="json"), "result": previewing.last_look(office, who, row)}
    return private(body, etag(told.number))


@router.delete(
    "/texts/{number}", operation_id="take_back", summary="My reply or commentary shall stand beside nothing",
    response_model=SentText, responses=problems(*COMMON, ValueNotAllowed, Frozen, TextSettled),
)  # fmt: skip
def take_back(number: Number, office: OfficeDep, who: Own) -> Response:
    return private(answering.take_back(office, who, number).model_dump(mode="json"))


@router.put(
    "/commentary", operation_id="commentary", summary="What I say about all of my results in a release",
    response_model=SentText, responses=problems(*REPLACES),
)  # fmt: skip
def commentary(given: CommentaryText, office: OfficeDep, who: Own, sent: SentDep) -> Response:
    told = answering.commentary(office, who, given, sent)
    return private(told.model_dump(mode="json"), etag(told.number))


@router.post(
    "/comments", status_code=201, operation_id="comment", summary="Something for the audit team alone",
    response_model=SentText, responses=problems(*SAYS),
)  # fmt: skip
def comment(given: CommentText, office: OfficeDep, who: Own, key: NeededKey) -> Response:
    return private(answering.comment(office, who, given, key).model_dump(mode="json"), status=201)
