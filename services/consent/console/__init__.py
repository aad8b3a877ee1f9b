"""The pages of the consent service: the office's under `/console`, a consultant's own under `/me`.

How to add a page
-----------------
A route is an ordinary function that gets a `Visitor` and gives back one of its answers::

    @router.get("/console/gateways")
    def gateways(visitor: Annotated[Visitor, Depends(signed_in("officer", "auditor"))], office: OfficeDep) -> Response:
        return visitor.page("gateways.jinja", "Gateways", gateways=verbs.listed(office))

    @router.post("/console/gateways/close")
    def close(visitor: Annotated[Visitor, Depends(signed_in("steward", fresh=True))], office: OfficeDep) -> Response:
        given = visitor.take("gateway", optional=("note",))       # {"gateway": "elm"}; anything else is refused
        verbs.close(office, given["gateway"], visitor.caller.name)
        visitor.say("The gateway was closed.")                    # on the next page; in no address
        return visitor.go("/console/gateways")                    # 303, by GET

Put its router into `ROUTERS` below, its link into `people.DESK`, its row into the table of
`tests/unit/test_consent_roles.py`.

- `signed_in(*roles, fresh=False, upload=0)` gives the Visitor or refuses: 401 (the sign-in form, in place), 403 for
  another role. For POST it has checked `Sec-Fetch-Site`, `Origin` and the form's token, and read the form, before the
  route begins: a route cannot forget it, and the service does not start with one under these addresses that changes
  something without. `fresh=True` wants a password given within the last ten minutes, else shows the form for that: put
  it on the page with the form as well as on its POST. `upload=n` takes `multipart/form-data` with files of up to n
  bytes.
- `visitor.caller` is the `Caller` (`name`, `roles`, …); `visitor.subject` the number of a consultant's own record,
  which is never taken from a path or a form: NotFound where the account has none.
- `visitor.page(template, title, status=…, errors=…, crumbs=…, **context)`; `errors` as in a Problem: catch
  `ValueNotAllowed as refused` and show the form again with `errors=refused.errors, status=422`; the summary links to
  the field whose id is the `pointer`.
- `visitor.take(*required, optional=(), many=(), files=())`: each field once; missing, unknown and repeated ones raise
  ValueNotAllowed. `visitor.form.all(name)` for those of `many`, `visitor.form.files[name]` for the bytes of a file.
- Every other Problem that a route raises becomes a page by itself, with its status. 404, not 403, for what is not
  theirs.

A template extends `base.jinja`, fills `content` and, where the title alone is not the heading, `heading`; every form
that changes something is `<form method="post" action="…">{{ csrf_field }}…</form>`. `nhs.<component>({...})` are the
macros of nhsuk-frontend (see `shared.kit.console.components`). No inline style, no inline script: the policy of
the page forbids them; a script goes into `static/*.js`, and nothing may depend on it. Titles, addresses and logs name
nobody.
"""

from typing import Final

from fastapi import APIRouter, FastAPI

from services.consent.console import (
    auditing,
    campaigning,
    choosing,
    deciding,
    foreseeing,
    importing,
    lawbook,
    persons,
    queue,
    receipting,
    routes,
    withdrawing,
)
from services.consent.console.people import DESK
from shared.kit.console.doors import doors, prepare
from shared.kit.console.errors import pages_for_readers
from shared.kit.console.gate import Visitor, refuse_unguarded_pages, signed_in

ROUTERS: Final[list[APIRouter]] = [
    doors(DESK), routes.router, persons.router, deciding.router, withdrawing.router, choosing.router, queue.router,
    lawbook.router, auditing.router, importing.router, campaigning.router,
    receipting.router, foreseeing.router,
]  # fmt: skip


def furnish(app: FastAPI, demonstration: bool) -> FastAPI:
    """Make `app`, which has these routes, one with pages. Raises RouteWithoutRoles where a cookie would open more, or
    less, than the pages."""
    app.state.demonstration = demonstration
    app.state.desk = DESK
    prepare(app)
    return refuse_unguarded_pages(pages_for_readers(app))


__all__ = ["ROUTERS", "Visitor", "furnish", "signed_in"]
