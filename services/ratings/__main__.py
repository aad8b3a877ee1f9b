"""`python -m services.ratings migrate serve`, with settings from `CANDOUR_RATINGS_*`."""

import shutil
import sys
from pathlib import Path

from services.ratings.backing_up import backup, restore
from services.ratings.settings import Settings
from shared.kit.migrating import moves
from shared.kit.serving import run, serve
from shared.kit.settings import ServiceSettings

MIGRATIONS = Path(__file__).parent / "migrations"
MOVES = moves("ratings", MIGRATIONS)


def _back(settings: ServiceSettings, to: str | None) -> int:
    """The views go, too: an earlier version may not know their form, and bakes anew what it misses."""
    code = MOVES["migrate-back"](settings, to)
    if code == 0:
        shutil.rmtree(settings.data_dir / "views", ignore_errors=True)
    return code


def main(arguments: list[str] | None = None) -> int:
    return run(
        "ratings", Settings, {"serve": _serve}, arguments,
        on_folder={"backup": backup, "restore": restore}, moves={**MOVES, "migrate-back": _back},
    )  # fmt: skip


def _serve(settings: Settings) -> int:
    from services.ratings.app import create_app  # noqa: PLC0415  # the other verbs need none of it, and begin at once
    from services.ratings.peers import over_http  # noqa: PLC0415
    from shared.kit.durable import DurableJobs  # noqa: PLC0415

    jobs = DurableJobs("ratings", settings.jobs_database(), settings.worker)
    return serve(create_app(settings, over_http(settings), jobs), settings)


if __name__ == "__main__":
    sys.exit(main())
