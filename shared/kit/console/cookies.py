"""The cookies, both `__Host-`: of this host alone, over TLS alone, out of reach of any script."""

import re
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "__Host-candour"
START: Final = "__Host-candour-start"  # of a browser that is about to sign in; its form carries what belongs to it
ID: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits


def read(request: Request, name: str) -> str | None:
    """The cookie where it is of the form that we give out."""
    given = request.cookies.get(name, "")
    return given if ID.fullmatch(given) else None


def fresh_id() -> str:
    return secrets.token_urlsafe(32)


def give(response: Response, name: str, value: str) -> None:
    """Until the browser is closed; how long it is good for is for the server to say."""
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")


def take_back(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
