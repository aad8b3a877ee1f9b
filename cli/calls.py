"""Calls to the services: patient with one that is restarting, plain about one that refuses."""

import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

import httpx

from cli.accounts import password_of
from cli.places import places
from cli.say import stop

PATIENCE_SECONDS: Final = 60.0
BUSY: Final = frozenset({502, 503, 504})


class Refused(Exception):
    """The service understood and said no."""

    def __init__(self, response: httpx.Response) -> None:
        try:
            body = response.json()
        except ValueError:
            body = {}
        self.status = response.status_code
        self.code = str(body.get("code", ""))
        self.detail = str(body.get("detail", f"The service answered {response.status_code} without a reason."))
        self.errors = [str(one.get("hint", one)) for one in body.get("errors", [])]
        super().__init__(self.detail)

    def sentence(self) -> str:
        return " ".join([self.detail, *self.errors])


class Service:
    """One service, as one account (or as nobody: the gateway)."""

    def __init__(
        self, name: str, account: str | None, password: str | None = None, base_url: str | None = None
    ) -> None:
        self.name = name
        auth = None if account is None else httpx.BasicAuth(account, password or password_of(account))
        self.http = httpx.Client(base_url=base_url or places().of(name), auth=auth, timeout=120.0, trust_env=False)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a call that may safely be sent twice. Raises Refused; waits a minute for a service that is
        down or starting, then ends the command."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            response = self.once(method, path, **options)
            if response is not None and response.status_code not in BUSY:
                break
            if time.monotonic() > until:
                self.give_up(response)
            time.sleep(0.3)
        if response.status_code >= 400:
            raise Refused(response)
        return response

    def give_up(self, response: httpx.Response | None) -> NoReturn:
        """End the command: what the service says of itself, where it says anything."""
        if response is None:
            stop(f"{self.name} at {self.http.base_url} gave no answer for a minute. Are the services running?")
        stop(f"{self.name} at {self.http.base_url} has refused for a minute. {Refused(response).sentence()}")

    def once(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        """The answer, whatever it is; None where there is none. `content` may be a function that makes it."""
        content = options.get("content")
        fresh = {**options, "content": content()} if callable(content) else options
        try:
            return self.http.request(method, path, **fresh)
        except httpx.TransportError:
            return None

    def json(self, method: str, path: str, **options: Any) -> Any:
        return self.ask(method, path, **options).json()

    def wait(
        self, path: str, done: Callable[[Any], bool], every: float = 0.2, limit: float = 1800.0, **options: Any
    ) -> Any:
        """Poll `path` until `done`; ends the command after `limit` seconds."""
        until = time.monotonic() + limit
        while True:
            body = self.json("GET", path, **options)
            if done(body):
                return body
            if time.monotonic() > until:
                stop(f"{self.name} has not finished after {limit:.0f} seconds: {path}")
            time.sleep(every)
