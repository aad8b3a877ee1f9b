"""Every router of the public API, in the order in which addresses are matched."""

from typing import Final

from fastapi import APIRouter

from services.gateway.api import (
    changes,
    choices,
    codes,
    consultants,
    document,
    files,
    indicators,
    proof,
    providers,
    releases,
    results,
    service,
)

ROUTERS: Final[list[APIRouter]] = [
    service.router,
    document.router,
    proof.router,
    releases.router,
    files.router,
    results.router,
    indicators.router,
    providers.router,
    consultants.router,
    choices.router,
    codes.router,
    changes.router,
]
