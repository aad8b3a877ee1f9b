"""Translates HTTP to the verbs; every route names its roles."""

from typing import Annotated

from fastapi import Depends, Request

from services.ratings.workflow.office import Office


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


OfficeDep = Annotated[Office, Depends(_office)]
NO_STORE = {"Cache-Control": "no-store"}
