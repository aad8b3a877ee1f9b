"""Where a browser may be sent: pages of our own, and nowhere else."""

import re
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from shared.kit.console.desk import Desk, is_within

LONGEST: Final = 300
PAIR: Final = r"[a-z_]+=[A-Za-z0-9._-]+"
OWN: Final = re.compile(rf"((?:/[A-Za-z0-9][A-Za-z0-9._~-]*)+)(?:\?{PAIR}(?:&{PAIR})*)?")
NOT_AGAIN: Final = frozenset({"sign-in", "sign-out", "signed-out", "static"})


def own_path(desk: Desk, given: str) -> str | None:
    """`given` where it is the address of a page of this desk, with no query but plain words; None for everything else:
    other hosts, schemes, anything encoded, the way out."""
    found = OWN.fullmatch(given) if len(given) <= LONGEST else None
    if found is None or desk.area_of(found[1]) is None or set(found[1].split("/")[2:3]) & NOT_AGAIN:
        return None
    return given


def after_sign_in(desk: Desk, given: str, roles: frozenset[str]) -> str | None:
    """The page that was asked for, where these roles have it; else the first page of theirs. None where they have
    none."""
    homes = [home for home, wanted in desk.homes.items() if roles & wanted]
    asked = own_path(desk, given)
    if asked is not None and any(is_within(asked.partition("?")[0], home) for home in homes):
        return asked
    return homes[0] if homes else None


def asked_for(desk: Desk, request: Request) -> str:
    """The page to come back to after signing in: the one that was asked for, or whose form was sent. Empty where it is
    none of ours."""
    if request.method in {"GET", "HEAD"}:
        path, query = str(request.scope["path"]), request.scope["query_string"].decode("latin-1")
    else:
        try:
            asked = urlsplit(request.headers.get("referer", ""))
        except ValueError:
            return ""
        path, query = asked.path, asked.query
    return own_path(desk, f"{path}?{query}" if query else path) or ""
