"""`/health/live`: the process answers. `/health/ready`: it can do its work; 503 with the reason where it cannot."""

from collections.abc import Callable

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from shared.kit.auth import PUBLIC, allow

Check = Callable[[], str | None]


def health_routes(ready: Check) -> APIRouter:
    """`ready` returns None when all is well, else a short reason without anything private in it."""
    router = APIRouter(prefix="/health", dependencies=[Depends(allow(PUBLIC))], tags=["health"])

    @router.get("/live", operation_id="live", summary="Is the process alive?")
    async def live() -> JSONResponse:
        return JSONResponse({"status": "live"}, headers={"Cache-Control": "no-store"})

    @router.get("/ready", operation_id="ready", summary="Can the service do its work?")
    async def is_ready() -> JSONResponse:
        reason = ready()
        body = {"status": "ready"} if reason is None else {"status": "starting", "reason": reason}
        return JSONResponse(body, 200 if reason is None else 503, headers={"Cache-Control": "no-store"})

    return router
