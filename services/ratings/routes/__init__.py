"""Translates HTTP to the verbs; every route names its roles."""

from typing import Annotated

from fastapi import Depends, Request

from services.ratings.workflow.office import Office
from shared.kit.problems import UnknownParameter


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def no_parameters(request: Request) -> None:
    """Raises UnknownParameter: no resource of ratings takes a query, and what is not understood is refused."""
    if request.query_params:
        found = [{"parameter": name} for name in request.query_params]
        raise UnknownParameter("This resource takes no query parameters.", errors=found)


OfficeDep = Annotated[Office, Depends(_office)]
STRICT = [Depends(no_parameters)]
NO_STORE = {"Cache-Control": "no-store"}
