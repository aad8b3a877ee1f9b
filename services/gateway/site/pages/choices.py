"""Pages about choices: how many were asked; who refused, where naming them is in force."""

from collections.abc import Sequence

from services.gateway.site.pages.general import HOME
from services.gateway.site.rendering import Page
from services.gateway.site.wording import Body


def participation(body: Body) -> Page:
    lines = [
        {"label": one["label"], "asked": one.get("asked"), "share": _share(one)}
        for one in sorted(body["data"], key=lambda found: str(found["label"]).casefold())
    ]  # fmt: skip
    context = {"lines": lines, "as_at": body["meta"]["as_at"], "fewest": body["meta"]["fewest"]}
    return Page(
        "participation.jinja", "How many consultants were asked", context, (HOME,),
        json=body["links"]["self"], path="/participation",
    )  # fmt: skip


def _share(one: Body) -> str:
    if one["status"] == "suppressed":
        return "Not shown: small numbers"
    share = one["may_be_named"]
    beyond = share.get("less_than")
    if not share["at_least"]:
        return f"Fewer than {beyond} in 100"
    return f"At least {share['at_least']} in 100" + (f", and fewer than {beyond}" if beyond else "")


def refusals(bodies: Sequence[Body]) -> Page:
    """`bodies`: one for each programme in which it is in force."""
    parts = [
        {
            "label": body["meta"]["label"],
            "lines": [{"name": one["name"], "reason": one.get("reason", {}).get("label", "")} for one in body["data"]],
        }
        for body in sorted(bodies, key=lambda found: str(found["meta"]["label"]).casefold())
    ]
    return Page(
        "refusals.jinja", "Consultants who refused to be named with their results", {"parts": parts}, (HOME,),
        json=bodies[0]["links"]["self"], path="/refusals",
    )  # fmt: skip
