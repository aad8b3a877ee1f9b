"""Whether a request that changes something comes from a page of ours: by what the browser says of it, and by the token
that only our form could know."""

import hmac
from ipaddress import ip_address
from typing import Final

from starlette.requests import Request

from shared.kit.console.problems import FormNotOurs

OURS: Final = frozenset({"same-origin", "none"})  # none: by the person's own hand, such as sending a form again
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def check_origin(request: Request) -> None:
    """Raises FormNotOurs where the browser says that another site is behind the request. What it says nothing about is
    left to the token."""
    site = request.headers.getlist("sec-fetch-site")
    origin = request.headers.getlist("origin")
    if any(one not in OURS for one in site) or len(site) > 1 or len(origin) > 1:
        raise FormNotOurs
    if origin and origin[0] not in _origins(request.headers.get("host", "")):
        raise FormNotOurs


def _origins(host: str) -> set[str]:
    """What this host is called as an origin. On loopback alone without TLS: a `__Host-` cookie needs it elsewhere."""
    if not host:
        return set()
    return {f"https://{host}", f"http://{host}"} if _loopback(host) else {f"https://{host}"}


def _loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    try:
        return name == "localhost" or ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def check_token(given: str, wanted: str) -> None:
    """Raises FormNotOurs. How long that takes does not say how much of it was right."""
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise FormNotOurs
