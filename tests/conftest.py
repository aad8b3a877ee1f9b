"""What every test starts from: logs as they are before a process configures them, and a database of either engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import hypothesis
import pytest
import structlog
from fastapi.dependencies import models

from tests.postgres import QUICK, Postgres, sweep_copies
from tests.quick_disk import use_quick_disk
from tests.stores import Stores

ENGINES: Final = ("sqlite", "postgresql")

# The same examples in every run: what fails can be seen again, and a build is not red by luck. Fuzz with other seeds by
# `--hypothesis-profile=default`.
# How long an example takes says nothing of what it shows: no deadline, and no complaint about a slow machine.
SLOW: Final = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=SLOW)
hypothesis.settings.load_profile("steady")


def pytest_configure(config: pytest.Config) -> None:
    """System tests keep a real disk, as the houses that they start have one, with users of their own."""
    if not any("system" in Path(one).parts for one in config.args):
        use_quick_disk()


@pytest.fixture(autouse=True)
def _fresh_logs() -> None:
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(scope="module", autouse=True)
def _forget_applications() -> Iterator[None]:
    """FastAPI remembers what it has found out about thousands of functions, and with each of ours the application that
    it belongs to: gigabytes at the end of a run, and a collector that has to look at all of it."""
    yield
    for remembered in vars(models).values():
        getattr(remembered, "cache_clear", lambda: None)()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for each process of the run; it forgets what a power cut would make it forget."""
    with Postgres(QUICK) as server:
        yield server
    sweep_copies()


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Both, one after the other. A module whose tests have nothing to do with the database names one of its own."""
    return str(request.param)


@pytest.fixture(scope="module")
def stores(engine: str, request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Where services keep what they keep: every test that starts its service with these runs on both engines."""
    made = Stores(request.getfixturevalue("postgres") if engine == "postgresql" else None)
    with made.swept():
        yield made


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each engine, by URL: every test that takes it runs on both."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.sqlite'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.new_database()
    yield server.url(name)
    server.drop_database(name)
