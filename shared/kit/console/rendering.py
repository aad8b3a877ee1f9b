"""Pages from templates, with the headers that every one of them has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi.responses import HTMLResponse
from markupsafe import Markup

from shared.kit.console.desk import Desk

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under that a browser says `Origin: null` of our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FIELD: Final = "csrf"


@dataclass(frozen=True)
class Page:
    """What every template needs. `title` is the page's one heading unless the template writes its own; it names nobody
    and says no decision. `errors` are those of a Problem: `pointer` (the id of a field) and `hint`."""

    template: str
    title: str
    context: Mapping[str, Any] = field(default_factory=dict)
    errors: Sequence[Mapping[str, Any]] = ()
    crumbs: Sequence[tuple[str, str]] = ()
    status: int = 200


@dataclass(frozen=True)
class Frame:
    """What stands around a page: who is signed in, what was just done, and the token of the forms."""

    desk: Desk
    home: str
    account: str = ""
    navigation: Sequence[tuple[str, str]] = ()
    messages: Sequence[Mapping[str, str]] = ()
    csrf: str = ""
    demonstration: bool = False


def html(page: Page, frame: Frame) -> str:
    token = Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, frame.csrf) if frame.csrf else ""
    desk = frame.desk
    template = desk.environment.get_template(page.template)
    return template.render(page=page, frame=frame, csrf_field=token, assets=desk.assets, **page.context)


def answer(page: Page, frame: Frame, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    return HTMLResponse(html(page, frame), page.status, headers=HEADERS | dict(headers or {}))
