"""What the four applications have in common: layers, problems, health, and the refusal of routes without roles."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI

from shared.kit.asgi import HeadAsGet, RequestId
from shared.kit.auth import refuse_undeclared_routes
from shared.kit.health import Check, health_routes
from shared.kit.problems import add_problem_handlers

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def service_app(title: str, lifespan: Lifespan, routers: list[APIRouter], ready: Check) -> FastAPI:
    """An application that starts nothing until its lifespan runs. API pages are off.

    Raises RouteWithoutRoles where a router forgot to say who may call it.
    """
    app = FastAPI(
        title=title, version="1", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None,
        redirect_slashes=False,
    )  # fmt: skip
    for router in [*routers, health_routes(ready)]:  # each route as it is: included, all would be worked out once more
        app.router.routes += router.routes
    app.add_middleware(HeadAsGet)
    app.add_middleware(RequestId)
    add_problem_handlers(app)
    return refuse_undeclared_routes(app)
