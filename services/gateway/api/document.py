"""`/v1/openapi.json`: the contract, from the same declarations that answer."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from services.gateway.api.answer import About, Answer
from services.gateway.api.asking import Strict
from services.gateway.api.declared import EVERYBODY
from services.gateway.api.forms import only_json
from services.gateway.api.http import respond

router = APIRouter(tags=["service"])


@router.get("/v1/openapi.json", operation_id="openapi", summary="This document", include_in_schema=False,
            dependencies=[EVERYBODY, Depends(Strict()), Depends(only_json)])  # fmt: skip
async def openapi(request: Request) -> Response:
    return respond(request, Answer(document(request.app), About("moving")))


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of everything under `/v1`; made once per application."""
    if app.openapi_schema is None:
        whole = get_openapi(
            title="Candour", version="1.0.0", openapi_version="3.1.0", routes=app.routes,
            description="Care outcomes with their uncertainty, their method, and a reason for every absence.",
            license_info={"name": "OGL-UK-3.0", "identifier": "OGL-UK-3.0"},
        )  # fmt: skip
        whole["paths"] = {path: item for path, item in whole["paths"].items() if path.split("/")[1] == "v1"}
        app.openapi_schema = {**whole, "security": []}
    return app.openapi_schema
