"""What those who are measured say before publication: a reply to one result, a commentary on all of them, a comment for
the audit alone. A text for the public is looked at once more before it is sent."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response
from pydantic import ValidationError

from services.ratings.console.own import Person, told
from services.ratings.console.words import Words
from services.ratings.domain.answers import Kind, policy, words_in
from services.ratings.problems import KeyReused
from services.ratings.routes import OfficeDep
from services.ratings.told_problems import Frozen, LatestChanged, LatestNotSeen, WindowClosed
from services.ratings.workflow import answering, previewing
from services.ratings.workflow.answering import Sent
from services.ratings.workflow.office import Office
from services.ratings.workflow.own import who_is
from services.ratings.workflow.rehearsing import commentary_look, reply_look
from shared.contracts.base import ResultId
from shared.contracts.told import CommentaryText, CommentText, ReplyText
from shared.kit.console.gate import Visitor
from shared.kit.problems import NotFound, Problem, ValueNotAllowed

router: Final = APIRouter(prefix="/me", include_in_schema=False, tags=["own pages"])
CRUMBS: Final = (("My results", "/me"),)
REFUSED: Final = (Frozen, KeyReused, LatestChanged, LatestNotSeen, WindowClosed)
EMPTY: Final = "Write something."
Named = Annotated[ResultId, Path()]
Number = Annotated[int, Path(ge=1, le=2_147_483_647)]
Json = Mapping[str, Any]


@router.get("/reply/{result}")
def write(visitor: Person, office: OfficeDep, result: Named) -> Response:
    return _reply(visitor, office, result)


@router.post("/reply/{result}/look")
def look(visitor: Person, office: OfficeDep, result: Named) -> Response:
    """Nothing is kept: the row as it would stand with these words."""
    try:
        given = visitor.take("text", "seen")
        text = ReplyText(text=given["text"]).text
        body = reply_look(office, who_is(visitor.caller), result, text)
    except (ValidationError, ValueNotAllowed) as wrong:
        return _reply(visitor, office, result, _hint(wrong))
    except REFUSED as refused:
        return _reply(visitor, office, result, refused=refused)
    return visitor.page(
        "reply_look.jinja", "Your reply, before you send it", row=body, text=text, seen=given["seen"], told=told,
        crumbs=(*CRUMBS, ("Reply", f"/me/reply/{result}")), count=words_in(text), key=secrets.token_hex(16),
        words=Words(office.catalogue), most=policy().words[Kind.REPLY],
    )  # fmt: skip


@router.post("/reply/{result}")
def reply(visitor: Person, office: OfficeDep, result: Named) -> Response:
    """To write it again keeps what was written."""
    try:
        given = visitor.take("text", "seen", "key", optional=("again",))
        if "again" in given:
            return _reply(visitor, office, result)
        text = ReplyText(text=given["text"]).text
        answering.reply(office, who_is(visitor.caller), result, text, _sent(given))
    except (ValidationError, ValueNotAllowed) as wrong:
        return _reply(visitor, office, result, _hint(wrong))
    except REFUSED as refused:
        return _reply(visitor, office, result, refused=refused)
    visitor.say("Your reply is sent. It stands beside your result once a reviewer has accepted it as it is.")
    return visitor.go("/me")


@router.get("/commentary")
def texts(visitor: Person, office: OfficeDep) -> Response:
    return _texts(visitor, office)


@router.post("/commentary/look")
def commentary_again(visitor: Person, office: OfficeDep) -> Response:
    try:
        given = visitor.take("release", "text", "seen")
        wanted = CommentaryText(release=given["release"], text=given["text"])
        count = commentary_look(office, who_is(visitor.caller), wanted.release, wanted.text)
    except (ValidationError, ValueNotAllowed) as wrong:
        return _texts(visitor, office, _hint(wrong), "commentary")
    except REFUSED as refused:
        return _texts(visitor, office, refused.detail, "commentary", refused.status)
    return visitor.page(
        "commentary_look.jinja", "Your commentary, before you send it", crumbs=(*CRUMBS, ("Texts", "/me/commentary")),
        wanted=wanted, seen=given["seen"], count=count, key=secrets.token_hex(16), most=policy().words[Kind.COMMENTARY],
    )  # fmt: skip


@router.post("/commentary")
def commentary(visitor: Person, office: OfficeDep) -> Response:
    try:
        given = visitor.take("release", "text", "seen", "key", optional=("again",))
        if "again" in given:
            return _texts(visitor, office)
        wanted = CommentaryText(release=given["release"], text=given["text"])
        answering.commentary(office, who_is(visitor.caller), wanted, _sent(given))
    except (ValidationError, ValueNotAllowed) as wrong:
        return _texts(visitor, office, _hint(wrong), "commentary")
    except REFUSED as refused:
        return _texts(visitor, office, refused.detail, "commentary", refused.status)
    visitor.say("Your commentary is sent. It is public with the release once a reviewer has accepted it as it is.")
    return visitor.go("/me")


@router.post("/comments")
def comment(visitor: Person, office: OfficeDep) -> Response:
    try:
        given = visitor.take("release", "text", "key")
        wanted = CommentText(release=given["release"], text=given["text"])
        answering.comment(office, who_is(visitor.caller), wanted, given["key"])
    except (ValidationError, ValueNotAllowed) as wrong:
        return _texts(visitor, office, _hint(wrong), "comment")
    except REFUSED as refused:
        return _texts(visitor, office, refused.detail, "comment", refused.status)
    visitor.say("Your comment is sent to the audit alone.")
    return visitor.go("/me/commentary")


@router.post("/texts/{number}/withdrawal")
def take_back(visitor: Person, office: OfficeDep, number: Number) -> Response:
    """One step, without a reason; also after the window, until publication."""
    visitor.take()
    answering.take_back(office, who_is(visitor.caller), number)
    visitor.say("Taken back: it stands beside nothing.")
    return visitor.go("/me")


def _sent(given: Mapping[str, str]) -> Sent:
    """The page says which text of theirs it showed; 0 is none. Raises ValueNotAllowed."""
    if not given["seen"].isdecimal():
        raise ValueNotAllowed("The form is not one of ours.")
    return Sent(int(given["seen"]), given["key"])


def _hint(wrong: ValidationError | ValueNotAllowed) -> str:
    if isinstance(wrong, ValidationError):
        return EMPTY
    found = next((one for one in wrong.errors if "expected" in one), None)
    return f"{wrong.detail} Yours has {found['found']}." if found else EMPTY


def own_result_of(office: Office, visitor: Visitor, result: str) -> tuple[Json, Json]:
    """The release and the result in it, as their subject is told. Raises NotFound for any that is not theirs."""
    found = previewing.own_results(office, who_is(visitor.caller))
    for release in found["releases"]:
        for own in release["results"]:
            if own["result"]["id"] == result:
                return release, own
    raise NotFound


def _reply(
    visitor: Visitor, office: Office, result: str, hint: str = "", refused: Problem | None = None
) -> Response:  # fmt: skip
    release, own = own_result_of(office, visitor, result)
    former = own.get("reply", {})
    said = visitor.form.all("text")
    hint = refused.detail if refused else hint
    return visitor.page(
        "reply.jinja", "Reply to one result", crumbs=CRUMBS, status=refused.status if refused else 422 if hint else 200,
        errors=[{"pointer": "text", "hint": hint}] if hint else [], release=release, row=own["result"], told=told,
        text=said[0] if said else former.get("text", ""), seen=former.get("number", 0), former=former,
        most=policy().words[Kind.REPLY], words=Words(office.catalogue),
    )  # fmt: skip


def _texts(
    visitor: Visitor, office: Office, hint: str = "", field: str = "", status: int = 422
) -> Response:  # fmt: skip
    found = previewing.own_results(office, who_is(visitor.caller))
    about, said = visitor.form.all("release"), visitor.form.all("text")
    at = next((n for n, one in enumerate(found["releases"], 1) if [one["release"]] == list(about)), None)
    if hint and at is None:
        raise NotFound
    return visitor.page(
        "texts.jinja", "What you say", crumbs=CRUMBS, status=status if hint else 200, found=found, at=at,
        errors=[{"pointer": f"{field}-{at}", "hint": hint}] if hint else [], text=said[0] if said else "", field=field,
        most={kind.value: number for kind, number in policy().words.items()}, key=secrets.token_hex(16),
        words=Words(office.catalogue),
    )  # fmt: skip
