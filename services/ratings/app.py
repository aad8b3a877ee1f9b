"""The ratings service: a function of its settings, its peers and its jobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from services.ratings import console
from services.ratings.domain.outlier_policy import load_outlier_policies
from services.ratings.domain.release_policy import load_release_policy
from services.ratings.following import Follower
from services.ratings.indicators.loading import load_catalogue
from services.ratings.peers import Peers
from services.ratings.policy.loading import load_disclosure
from services.ratings.routes import (
    access,
    answers,
    calendar,
    cases,
    differences,
    gate,
    impact,
    indicators,
    mine,
    releases,
    replays,
    roster,
    views,
)
from services.ratings.settings import Settings
from services.ratings.store.store import Store
from services.ratings.workflow.building import Builder
from services.ratings.workflow.office import Clock, Office, wall_clock
from services.ratings.workflow.releases import resume_builds
from services.ratings.workflow.replay_job import Replayer
from services.ratings.workflow.replaying import resume_replays, sweep_scratch
from services.ratings.workflow.sessions import DatabaseSessions
from shared.kit.auth import Identity
from shared.kit.files import sweep_parts
from shared.kit.jobs import Jobs
from shared.kit.service import service_app

CALLERS = ("gateway", "consent")
PARTS = (
    indicators, releases, replays, views, access, impact, roster, cases, calendar, gate, differences, mine, answers,
)  # fmt: skip
ROUTERS = [one.router for one in PARTS]


def create_app(settings: Settings, peers: Peers, jobs: Jobs, clock: Clock = wall_clock) -> FastAPI:
    """Nothing runs before the lifespan begins; when it ends, the follower, the jobs and the store are closed."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        office = await run_in_threadpool(_open, settings, peers, jobs, clock)
        follower = Follower(office, settings.follow_seconds, settings.bake_gap_seconds)
        app.state.office, app.state.follower = office, follower
        app.state.sessions = DatabaseSessions(office.store, app.state.identity.people, clock)
        follower.start()
        try:
            yield
        finally:
            await run_in_threadpool(_close, office, follower)

    def ready() -> str | None:
        office: Office | None = getattr(app.state, "office", None)
        if office is None:
            return "starting"
        try:
            if not office.store.database.alive():
                return "the database gives wrong answers"
        except SQLAlchemyError:
            return "the database does not answer"
        follower: Follower = app.state.follower
        return follower.ready()

    app = service_app("ratings", lifespan, [*ROUTERS, *console.ROUTERS], ready)
    app.state.identity = Identity.from_files("ratings", CALLERS, settings.secrets_dir, settings.people_file)
    return console.furnish(app, settings.demonstration)


def _open(settings: Settings, peers: Peers, jobs: Jobs, clock: Clock) -> Office:
    sweep_parts(settings.data_dir)
    store = Store(settings.database("ratings"))
    catalogue = load_catalogue(settings.indicators_dir, settings.policy_dir)
    policy = load_release_policy(settings.policy_dir, settings.release_policy, settings.demonstration)
    outliers = load_outlier_policies(settings.policy_dir, settings.outlier_policy, settings.demonstration)
    disclosure = load_disclosure(settings.policy_dir, catalogue, demonstration=settings.demonstration)
    office = Office.open(
        settings.data_dir, store, catalogue, peers, jobs, release_policy=policy, outliers=outliers,
        disclosure=disclosure, clock=clock,
    )  # fmt: skip
    sweep_views(office)
    sweep_scratch(office)
    Builder(office).register()
    Replayer(office).register()
    jobs.launch(lambda at_once: _resume(office, at_once))
    return office


def _resume(office: Office, at_once: bool) -> None:
    resume_builds(office, at_once)
    resume_replays(office, at_once)


def sweep_views(office: Office) -> None:
    """Remove views that nobody may read; not while another process bakes one."""
    with office.baking():
        with office.store.reading() as tx:
            pointers = [pointer for _, pointer in tx.readable()]
        office.views.sweep({(one.release, one.manifest_sha256) for one in pointers})


def _close(office: Office, follower: Follower) -> None:
    follower.stop()
    office.jobs.close()
    office.peers.close()
    office.store.close()
