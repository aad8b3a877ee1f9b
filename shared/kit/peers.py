"""How one service calls another: over HTTP with its pair's credential, or in process in tests of two services."""

from typing import Any

import httpx

from shared.kit.problems import Problem
from shared.kit.tokens import ServiceToken


class PeerUnreachable(Problem):
    """The peer did not answer, or failed: try again later."""

    status, code, title = 503, "peer_unreachable", "A service this one depends on did not answer"


class PeerRefused(Problem):
    """The peer answered and said no; its own sentence is passed on."""

    status, code, title = 502, "peer_refused", "A service this one depends on refused"


def client_of(base_url: str, token: ServiceToken | None, timeout: float = 30.0) -> httpx.Client:
    """A client for threads and jobs. Connections are kept alive; two retries on connecting, none on answers."""
    return httpx.Client(
        base_url=base_url, auth=token, timeout=timeout, transport=httpx.HTTPTransport(retries=2), trust_env=False
    )


def ask(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """The answer, or a Problem: PeerUnreachable for no answer and 5xx, PeerRefused for 4xx."""
    try:
        response = client.request(method, path, **options)
    except httpx.HTTPError as error:
        raise PeerUnreachable(f"{path.partition('?')[0]} gave no answer: {type(error).__name__}.") from error
    if response.status_code >= 500:
        raise PeerUnreachable(f"{path.partition('?')[0]} answered {response.status_code}.")
    if response.status_code >= 400:
        raise PeerRefused(f"{path.partition('?')[0]} answered {response.status_code}: {_detail(response)}")
    return response


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"
