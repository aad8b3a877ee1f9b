"""The consent service as an application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.consent import console
from services.consent.journal import held
from services.consent.keys import SubjectKeys
from services.consent.peers import ratings_of
from services.consent.policies import load_policy
from services.consent.receipts import signer_in
from services.consent.routes import ROUTERS
from services.consent.settings import Settings
from services.consent.store import Store, TableBallast
from services.consent.store.sessions import SessionTable
from services.consent.workflow.assessing import Assessor
from services.consent.workflow.fleet import Fleet
from services.consent.workflow.keeping import Keeper
from services.consent.workflow.office import Clock, Office, utc_now
from services.consent.workflow.room import Beside, Held, Room
from services.consent.workflow.sessions import Sessions
from services.consent.workflow.watching import Watch
from shared.kit.auth import Identity
from shared.kit.levels import Level
from shared.kit.secretfiles import read_secret
from shared.kit.service import service_app

CALLERS = ("ratings", "gateway", "supervisor")
FIRST_LOOK_SECONDS = 5.0


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """Raises FileNotFoundError where a secret is missing, PolicyRefused where the policy may not be used; its start
    JournalInUse where another process has the journal.

    The store must have been migrated before the application starts.
    """
    policy = load_policy(settings.policy_dir, settings.demonstration)
    keys = SubjectKeys(read_secret(settings.secrets_dir, "consent-subjects"))
    ratings = ratings_of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with held(settings.journal) as journal, Store.open(settings.database("consent")) as store:
            room = Room(_held_back(settings, store))
            office = Office(store, policy, keys, clock, Keeper(store, journal), room, Fleet(clock), Level())
            watch = Watch(office)
            table = SessionTable(settings.database("consent"))
            app.state.sessions = sessions = Sessions(table, app.state.identity.people, clock, room)
            app.state.office, app.state.watch = office, watch
            office.news.bind()
            office.fleet.effective.bind()
            office.turning.applied.bind()
            assessor = Assessor(office)
            watch.start(FIRST_LOOK_SECONDS)
            assessor.start()
            sessions.start()
            try:
                yield
            finally:
                await ratings.close()
                sessions.stop()
                assessor.stop()
                watch.stop()

    def ready() -> str | None:
        watch: Watch = app.state.watch
        return watch.why_not_ready()

    app = service_app("consent", lifespan, [*ROUTERS, *console.ROUTERS], ready)
    app.state.signer, app.state.ratings = signer_in(settings.secrets_dir), ratings
    app.state.identity = Identity.from_files("consent", CALLERS, settings.secrets_dir, settings.people_file)
    return console.furnish(app, settings.demonstration)


def _held_back(settings: Settings, store: Store) -> list[Held]:
    """On the journal's disk, and on the one that has the database: only its server can hold room on its own."""
    size = settings.ballast_bytes
    if not size:
        return []
    engine = store.database.engine
    if engine.dialect.name == "postgresql":
        return [Beside(settings.journal, size), TableBallast(store.database, size)]
    return [Beside(settings.journal, size), Beside(Path(engine.url.database or "").parent, size)]
