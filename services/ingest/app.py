"""Ingest keeps what was sent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from services.ingest.domain import CHECK
from services.ingest.pseudonyms import load_key
from services.ingest.receipts import signer_in
from services.ingest.routes import routers
from services.ingest.settings import Settings
from services.ingest.source import load_sources
from services.ingest.store.database import Store
from services.ingest.store.files import Files
from services.ingest.workflow.arrival import Gate
from services.ingest.workflow.checking import Checking, see_to_check
from services.ingest.workflow.sweeping import sweep, sweep_partials
from shared.kit.auth import Identity
from shared.kit.database import Database
from shared.kit.jobs import Jobs
from shared.kit.service import service_app

CALLERS = ("ratings",)


def create_app(settings: Settings, jobs: Jobs) -> FastAPI:
    """The application; what it opens, it opens when its lifespan begins. `jobs` is launched and closed with it.

    Raises ValueError where a source contradicts itself, FileNotFoundError where a secret is missing.
    """
    sources = load_sources(settings.sources_dir)
    store = Store(Database(settings.database("ingest")), Files(settings.data_dir / "ingest"))
    key, signer = _key(settings), signer_in(settings.secrets_dir)
    checking = Checking(store, sources, key, settings.most_rows_held)

    def check(feed: str, _sha256: str) -> None:
        checking.run(feed, jobs.step)

    def begin() -> None:
        store.open(list(sources))
        sweep(store)
        jobs.launch(wake)

    def wake(at_once: bool) -> None:
        sweep_partials(store)
        for waiting in store.waiting():
            see_to_check(store, jobs, waiting, at_once)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(begin)
        yield
        await run_in_threadpool(jobs.close)
        store.close()

    jobs.register(CHECK, check)
    app = service_app("ingest", lifespan, routers, lambda: _not_ready(store))
    app.state.identity = Identity.from_files("ingest", CALLERS, settings.secrets_dir, settings.people_file)
    app.state.settings, app.state.sources, app.state.key, app.state.signer = settings, sources, key, signer
    app.state.store, app.state.jobs, app.state.gate = store, jobs, Gate(settings.most_uploads)
    return app


def _key(settings: Settings) -> bytes | None:
    """What pseudonyms are made with; None in a house that takes no rows of patients."""
    try:
        return load_key(settings.secrets_dir)
    except FileNotFoundError:
        return None


def _not_ready(store: Store) -> str | None:
    try:
        return None if store.database.alive() else "the database gives wrong answers"
    except SQLAlchemyError:
        return "the database does not answer"
