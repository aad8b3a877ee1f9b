"""Who calls: people by name and password (demonstration accounts; OpenID Connect later), services by a short token.

Every route names its roles with `allow(...)`, or says `allow(PUBLIC)`; `refuse_undeclared_routes` stops a service that
has a route without.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from fastapi.security.utils import get_authorization_scheme_param
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shared.kit.people import Account, People, basic_of
from shared.kit.problems import NotSignedIn, RoleNotAllowed
from shared.kit.secretfiles import accepted_secrets
from shared.kit.tokens import TOKEN_SECONDS
from shared.kit.tries import TooManyTries, Tries

PUBLIC: Final = "public"
CHECKED_AT_ONCE: Final = 2  # passwords; each takes a core for a tenth of a second, and 64 MiB
MOST_WAITING: Final = 40


@dataclass(frozen=True)
class Caller:
    """Who is calling, and what they may do. A service's role is `service:<name>`.

    `subject` is the number of the one record that is the caller's own, from their account and never from a path;
    `assurance` how it is known who calls: `password`, `service`, or `none` where anybody may.
    """

    name: str
    roles: frozenset[str]
    subject: str | None = None
    assurance: str = "password"


class Identity:
    """Turns an Authorization header into a Caller, for one service. `peers`: by caller, every secret accepted now."""

    def __init__(self, service: str, people: People, peers: Mapping[str, Sequence[bytes]]) -> None:
        self.service, self.people, self.tries = service, people, Tries()
        self.checking, self.waiting = ThreadPoolExecutor(CHECKED_AT_ONCE, "password"), 0
        self.keys = [(peer, OctKey.import_key(secret)) for peer, secrets in peers.items() for secret in secrets]
        self.registry = jwt.JWTClaimsRegistry(
            iss={"essential": True}, aud={"essential": True, "value": service}, exp={"essential": True},
            iat={"essential": True},
        )  # fmt: skip

    @classmethod
    def from_files(cls, service: str, callers: tuple[str, ...], secrets_dir: Path, people_file: Path) -> "Identity":
        """A secret that is being replaced is accepted beside the new one, so that caller and callee need not restart at
        one moment. Raises FileNotFoundError where a pair's secret is missing: a service never starts half open."""
        peers = {caller: accepted_secrets(secrets_dir, f"{caller}-{service}") for caller in callers}
        return cls(service, People(people_file), peers)

    async def caller(self, authorization: str | None, address: str = "") -> Caller:
        """Raises NotSignedIn, TooManyTries."""
        scheme, value = get_authorization_scheme_param(authorization)
        if scheme.lower() == "bearer":
            return self.service_of(value)
        if scheme.lower() == "basic":
            account = await self.admit(*basic_of(value), address)
            return Caller(account.name, account.roles, account.subject)
        raise NotSignedIn

    async def admit(self, name: str, password: str, address: str) -> Account:
        """As `person`, away from the event loop and from the threads that requests run in: a flood of passwords takes
        nobody's but each other's. One that was right a moment ago waits for none of them."""
        if self.people.remembers(name, password):
            return self.people.check(name, password)
        if self.waiting >= MOST_WAITING:
            raise TooManyTries(1.0)
        self.waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.checking, self.person, name, password, address)
        finally:
            self.waiting -= 1

    def person(self, name: str, password: str, address: str) -> Account:
        """Slow, so that it is slow to guess. Raises NotSignedIn, TooManyTries."""
        if not self.people.remembers(name, password):
            self.tries.take(name, address)
        account = self.people.check(name, password)
        self.tries.right(name, address)
        return account

    def service_of(self, token: str) -> Caller:
        """Nothing but what `ServiceToken` makes: no other header, nobody addressed beside us. Raises NotSignedIn."""
        for peer, key in self.keys:
            try:
                decoded = jwt.decode(token, key, algorithms=["HS256"])
                self.registry.validate(decoded.claims)
            except (JoseError, ValueError):
                continue
            header, claims, now = decoded.header, decoded.claims, time.time()
            plain = header.keys() <= {"alg", "typ"} and claims["iss"] == peer and claims["aud"] == self.service
            if plain and claims["exp"] - now <= TOKEN_SECONDS and claims["exp"] - claims["iat"] <= TOKEN_SECONDS:
                return Caller(peer, frozenset({f"service:{peer}"}), assurance="service")
        raise NotSignedIn("The service token is not valid here.")


class Declared:
    """A route's dependency that says which roles open it; however it is known who calls."""

    def __init__(self, roles: frozenset[str]) -> None:
        self.roles = roles

    def check(self, caller: Caller) -> None:
        """Raises RoleNotAllowed."""
        if not caller.roles & self.roles:
            raise RoleNotAllowed(f"This needs one of the roles: {', '.join(sorted(self.roles))}.")


class Allowed(Declared):
    """A route's dependency: gives the caller, or refuses. Only a declared role opens a route.

    Service tokens are checked on the event loop: the check before every public answer must not queue for a thread
    behind writers. A password is slow to check on purpose, so it goes to a thread kept for that.
    """

    async def __call__(self, request: Request) -> Caller:
        if PUBLIC in self.roles:
            return Caller(PUBLIC, frozenset({PUBLIC}), assurance="none")
        identity: Identity = request.app.state.identity
        caller = await identity.caller(request.headers.get("authorization"), address_of(request))
        self.check(caller)
        return caller


def address_of(request: Request) -> str:
    """Where the request came from, as far as the socket says: what a request says of itself is believed for nothing."""
    return request.client.host if request.client else ""


def allow(*roles: str) -> Allowed:
    if not roles:
        raise ValueError("name at least one role")
    return Allowed(frozenset(roles))


class RouteWithoutRoles(RuntimeError):
    """A route that names no roles: the service does not start."""


def refuse_undeclared_routes(app: FastAPI) -> FastAPI:
    """Raise RouteWithoutRoles unless every route of `app` has an `allow(...)`, or another dependency that declares
    roles."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        if dependant is None:
            raise RouteWithoutRoles(f"{route.path} is not a declared route; mount nothing and switch API pages off")
        if not _declares(dependant):
            raise RouteWithoutRoles(f"{sorted(route.methods or ())} {route.path} names no roles")
    return app


def _declares(dependant: object) -> bool:
    return any(isinstance(call, Declared) for call in calls_of(dependant))


def calls_of(dependant: object) -> Iterator[object]:
    """What a route calls before it runs: its dependencies, and theirs."""
    yield getattr(dependant, "call", None)
    for child in getattr(dependant, "dependencies", ()):
        yield from calls_of(child)
