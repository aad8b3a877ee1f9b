"""Who calls: people by name and password (demonstration accounts; OpenID Connect later), services by a short token.

Every route names its roles with `allow(...)`, or says `allow(PUBLIC)`; `refuse_undeclared_routes` stops a service that
has a route without.
"""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import iter_route_contexts
from fastapi.security.utils import get_authorization_scheme_param
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shared.kit.people import People
from shared.kit.problems import NotSignedIn, RoleNotAllowed
from shared.kit.secretfiles import accepted_secrets

PUBLIC: Final = "public"
TOKEN_SECONDS: Final = 300


@dataclass(frozen=True)
class Caller:
    """Who is calling, and what they may do. A service's role is `service:<name>`."""

    name: str
    roles: frozenset[str]


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


class Identity:
    """Turns an Authorization header into a Caller, for one service. `peers`: by caller, every secret accepted now."""

    def __init__(self, service: str, people: People, peers: Mapping[str, Sequence[bytes]]) -> None:
        self.service, self.people = service, people
        self.keys = [(peer, OctKey.import_key(secret)) for peer, secrets in peers.items() for secret in secrets]

    @classmethod
    def from_files(cls, service: str, callers: tuple[str, ...], secrets_dir: Path, people_file: Path) -> "Identity":
        """A secret that is being replaced is accepted beside the new one, so that caller and callee need not restart at
        one moment. Raises FileNotFoundError where a pair's secret is missing: a service never starts half open."""
        peers = {caller: accepted_secrets(secrets_dir, f"{caller}-{service}") for caller in callers}
        return cls(service, People(people_file), peers)

    def caller(self, authorization: str | None) -> Caller:
        scheme, value = get_authorization_scheme_param(authorization)
        if scheme.lower() == "bearer":
            return self._service(value)
        if scheme.lower() == "basic":
            name, roles = self.people.check(value)
            return Caller(name, roles)
        raise NotSignedIn

    def _service(self, token: str) -> Caller:
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True}, aud={"essential": True, "value": self.service}, exp={"essential": True}
        )
        for peer, key in self.keys:
            try:
                claims = jwt.decode(token, key, algorithms=["HS256"]).claims
                registry.validate(claims)
            except (JoseError, ValueError):
                continue
            if claims["iss"] == peer and claims["exp"] - time.time() <= TOKEN_SECONDS:
                return Caller(peer, frozenset({f"service:{peer}"}))
        raise NotSignedIn("The service token is not valid here.")


class Allowed:
    """A route's dependency: gives the caller, or refuses. Only a declared role opens a route.

    Service tokens are checked on the event loop: the check before every public answer must not queue for a thread
    behind writers. A password is slow to check on purpose, so it goes to a thread.
    """

    def __init__(self, roles: frozenset[str]) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Caller:
        if PUBLIC in self.roles:
            return Caller(PUBLIC, frozenset({PUBLIC}))
        identity: Identity = request.app.state.identity
        given = request.headers.get("authorization", "")
        password = given.lower().startswith("basic ")
        caller = await run_in_threadpool(identity.caller, given) if password else identity.caller(given)
        if not caller.roles & self.roles:
            raise RoleNotAllowed(f"This needs one of the roles: {', '.join(sorted(self.roles))}.")
        return caller


def allow(*roles: str) -> Allowed:
    if not roles:
        raise ValueError("name at least one role")
    return Allowed(frozenset(roles))


class RouteWithoutRoles(RuntimeError):
    """A route that names no roles: the service does not start."""


def refuse_undeclared_routes(app: FastAPI) -> FastAPI:
    """Raise RouteWithoutRoles unless every route of `app` has an `allow(...)` among its dependencies."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        if dependant is None:
            raise RouteWithoutRoles(f"{route.path} is not a declared route; mount nothing and switch API pages off")
        if not _declares(dependant):
            raise RouteWithoutRoles(f"{sorted(route.methods or ())} {route.path} names no roles")
    return app


def _declares(dependant: object) -> bool:
    if isinstance(getattr(dependant, "call", None), Allowed):
        return True
    return any(_declares(child) for child in getattr(dependant, "dependencies", ()))
