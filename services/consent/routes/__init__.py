"""Addresses of the consent service: each names its roles, translates, and calls one verb."""

from fastapi import APIRouter

from services.consent.routes import (
    access,
    asof,
    audit,
    campaigns,
    consultants,
    decisions,
    gateways,
    impact,
    imports,
    law,
    neighbours,
    own,
    participation,
    receipts,
    rights,
    waiting,
)

ROUTERS: list[APIRouter] = [
    neighbours.router, gateways.router, waiting.router, decisions.router, consultants.router, imports.router,
    rights.router, own.router, access.router, asof.router, law.router, participation.router, campaigns.router,
    receipts.router, impact.router, audit.router,
]  # fmt: skip
