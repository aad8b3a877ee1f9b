"""Case mix, and the pack for peer review: charts with their numbers beside them, and comparable published peers."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Response

from services.ratings.console import charts
from services.ratings.console.own import Person, told
from services.ratings.console.words import Words, figure
from services.ratings.routes import OfficeDep
from services.ratings.workflow.own import who_is
from services.ratings.workflow.own_cases import own_cases
from services.ratings.workflow.packing import pack

router: Final = APIRouter(prefix="/me", include_in_schema=False, tags=["own pages"])
CRUMBS: Final = (("My results", "/me"),)


@router.get("/cases")
def cases(visitor: Person, office: OfficeDep) -> Response:
    """Counts and shares, never a patient."""
    found = own_cases(office, who_is(visitor.caller))
    return visitor.page(
        "mix.jinja", "Case mix", crumbs=CRUMBS, found=found.model_dump(mode="json"), words=Words(office.catalogue)
    )


@router.get("/pack")
def packs(visitor: Person, office: OfficeDep) -> Response:
    found = pack(office, who_is(visitor.caller))
    return visitor.page(
        "pack.jinja", "Pack for peer review", crumbs=CRUMBS, found=found, told=told, charts=charts, months=months,
        better=better, words=Words(office.catalogue),
    )  # fmt: skip


def months(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The charts' numbers as they stood after the last case of each month, with the signals of that month. All cases
    are in the JSON of the same pack."""
    found: dict[str, dict[str, Any]] = {}
    for at, day in enumerate(chart["dates"]):
        month = found.setdefault(str(day)[:7], {"month": str(day)[:7], "signals": []})
        month |= {"cases": at + 1, "vlad": chart["vlad"][at], "rising": chart["rising"][at],
                  "falling": chart["falling"][at]}  # fmt: skip
        for name in ("rising", "falling"):
            if at + 1 in chart[f"{name}_signals"]:
                month["signals"].append(f"{name}, at case {at + 1}")
    return list(found.values())


def better(one: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[str, str]:
    """A peer's figure with its range, and the own range beside it."""
    about = row["indicator"]
    theirs, lower, upper, mine, most = (
        figure(one[name], about) for name in ("estimate", "lower", "upper", "own_lower", "own_upper")
    )
    return f"{theirs} ({lower} to {upper})", f"{mine} to {most}"
