"""Errors as `application/problem+json` (RFC 9457): a stable code, and a sentence that says what to do.

Every error of every service leaves through here, the framework's own included. Names of parameters may be repeated
back, their values never.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

import orjson
import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from shared.kit.ballast import is_full
from shared.kit.logs import log
from shared.kit.outage import is_away

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Base of every declared problem: `status`, `code` and `title` are the class's, `detail` the occasion's."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "The service failed"

    def __init__(
        self,
        detail: str,
        *,
        errors: Iterable[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        instance: bool = True,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})
        self.instance = instance
        self.members = members

    def body(self, path: str | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": f"/v1/problems/{self.code.replace('_', '-')}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if path and self.instance:
            body["instance"] = path
        if self.errors:
            body["errors"] = self.errors
        return body | self.members


class NotFound(Problem):
    """One body, whatever the cause and whatever the address: it must not say whether something once existed."""

    status, code, title = 404, "not_found", "Not found"

    def __init__(self, detail: str = "Nothing is published under this address.") -> None:
        super().__init__(detail, instance=False)


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "Method not allowed"


class ValueNotAllowed(Problem):
    status, code, title = 422, "value_not_allowed", "Value not allowed"


class UnknownParameter(Problem):
    status, code, title = 422, "unknown_parameter", "Unknown query parameter"


class RepeatedParameter(Problem):
    status, code, title = 422, "repeated_parameter", "Parameter given more than once"


class TooLarge(Problem):
    status, code, title = 413, "too_large", "Too large"


class TypeNotSupported(Problem):
    status, code, title = 415, "type_not_supported", "Type not supported"


class StorageFull(Problem):
    status, code, title = 507, "storage_full", "No space left to keep this"

    def __init__(self) -> None:
        super().__init__("There is no space left to keep this; nothing of it was kept. Make room, then send it again.")


class DatabaseUnreachable(Problem):
    """Nothing is known to have been kept: where the connection was lost in a commit, it may have been."""

    status, code, title = 503, "database_unreachable", "The database does not answer"

    def __init__(self) -> None:
        super().__init__(
            "The database is restarting, busy or out of reach. Send the same request again in a moment.",
            headers={"Retry-After": "2"},
        )


class InternalError(Problem):
    pass


class NotSignedIn(Problem):
    status, code, title = 401, "not_signed_in", "Sign in first"

    def __init__(self, detail: str = "Give the name and password of an account, or a service token.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Basic realm="candour", charset="UTF-8"'})


class RoleNotAllowed(Problem):
    status, code, title = 403, "role_not_allowed", "Not for this role"


def every_problem(base: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """All declared problems that have been imported, each once."""
    for kind in base.__subclasses__():
        yield kind
        yield from every_problem(kind)


def problems(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` that declare these problems on a route."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        known = by_status.get(kind.status, {}).get("description")
        text = f"{kind.code}: {kind.title}"
        by_status[kind.status] = {"description": f"{known}; {text}" if known else text, "content": {MEDIA_TYPE: {}}}
    return by_status


def as_response(problem: Problem, path: str | None) -> Response:
    return Response(
        orjson.dumps(problem.body(path)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


OURS: Final = "Value error, "
"""What pydantic puts before a sentence of ours."""


def _from_validation(error: RequestValidationError) -> Problem:
    """Where and why, never the value: the framework's own body repeats the input."""
    extra = [e["loc"][-1] for e in error.errors() if e["type"] == "extra_forbidden" and e["loc"][0] == "query"]
    if extra:
        return UnknownParameter(
            "This resource has no parameter of that name.", errors=[{"parameter": str(name)} for name in extra]
        )
    found = [
        {"pointer" if e["loc"][0] == "body" else "parameter": _where(e["loc"]), "hint": e["msg"].removeprefix(OURS)}
        for e in error.errors()
    ]
    return ValueNotAllowed("The request is not of the declared form.", errors=found)


def _where(location: tuple[int | str, ...]) -> str:
    return "/".join(str(part) for part in location[1:]) or str(location[0])


def _from_http(error: HTTPException) -> Problem:
    if error.status_code == 404:
        return NotFound()
    if error.status_code == 405:
        return MethodNotAllowed("This address has no such method.", headers=dict(error.headers or {}))
    if error.status_code == 400:  # a body that its parser gave up on, such as brackets within brackets without end
        return ValueNotAllowed("The body of the request cannot be read.", errors=[{"pointer": "body"}])
    problem = InternalError("The request could not be answered.", headers=dict(error.headers or {}))
    problem.status = error.status_code  # type: ignore[misc]  # the framework's own status, kept on this one instance
    return problem


def _from_machine(error: Exception) -> Problem | None:
    """What a caller is told where the machine, and nothing of ours, has failed: a disk that is full, a database that is
    away. Else None."""
    if is_full(error):
        return StorageFull()
    return DatabaseUnreachable() if is_away(error) else None


def add_problem_handlers(app: FastAPI) -> FastAPI:
    """Make every error of `app` a problem document, and return `app`."""

    async def declared(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, Problem)
        return as_response(problem, request.url.path)

    async def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return as_response(_from_validation(error), request.url.path)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return as_response(_from_http(error), request.url.path)

    async def of_the_machine(request: Request, error: Exception) -> Response:
        problem = _from_machine(error)
        if problem is None:
            raise error
        log.error(problem.code, kind=type(error).__name__, route=getattr(request.scope.get("route"), "path", "?"))
        return as_response(problem, request.url.path)

    async def unforeseen(request: Request, error: Exception) -> Response:
        problem = _from_machine(error)
        if problem is not None:
            return as_response(problem, request.url.path)
        log.error("request_failed", kind=type(error).__name__, route=getattr(request.scope.get("route"), "path", "?"))
        detail = "This is our fault, not yours. Quote the request id if you write to us."
        return as_response(InternalError(detail, request_id=request.scope.get("request_id", "")), None)

    app.add_exception_handler(Problem, declared)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)
    for kind in (OSError, SQLAlchemyError, sqlite3.Error, psycopg.Error):
        app.add_exception_handler(kind, of_the_machine)
    app.add_exception_handler(Exception, unforeseen)
    return app
