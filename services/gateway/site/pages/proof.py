"""The page of the proof: whose published tables this build reproduces, and what does not reproduce."""

from collections.abc import Sequence
from typing import Any, Final

from services.gateway.site.rendering import Page
from services.gateway.site.wording import Body

CRUMBS: Final = (("Home", "/"), ("Data", "/data"))
PUBLISHERS: Final = {
    "ny-cardiac": "New York State: heart operations",
    "nhs-shmi": "England: hospital mortality (SHMI)",
    "nhs-proms": "England: patients' own reports (PROMs)",
    "us-cms-star-rating": "United States: star rating of hospitals",
    "us-cms-outcomes": "United States: 30-day outcomes",
    "phe-prevalence": "England: child measurement",
    "ca-hospitals": "California: inpatient mortality",
    "us-medicare-az": "Arizona: Medicare stays",
    "uk-cardiac-surgery": "United Kingdom: a heart centre",
}
OWN: Final = {
    ("us-medicare-az", ""), ("uk-cardiac-surgery", ""),
    ("nhs-shmi", "trusts, rows kept, phi, tau squared and the bands' sizes of each release"),
}  # fmt: skip
"""Sources (with one of their lines, or "" for all) that are compared with figures of our own, which nobody printed."""


def is_own(row: Body) -> bool:
    """Whether a line compares with figures of our own and not with what somebody else printed."""
    return not OWN.isdisjoint({(row["source"], ""), (row["source"], row["what"])})


def proof(body: Body) -> Page:
    """`body` is that of `/v1/proof`."""
    rows = [_shown(row) for row in body["rows"]]
    printed, own = ([row for row in rows if row["own"] is wanted] for wanted in (False, True))
    context = {
        "proof": body,
        "headline": headline(printed),
        "printed": _by_publisher(printed),
        "own": _by_publisher(own),
        "apart": [row for row in rows if not row["whole"]],
        "notes": [row for row in printed if row["why"] and row["whole"]],
        "own_notes": [row for row in own if row["why"] and row["whole"]],
        "files": [file | {"kept": file["fates"]["accepted"] + file["fates"]["aggregate"]} for file in body["files"]],
        "lines": len(rows),
        "short": sum(not row["ok"] for row in rows),
    }
    return Page(
        "proof.jinja", "What we reproduce of others' published figures", context, CRUMBS, json="/v1/proof",
        path="/proof", synthetic=False,
    )  # fmt: skip


def headline(printed: Sequence[Body]) -> str:
    """How many lines agree with print in every row, and how many do not; empty without a line."""
    whole = sum(bool(row["whole"]) for row in printed)
    apart = len(printed) - whole
    if not printed:
        return ""
    rest = "; 1 does not, and is explained below" if apart == 1 else f"; {apart} do not, and are explained below"
    return f"{whole} of {len(printed)} lines agree with print in every row{rest if apart else ''}."


def _shown(row: Body) -> dict[str, Any]:
    what = row["what"][:1].upper() + row["what"][1:]
    found = {"publisher": PUBLISHERS.get(row["source"], row["source"]), "what": what, "own": is_own(row)}
    return {**row, **found, "whole": row["ok"] and row["reached"] == row["rows"], "verdict": _verdict(row)}


def _verdict(row: Body) -> str:
    """`ok` says that all rows agree that must; those that need not are no less different for it."""
    if not row["ok"]:
        return "Falls short"
    differing = row["rows"] - row["reached"]
    return f"All but {differing:,} agree" if differing else "Every row agrees"


def _by_publisher(rows: Sequence[Body]) -> list[tuple[str, list[Body]]]:
    """Publishers in the order in which they come first, each with its lines."""
    found: dict[str, list[Body]] = {}
    for row in rows:
        found.setdefault(row["publisher"], []).append(row)
    return list(found.items())
