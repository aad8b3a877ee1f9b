"""Who is at the door of a page. The cookie counts here and nowhere else; an Authorization header counts for nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import iter_route_contexts

from shared.kit.auth import Caller, Declared, RouteWithoutRoles, calls_of
from shared.kit.console import cookies
from shared.kit.console.desk import Desk
from shared.kit.console.forms import Form, read_form
from shared.kit.console.origin import SAFE, check_origin, check_token
from shared.kit.console.problems import SignInAgain
from shared.kit.console.rendering import FIELD, HEADERS, Frame, Page, answer
from shared.kit.console.sessions import Session, Sessions
from shared.kit.problems import NotFound, NotSignedIn


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in, with what their request has sent. Give its answers back from the route."""

    request: Request
    caller: Caller
    session: Session
    form: Form

    def page(
        self, template: str, title: str, *, status: int = 200, errors: Sequence[Mapping[str, Any]] = (),
        crumbs: Sequence[tuple[str, str]] = (), **context: Any,
    ) -> HTMLResponse:  # fmt: skip
        """The page of `template` (see `rendering.Page`), with the messages that waited for it."""
        page = Page(template, title, context, errors, crumbs, status)
        return answer(page, frame_of(self.request, self, sessions_of(self.request).heard(self.session)))

    def say(self, text: str, kind: str = "success") -> None:
        """For the next page: `success`, or `information`. It names nobody more than that page does."""
        sessions_of(self.request).say(self.session, kind, text)

    def go(self, path: str) -> RedirectResponse:
        """On to another page, by GET."""
        return RedirectResponse(path, 303, headers=HEADERS)

    def take(
        self, *required: str, optional: Sequence[str] = (), many: Sequence[str] = (), files: Sequence[str] = ()
    ) -> dict[str, str]:
        """As `Form.take`."""
        return self.form.take(*required, optional=optional, many=many, files=files)

    @property
    def subject(self) -> str:
        """The number of the visitor's own record. Raises NotFound where the account has none."""
        if self.caller.subject is None:
            raise NotFound
        return self.caller.subject

    @property
    def fresh(self) -> bool:
        """Whether a password was given within the last ten minutes."""
        return self.session.fresh(sessions_of(self.request).clock())


class SignedIn(Declared):
    """A page's dependency: gives the Visitor, or refuses. What changes something is checked here, so that no route can
    forget: where it comes from, and the token of the form, which is read here too."""

    def __init__(self, roles: frozenset[str], fresh: bool, upload: int) -> None:
        super().__init__(roles)
        self.fresh, self.upload = fresh, upload

    async def __call__(self, request: Request) -> Visitor:
        """Raises NotSignedIn, RoleNotAllowed, SignInAgain, FormNotOurs, and as `read_form`."""
        visitor = await visitor_of(request)
        if visitor is None:
            raise NotSignedIn
        session, caller = visitor.session, visitor.caller
        if request.method not in SAFE:
            check_origin(request)
        self.check(caller)
        if self.fresh and not visitor.fresh:
            raise SignInAgain
        if request.method in SAFE:
            return visitor
        form, token = (await read_form(request, self.upload)).without(FIELD)
        check_token(token, session.csrf)
        request.state.visitor = visitor = Visitor(request, caller, session, form)
        return visitor


def signed_in(*roles: str, fresh: bool = False, upload: int = 0) -> SignedIn:
    """`fresh`: only within ten minutes of a password. `upload`: the most bytes a file of the form may have."""
    if not roles:
        raise ValueError("name at least one role")
    return SignedIn(frozenset(roles), fresh, upload)


async def visitor_of(request: Request) -> Visitor | None:
    """Who is signed in, whatever they may see here; also where an address is no page. None for nobody."""
    known: Visitor | None = getattr(request.state, "visitor", None)
    raw = cookies.read(request, cookies.SESSION)
    if known is not None or raw is None:
        return known
    sessions = sessions_of(request)
    session = sessions.find(raw) if sessions.loaded else await run_in_threadpool(sessions.find, raw)
    if session is None:
        return None
    caller = Caller(session.account, session.roles, session.subject, "password")
    request.state.visitor = visitor = Visitor(request, caller, session, Form())
    return visitor


def sessions_of(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions


def frame_of(request: Request, visitor: Visitor | None, messages: Sequence[Mapping[str, str]] = ()) -> Frame:
    """What stands around a page of this area. Without a visitor there is nothing of anybody in it."""
    desk = desk_of(request.app)
    home = desk.area_of(request.url.path) or desk.areas[0]
    demonstration: bool = request.app.state.demonstration
    if visitor is None:
        return Frame(desk, home, demonstration=demonstration)
    links = desk.links(visitor.caller.roles)
    return Frame(desk, home, visitor.caller.name, links, messages, visitor.session.csrf, demonstration)


def desk_of(app: FastAPI) -> Desk:
    desk: Desk = app.state.desk
    return desk


def refuse_unguarded_pages(app: FastAPI) -> FastAPI:
    """Raise RouteWithoutRoles unless the cookie opens exactly the pages: every route there that changes something asks
    for a session and its token, and no route elsewhere knows of either. The door itself may be opened without."""
    desk = desk_of(app)
    doors = {f"{area}/sign-in" for area in desk.areas}
    for route in iter_route_contexts(app.routes):
        path, guarded = str(route.path), any(isinstance(one, SignedIn) for one in calls_of(route.dependant))
        is_page = desk.area_of(path) is not None
        if guarded and not is_page:
            raise RouteWithoutRoles(f"{path} is no page, and would be opened by a cookie")
        changes = set(route.methods or ()) - SAFE
        if is_page and changes and not guarded and path not in doors:
            raise RouteWithoutRoles(f"{sorted(changes)} {path} asks for no session")
    return app
