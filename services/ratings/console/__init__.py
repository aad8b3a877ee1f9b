"""The pages of ratings: the audit's under `/console`, those of whoever is measured under `/me`.

How to add a page stands in `services/consent/console`: both are made with `shared.kit.console`. Put its router into
`ROUTERS`, its link into `people.DESK`.
"""

from typing import Final

from fastapi import APIRouter, FastAPI

from services.ratings.console import announcing, asking, casework, gating, moderating, own, packs, routes, saying
from services.ratings.console.people import DESK
from shared.kit.console.doors import doors, prepare
from shared.kit.console.errors import pages_for_readers
from shared.kit.console.gate import refuse_unguarded_pages

ROUTERS: Final[list[APIRouter]] = [
    doors(DESK), routes.router, gating.router, announcing.router, moderating.router, casework.router,
    own.router, saying.router, asking.router, packs.router,
]  # fmt: skip


def furnish(app: FastAPI, demonstration: bool) -> FastAPI:
    """Make `app`, which has these routes, one with pages. Raises RouteWithoutRoles where a cookie would open more, or
    less, than the pages."""
    app.state.demonstration = demonstration
    app.state.desk = DESK
    prepare(app)
    return refuse_unguarded_pages(pages_for_readers(app))
