"""What those who are measured have sent: texts that a reviewer reads before the public may, comments for the audit
alone, and queries that a data steward answers."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Response
from pydantic import ValidationError

from services.ratings.console.words import Words
from services.ratings.domain.answers import Kind
from services.ratings.routes import OfficeDep
from services.ratings.told_problems import Frozen, OwnWords, TextSettled
from services.ratings.workflow import answering, querying
from services.ratings.workflow.office import Office
from shared.contracts.told import Moderation, QueryAnswer
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import Problem, ValueNotAllowed

router: Final = APIRouter(prefix="/console/answers", include_in_schema=False, tags=["console"])
READERS: Final = frozenset({"analyst", "reviewer", "steward"})
CRUMBS: Final = (("Releases", "/console"),)
HINTS: Final = {
    "outcome": "Accept it, or refuse it.", "ground": "A refusal names its ground: confidentiality, or law.",
    "reason": "A refusal says why; what is accepted needs no reason.", "answer": "Write an answer.",
    "data_changed": "Say whether records were corrected.",
}  # fmt: skip
SETTLED: Final = (Frozen, OwnWords, TextSettled)
Number = Annotated[int, Path(ge=1, le=2_147_483_647)]


@router.get("")
def answers(visitor: Annotated[Visitor, Depends(signed_in(*READERS))], office: OfficeDep) -> Response:
    return _page(visitor, office)


@router.post("/texts/{number}")
def moderate(
    visitor: Annotated[Visitor, Depends(signed_in("reviewer"))], office: OfficeDep, number: Number
) -> Response:  # fmt: skip
    """Accept a text as it is, or refuse it for confidentiality or law. Nobody changes a word of it."""
    try:
        given = visitor.take("outcome", optional=("ground", "reason"))
        answering.moderate(office, number, Moderation.model_validate(given), visitor.caller)
    except ValidationError:
        missing = next((one for one in ("ground", "reason") if one not in given), "outcome")
        refusal = given["outcome"] == "refused"
        return _wrong(visitor, office, f"{missing if refusal else 'reason'}-{number}")
    except ValueNotAllowed:
        return _wrong(visitor, office, f"outcome-{number}")
    except SETTLED as refused:
        return _wrong(visitor, office, f"text-{number}", refused)
    visitor.say("Recorded.")
    return visitor.go("/console/answers")


@router.post("/queries/{number}")
def answer(visitor: Annotated[Visitor, Depends(signed_in("steward"))], office: OfficeDep, number: Number) -> Response:
    try:
        given = visitor.take("answer", "data_changed")
        wanted = QueryAnswer.model_validate({**given, "data_changed": given["data_changed"] == "yes"})
        querying.answer(office, number, wanted, visitor.caller)
    except (ValidationError, ValueNotAllowed) as wrong:
        known = {one.get("pointer") for one in wrong.errors} if isinstance(wrong, ValueNotAllowed) else {"answer"}
        return _wrong(visitor, office, f"{'answer' if 'answer' in known else 'data_changed'}-{number}")
    except SETTLED as refused:
        return _wrong(visitor, office, f"query-{number}", refused)
    visitor.say("Answered.")
    return visitor.go("/console/answers")


def _wrong(visitor: Visitor, office: Office, pointer: str, refused: Problem | None = None) -> Response:
    hint = refused.detail if refused else HINTS[pointer.rpartition("-")[0]]
    return _page(visitor, office, [{"pointer": pointer, "hint": hint}], refused.status if refused else 422)


def _page(visitor: Visitor, office: Office, errors: list[dict[str, str]] | None = None, status: int = 200) -> Response:
    """Each role sees what it is asked for; what waits comes first."""
    roles = visitor.caller.roles
    texts = answering.texts(office, Kind.for_the_public()) if "reviewer" in roles else []
    comments = answering.texts(office, (Kind.COMMENT,)) if roles & {"analyst", "reviewer"} else []
    queries = querying.queries(office, None) if "steward" in roles else []
    return visitor.page(
        "answers.jinja", "Queries and answers", crumbs=CRUMBS, errors=errors or [], status=status, roles=roles,
        waiting=[one for one in texts if one.state == "waiting"], comments=comments,
        settled=[one for one in texts if one.state != "waiting"], given=visitor.form.values,
        open_queries=[one for one in queries if one.state == "open"],
        answered=[one for one in queries if one.state != "open"], words=Words(office.catalogue),
    )  # fmt: skip
