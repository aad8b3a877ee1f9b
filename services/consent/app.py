"""The consent service as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from services.consent.keys import SubjectKeys
from services.consent.policies import load_policy
from services.consent.routes import ROUTERS
from services.consent.settings import Settings
from services.consent.store import Store
from services.consent.workflow.office import Clock, Office, utc_now
from shared.kit.auth import Identity
from shared.kit.secretfiles import read_secret
from shared.kit.service import service_app

CALLERS = ("ratings", "gateway")


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """Raises FileNotFoundError where a secret is missing, PolicyRefused where the policy may not be used.

    The store must have been migrated before the application starts.
    """
    policy = load_policy(settings.policy_dir, settings.demonstration)
    keys = SubjectKeys(read_secret(settings.secrets_dir, "consent-subjects"))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with Store.open(settings.database("consent")) as store:
            app.state.office = Office(store, policy, keys, clock)
            app.state.office.keep_policy()
            yield

    def ready() -> str | None:
        try:
            app.state.office.store.end()
        except SQLAlchemyError:
            return "the ledger cannot be read"
        return None

    app = service_app("consent", lifespan, ROUTERS, ready)
    app.state.identity = Identity.from_files("consent", CALLERS, settings.secrets_dir, settings.people_file)
    return app
