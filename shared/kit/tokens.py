"""How one service says to another who it is: by a short token, signed with the secret of the two.

In a module of its own, since the command line signs too, and need not know what a service is made of."""

import time
from collections.abc import Generator
from typing import Final

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

TOKEN_SECONDS: Final = 300


class ServiceToken(httpx.Auth):
    """Signs requests of `issuer` to `audience` with their shared secret; a token lives five minutes at most."""

    def __init__(self, issuer: str, audience: str, secret: bytes) -> None:
        self.issuer, self.audience, self.key = issuer, audience, OctKey.import_key(secret)
        self.token, self.until = "", 0.0

    def header(self) -> str:
        """The Authorization header's value, renewed when less than half of its life is left."""
        if time.monotonic() > self.until:
            now = int(time.time())
            claims = {"iss": self.issuer, "aud": self.audience, "iat": now, "exp": now + TOKEN_SECONDS}
            self.token = jwt.encode({"alg": "HS256"}, claims, self.key, algorithms=["HS256"])
            self.until = time.monotonic() + TOKEN_SECONDS / 2
        return f"Bearer {self.token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self.header()
        yield request
