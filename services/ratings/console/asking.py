"""Queries about the records behind a result, and what has become of them."""

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import ValidationError

from services.ratings.console.own import Person
from services.ratings.console.saying import CRUMBS
from services.ratings.console.words import Words
from services.ratings.problems import KeyReused
from services.ratings.routes import OfficeDep
from services.ratings.told_problems import Frozen, WindowClosed
from services.ratings.workflow import previewing, querying
from services.ratings.workflow.office import Office
from services.ratings.workflow.own import who_is
from shared.contracts.told import QueryRequest
from shared.kit.console.gate import Visitor
from shared.kit.problems import ValueNotAllowed

router: Final = APIRouter(prefix="/me/queries", include_in_schema=False, tags=["own pages"])
HINTS: Final = {
    "result": "Choose the result that it is about.", "records": "Say which records, as you know them.",
    "about": "Say what is wrong with them.",
}  # fmt: skip
NAMED: Final = "Name no patient."
Number = Annotated[int, Path(ge=1, le=2_147_483_647)]


@router.get("")
def queries(visitor: Person, office: OfficeDep, result: Annotated[str, Query(max_length=20)] = "") -> Response:
    return _page(visitor, office, result)


@router.post("")
def ask(visitor: Person, office: OfficeDep) -> Response:
    try:
        given = visitor.take("result", "records", "about", "key", optional=("disputed",))
        key = given.pop("key")
        wanted = QueryRequest.model_validate(given | {"disputed": given.get("disputed") == "yes"})
        querying.ask(office, who_is(visitor.caller), wanted, key)
    except ValidationError as wrong:
        return _page(visitor, office, wrong=[str(one["loc"][0]) for one in wrong.errors()])
    except ValueNotAllowed as refused:
        return _page(visitor, office, wrong=[str(one.get("pointer", "result")) for one in refused.errors])
    except (Frozen, KeyReused, WindowClosed) as refused:
        return _page(visitor, office, wrong=["result"], said=refused.detail, status=refused.status)
    visitor.say("Your query is sent. A data steward answers it before the release is approved.")
    return visitor.go("/me/queries")


@router.post("/{number}/flag")
def unflag(visitor: Person, office: OfficeDep, number: Number) -> Response:
    visitor.take()
    querying.withdraw_flag(office, who_is(visitor.caller), number)
    visitor.say("The public is not told any more that the data are disputed.")
    return visitor.go("/me/queries")


def _page(
    visitor: Visitor, office: Office, chosen: str = "", *, wrong: list[str] | None = None, said: str = "",
    status: int = 422,
) -> Response:  # fmt: skip
    """Asked about results of releases that are open now."""
    who = who_is(visitor.caller)
    open_now = [one for one in previewing.own_results(office, who)["releases"] if one["open"]]
    given = {name: values[0] for name, values in visitor.form.values.items() if values}
    errors = [{"pointer": one, "hint": said or HINTS.get(one, HINTS["result"])} for one in dict.fromkeys(wrong or [])]
    return visitor.page(
        "queries.jinja", "Queries about records", crumbs=CRUMBS, status=status if wrong else 200, errors=errors,
        open_now=open_now, queries=querying.queries(office, who)[::-1], given={"result": chosen} | given,
        key=secrets.token_hex(16), words=Words(office.catalogue), named=NAMED,
    )  # fmt: skip
