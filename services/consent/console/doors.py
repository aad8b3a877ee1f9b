"""Signing in and out: the same code for the console and for a consultant's own pages."""

import hmac
import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from services.consent.console import cookies
from services.consent.console.forms import Form, read_form
from services.consent.console.gate import AREAS, Visitor, frame_of, sessions_of, signed_in
from services.consent.console.going import after_sign_in, asked_for, own_path
from services.consent.console.origin import check_origin, check_token
from services.consent.console.people import EVERYBODY
from services.consent.console.rendering import FIELD, HEADERS, Page, answer
from shared.kit.auth import PUBLIC, Identity, address_of, allow
from shared.kit.problems import NotSignedIn, Problem, RoleNotAllowed
from shared.kit.tries import TooManyTries

NOTHING_HERE: Final = "This account has no pages here."
router: Final = APIRouter(include_in_schema=False, tags=["console"])


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
        "token_field": FIELD, "token": _token(request, start), "going": own_path(going) or "", "again": again,
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
    going = after_sign_in(given["next"], account.roles)
    if going is None:
        raise RoleNotAllowed(NOTHING_HERE)
    before = cookies.read(request, cookies.SESSION)
    return await run_in_threadpool(sessions_of(request).sign_in, account, before), going


def sign_out(visitor: Annotated[Visitor, Depends(signed_in(*EVERYBODY))]) -> Response:
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
    return sign_in_page(request, problem.status, shown, asked_for(request))


_ANYBODY: Final = [Depends(allow(PUBLIC))]
for _area in AREAS:
    router.add_api_route(f"{_area}/sign-in", show, methods=["GET"], dependencies=_ANYBODY)
    router.add_api_route(f"{_area}/sign-in", sign_in, methods=["POST"], dependencies=_ANYBODY)
    router.add_api_route(f"{_area}/sign-out", sign_out, methods=["POST"])
    router.add_api_route(f"{_area}/signed-out", signed_out, methods=["GET"], dependencies=_ANYBODY)
