"""Signing in and out: the same code for an office's pages and for people's own."""

import hmac
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from shared.kit.auth import PUBLIC, Identity, address_of, allow
from shared.kit.console import cookies
from shared.kit.console.desk import Desk
from shared.kit.console.forms import Form, read_form
from shared.kit.console.gate import Visitor, desk_of, frame_of, sessions_of, signed_in
from shared.kit.console.going import after_sign_in, asked_for, own_path
from shared.kit.console.origin import check_origin, check_token
from shared.kit.console.rendering import FIELD, HEADERS, Page, answer
from shared.kit.pages import FOR_EVER
from shared.kit.problems import NotFound, NotSignedIn, Problem, RoleNotAllowed
from shared.kit.tries import TooManyTries

NOTHING_HERE: Final = "This account has no pages here."


def prepare(app: FastAPI) -> None:
    """What the doors need beyond sessions: a key for the forms of those who are not signed in. A form from before a
    restart is refused, and the next one works."""
    app.state.start_key = secrets.token_bytes(32)


def sign_in_page(
    request: Request, status: int = 200, problem: Problem | None = None, going: str = "", name: str = ""
) -> Response:
    """The form, in place of whatever was asked for: nothing is put into an address. Its token belongs to a cookie of
    this browser, so that nobody can be signed in as somebody else by another site."""
    start = cookies.read(request, cookies.START) or cookies.fresh_id()
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    again = problem is not None and problem.code == "sign_in_again" and visitor is not None
    context = {
        "token_field": FIELD, "token": _token(request, start), "again": again,
        "going": own_path(desk_of(request.app), going) or "",
        "name": visitor.caller.name if again and visitor is not None else name,
    }  # fmt: skip
    errors = [{"pointer": "password", "hint": problem.detail}] if problem is not None else []
    title = "Give your password again" if again else "Sign in"
    response = answer(Page("sign_in.jinja", title, context, errors, status=status), frame_of(request, None))
    cookies.give(response, cookies.START, start)
    return response


def _token(request: Request, start: str) -> str:
    key: bytes = request.app.state.start_key
    return hmac.new(key, start.encode(), "sha256").hexdigest()


async def show(request: Request) -> Response:
    return sign_in_page(request)


async def sign_in(request: Request) -> Response:
    """303 to the page that was asked for, with a session that never was before."""
    check_origin(request)
    form, token = (await read_form(request)).without(FIELD)
    start = cookies.read(request, cookies.START)
    check_token(token, _token(request, start) if start else "")
    given = _given(form)
    try:
        raw, going = await _admit(request, given)
    except (NotSignedIn, TooManyTries, RoleNotAllowed) as refused:
        page = sign_in_page(request, refused.status, refused, given["next"], given["name"])
        page.headers.update({"Retry-After": refused.headers["Retry-After"]} if refused.status == 429 else {})
        return page
    response = RedirectResponse(going, 303, headers=HEADERS)
    cookies.take_back(response, cookies.START)
    cookies.give(response, cookies.SESSION, raw)
    return response


def _given(form: Form) -> dict[str, str]:
    """Raises ValueNotAllowed for fields of another form. A password is taken as it is, with its spaces."""
    form.take(optional=("name", "password", "next"))
    return {field: next(iter(form.all(field)), "") for field in ("name", "password", "next")}


async def _admit(request: Request, given: dict[str, str]) -> tuple[str, str]:
    """The new session's id, and where to go. Raises NotSignedIn, TooManyTries, RoleNotAllowed."""
    identity: Identity = request.app.state.identity
    account = await identity.admit(given["name"].strip(), given["password"], address_of(request))
    going = after_sign_in(desk_of(request.app), given["next"], account.roles)
    if going is None:
        raise RoleNotAllowed(NOTHING_HERE)
    before = cookies.read(request, cookies.SESSION)
    return await run_in_threadpool(sessions_of(request).sign_in, account, before), going


def sign_out(visitor: Visitor) -> Response:
    """Ended on the server; `everywhere` for every browser of the account."""
    sessions = sessions_of(visitor.request)
    if "everywhere" in visitor.take(optional=("everywhere",)):
        sessions.end_everywhere(visitor.session.account)
    else:
        sessions.end(visitor.request.cookies[cookies.SESSION])
    area = frame_of(visitor.request, None).home
    response = RedirectResponse(f"{area}/signed-out", 303, headers=HEADERS)
    cookies.take_back(response, cookies.SESSION)
    return response


async def signed_out(request: Request) -> Response:
    return answer(Page("signed_out.jinja", "You are signed out"), frame_of(request, None))


def refused(request: Request, problem: Problem) -> Response:
    """For a page that asked for somebody signed in: the form, and where to go afterwards."""
    shown = None if isinstance(problem, NotSignedIn) and request.method in {"GET", "HEAD"} else problem
    if isinstance(problem, NotSignedIn) and shown is not None:
        shown = NotSignedIn("You were signed out before this was sent. Nothing was changed.")
    return sign_in_page(request, problem.status, shown, asked_for(desk_of(request.app), request))


async def static(request: Request, name: str) -> Response:
    """A file of the pages under a name that carries its digest: any other name is not there."""
    found = desk_of(request.app).assets.by_name().get(name)
    if found is None:
        raise NotFound
    headers = {"Cache-Control": FOR_EVER, "Content-Security-Policy": "default-src 'none'"}
    return Response(found.content, media_type=found.media_type, headers=headers)


def doors(desk: Desk) -> APIRouter:
    """The ways in and out of every area, and the files of all pages."""
    router = APIRouter(include_in_schema=False, tags=["console"])
    anybody = [Depends(allow(PUBLIC))]

    def leave(visitor: Annotated[Visitor, Depends(signed_in(*desk.everybody))]) -> Response:
        return sign_out(visitor)

    for area in desk.areas:
        router.add_api_route(f"{area}/sign-in", show, methods=["GET"], dependencies=anybody)
        router.add_api_route(f"{area}/sign-in", sign_in, methods=["POST"], dependencies=anybody)
        router.add_api_route(f"{area}/sign-out", leave, methods=["POST"])
        router.add_api_route(f"{area}/signed-out", signed_out, methods=["GET"], dependencies=anybody)
    router.add_api_route(f"{desk.areas[0]}/static/{{name}}", static, methods=["GET"], dependencies=anybody)
    return router
