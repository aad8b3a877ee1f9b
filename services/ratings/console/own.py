"""My results: what the public will see of them, before it does. Whose they are comes from the account."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response

from services.ratings.console.people import SUBJECTS
from services.ratings.console.words import Words, figure
from services.ratings.routes import OfficeDep
from services.ratings.workflow import previewing
from services.ratings.workflow.own import who_is
from shared.kit.console.gate import Visitor, signed_in

router: Final = APIRouter(include_in_schema=False, tags=["own pages"])
Person = Annotated[Visitor, Depends(signed_in(*SUBJECTS))]
Body = Mapping[str, Any]
CELLS: Final = ("figure", "range", "observed", "expected", "denominator", "warning", "control", "benchmark")


@router.get("/me")
def mine(visitor: Person, office: OfficeDep) -> Response:
    """To have looked is recorded: it is the evidence that people were told first."""
    found = previewing.own_results(office, who_is(visitor.caller))
    return visitor.page("mine.jinja", "My results", found=found, told=told, words=Words(office.catalogue))


def told(row: Body) -> dict[str, str]:
    """A public row in cells, word by word and figure by figure as the public body has it; what it lacks is empty."""
    about = row["indicator"]
    told = dict.fromkeys(CELLS, "")
    told |= {"words": _words(row), "certainty": row.get("words", {}).get("certainty", "")}
    value, comparison = row.get("value", {}), row.get("comparison", {})
    limits = comparison.get("limits", {})
    if "estimate" in value:
        told["figure"] = figure(value["estimate"], about)
    if "word" in value:
        told["figure"] = value["word"]
    if "interval" in value:
        told["range"] = between(value["interval"], about)
    for name in ("observed", "expected", "denominator"):
        if name in value:
            told[name] = f"{value[name]:,}"
    for name in ("warning", "control"):
        if name in limits:
            told[name] = between(limits[name], about)
    if "benchmark" in comparison and "value" in comparison["benchmark"]:
        told["benchmark"] = f"{comparison['benchmark']['scope']}: {figure(comparison['benchmark']['value'], about)}"
    return told


def between(ends: Body, about: Body) -> str:
    """`1.58% to 2.72%`, or the one end that there is."""
    lower, upper = (figure(ends[name], about) if name in ends else "" for name in ("lower", "upper"))
    if lower and upper:
        return f"{lower} to {upper}"
    return f"up to {upper}" if upper else f"from {lower}"


def _words(row: Body) -> str:
    """The public's sentence; where there is no figure or no comparison, its explanation."""
    if row["status"] != "published":
        return str(row["absence"]["explanation"])
    said = row.get("words", {}).get("summary", "")
    return str(said or row.get("comparison", {}).get("explanation", ""))
