"""`python -m services.ingest migrate serve`, with settings from `CANDOUR_INGEST_*`."""

import sys
from pathlib import Path

from services.ingest.backing_up import backup, restore
from services.ingest.settings import Settings
from shared.kit.migrating import moves
from shared.kit.serving import run, serve

MIGRATIONS = Path(__file__).parent / "migrations"


def main(arguments: list[str] | None = None) -> int:
    return run(
        "ingest", Settings, {"serve": _serve}, arguments,
        on_folder={"backup": backup, "restore": restore}, moves=moves("ingest", MIGRATIONS),
    )  # fmt: skip


def _serve(settings: Settings) -> int:
    from services.ingest.app import create_app  # noqa: PLC0415  # the other verbs need none of it, and begin at once
    from shared.kit.durable import DurableJobs  # noqa: PLC0415

    jobs = DurableJobs("ingest", settings.jobs_database(), settings.worker, at_once=2)
    return serve(create_app(settings, jobs), settings)


if __name__ == "__main__":
    sys.exit(main())
