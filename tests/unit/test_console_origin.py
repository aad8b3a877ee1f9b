"""Where a request that changes something comes from, as far as a browser says it."""

import pytest
from starlette.requests import Request

from shared.kit.console.origin import check_origin
from shared.kit.console.problems import FormNotOurs


@pytest.mark.parametrize(
    ("host", "origin", "ours"),
    [("consent.example", "https://consent.example", True), ("consent.example", "http://consent.example", False),
     ("consent.example:8443", "https://consent.example:8443", True),
     ("consent.example", "https://consent.example:443", False),
     ("127.0.0.1:8003", "http://127.0.0.1:8003", True), ("127.0.0.1:8003", "http://127.0.0.1:8000", False),
     ("localhost:8003", "http://localhost:8003", True), ("localhost", "http://localhost", True),
     ("[::1]:8003", "http://[::1]:8003", True), ("[::1]", "http://[::1]", True),
     ("127.0.0.1.evil.example", "http://127.0.0.1.evil.example", False),
     ("rebound.example:8003", "http://rebound.example:8003", False),
     ("localhost.evil.example", "http://localhost.evil.example", False), ("", "https://", False),
     ("", "http://", False),
     ("consent.example", "HTTPS://consent.example", False), ("consent.example", "https://consent.example/", False),
     ("consent.example", "https://user@consent.example", False), ("10.0.0.7:8003", "http://10.0.0.7:8003", False)],
)  # fmt: skip
def test_which_origin_is_ours(host: str, origin: str, ours: bool) -> None:
    """Without TLS only on loopback, by a name that nobody else can give to it."""
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    request = Request({"type": "http", "headers": headers})
    if ours:
        check_origin(request)
    else:
        with pytest.raises(FormNotOurs):
            check_origin(request)


@pytest.mark.parametrize("name", ["origin", "sec-fetch-site"])
def test_what_is_said_twice_is_not_believed(name: str) -> None:
    said = {"origin": b"https://consent.example", "sec-fetch-site": b"same-origin"}[name]
    headers = [(b"host", b"consent.example"), (name.encode(), said)]
    check_origin(Request({"type": "http", "headers": headers}))
    with pytest.raises(FormNotOurs):
        check_origin(Request({"type": "http", "headers": [*headers, headers[-1]]}))
