"""`python -m services.ratings migrate serve`, with settings from `CANDOUR_RATINGS_*`."""

import sys
from pathlib import Path

from services.ratings.app import create_app
from services.ratings.backing_up import backup, restore
from services.ratings.peers import over_http
from services.ratings.settings import Settings
from shared.kit.durable import DurableJobs
from shared.kit.migrating import moves
from shared.kit.serving import run, serve

MIGRATIONS = Path(__file__).parent / "migrations"


def main(arguments: list[str] | None = None) -> int:
    return run(
        "ratings", Settings, {"serve": _serve}, arguments,
        on_folder={"backup": backup, "restore": restore}, moves=moves("ratings", MIGRATIONS),
    )  # fmt: skip


def _serve(settings: Settings) -> int:
    jobs = DurableJobs("ratings", settings.jobs_database(), settings.worker)
    return serve(create_app(settings, over_http(settings), jobs), settings)


if __name__ == "__main__":
    sys.exit(main())
