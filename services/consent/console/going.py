"""Where a browser may be sent: pages of our own, and nowhere else."""

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from services.consent.console.people import HOMES

LONGEST: Final = 200
OWN: Final = re.compile(r"/(?:console|me)(?:/[A-Za-z0-9][A-Za-z0-9._~-]*)*")
NOT_AGAIN: Final = ("sign-in", "sign-out", "signed-out", "static")


def own_path(given: str) -> str | None:
    """`given` where it is the path of a page of ours; None for everything else: other hosts, schemes, anything encoded,
    a query, the way out."""
    if len(given) > LONGEST or OWN.fullmatch(given) is None:
        return None
    return None if given.split("/")[2:3] and given.split("/")[2] in NOT_AGAIN else given


def after_sign_in(given: str, roles: frozenset[str]) -> str | None:
    """The page that was asked for, where these roles have it; else the first page of theirs. None where they have
    none."""
    homes = [home for home, wanted in HOMES.items() if roles & wanted]
    asked = own_path(given)
    if asked is not None and f"/{asked.split('/')[1]}" in homes:
        return asked
    return homes[0] if homes else None


def asked_for(request: Request) -> str:
    """The page to come back to after signing in: the one that was asked for, or whose form was sent. Empty where it is
    none of ours."""
    if request.method in {"GET", "HEAD"}:
        return own_path(request.url.path) or ""
    try:
        return own_path(urlsplit(request.headers.get("referer", "")).path) or ""
    except ValueError:
        return ""
