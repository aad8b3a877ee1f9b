"""Pages that hold no figure: start, data, about, why something is not shown, and errors."""

from collections.abc import Sequence
from typing import Final

from services.gateway.site.rendering import Page
from services.gateway.site.wording import ABSENT, Body, day
from services.gateway.site.wording import licence as licence_name

HOME: Final = ("Home", "/")

NOT_MEANT: Final = {
    "small_numbers": ["that anything went wrong", "that there were no patients", "that the care was better or worse"],
    "not_published": [
        "that the care was better or worse than elsewhere", "that anybody decided for or against anything",
    ],
    "not_submitted": ["that no patients were treated", "that the care was better or worse"],
    "not_given": ["that no patients were treated", "that the care was better or worse"],
    "data_quality": ["that the care was better or worse", "that the records of patients themselves are wrong"],
    "model_not_estimable": ["that the care was better or worse", "that a figure is being kept back"],
    "not_applicable": ["that a service is missing: other hospitals nearby may offer it"],
}  # fmt: skip

STATES: Final = {"current": "Current", "superseded": "Superseded: a newer release stands in its place"}

ADDRESSES: Final = (
    ("Where everything is", "/v1"), ("All results, as CSV", "/v1/releases/latest/results.csv"),
    ("Indicators", "/v1/releases/latest/indicators"), ("Hospitals", "/v1/releases/latest/providers"),
    ("How many were asked", "/v1/releases/latest/participation"),
    ("What every code means", "/v1/codelists"), ("What we reproduce of others' figures", "/v1/proof"),
    ("The contract", "/v1/openapi.json"),
)  # fmt: skip


def start(indicators: Sequence[Body], base: str, next_release: str | None) -> Page:
    listed = sorted(indicators, key=lambda found: str(found["label"]).casefold())
    return Page(
        "start.jinja", "Find results by hospital or consultant", {"indicators": listed, "next_release": next_release},
        json=base or "/v1", path="/",
    )  # fmt: skip


def data(releases: Sequence[Body], licence: str) -> Page:
    lines = [
        {
            "release": found["release"], "published": found["published"], "state": STATES[found["status"]],
            "noted": noted(found), "href": f"/releases/{found['release']}",
            "json": f"/v1/releases/{found['release']}/results", "csv": f"/v1/releases/{found['release']}/results.csv",
        }
        for found in releases
    ]  # fmt: skip
    context = {"releases": lines, "addresses": ADDRESSES, "licence": licence_name(licence) if licence else ""}
    return Page("data.jinja", "Open data and API", context, (HOME,), json="/v1/releases", path="/data")


def noted(found: Body) -> list[str]:
    """What this release sets right in an earlier one, and what newer ones set right in it."""
    own = found.get("correction")
    mine = [f"Corrects the release {own['supersedes']}: {own['text']}"] if own else []
    return mine + [
        f"Corrected by the release {one['release']} of {day(one['published'])}: {one['text']}"
        for one in found.get("corrections", ())
    ]


def release(found: Body) -> Page:
    """One release: when it came, how it stands, and what was set right."""
    address = str(found["links"]["self"])
    context = {
        "release": found, "state": STATES[found["status"]], "noted": noted(found), "previous": found.get("previous"),
        "json": f"{address}/results", "csv": f"{address}/results.csv",
    }  # fmt: skip
    return Page(
        "release.jinja", f"Release {found['release']}: {STATES[found['status']].lower()}", context,
        (HOME, ("Data and API", "/data")), json=address, path=f"/releases/{found['release']}",
        synthetic=bool(found["manifest"]["synthetic"]),
    )  # fmt: skip


def about() -> Page:
    return Page("about.jinja", "About these pages, accessibility, privacy, corrections", {}, (HOME,), path="/about")


def not_shown(reason: str, entry: Body) -> Page:
    """`entry` is the reason's entry in the code list `absence-reasons`."""
    context = {"label": ABSENT[reason], "meaning": entry["meaning"], "not_meant": NOT_MEANT[reason]}
    return Page(
        "not_shown.jinja", ABSENT[reason], context, (HOME,), json="/v1/codelists/absence-reasons",
        path=f"/not-shown/{reason}",
    )  # fmt: skip


def problem(heading: str, detail: str) -> Page:
    """One page per kind of error: it says nothing of what was asked for."""
    return Page("problem.jinja", heading, {"heading": heading, "detail": detail})
