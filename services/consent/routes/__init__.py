"""Addresses of the consent service: each names its roles, translates, and calls one verb."""

from fastapi import APIRouter

from services.consent.routes import consultants, decisions, gateways, imports, neighbours, waiting

ROUTERS: list[APIRouter] = [
    neighbours.router, gateways.router, waiting.router, decisions.router, consultants.router, imports.router,
]  # fmt: skip
