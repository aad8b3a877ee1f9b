"""`python -m services.ratings migrate` brings the database up to date; `serve` runs the service until SIGTERM."""

import signal
import sys
from pathlib import Path

import uvicorn

from services.ratings.app import create_app
from services.ratings.peers import over_http
from services.ratings.settings import Settings
from shared.kit.database import migrate
from shared.kit.jobs import DurableJobs
from shared.kit.logs import configure_logs

MIGRATIONS = Path(__file__).parent / "migrations"


def main(arguments: list[str]) -> int:
    settings = Settings()
    configure_logs("ratings", settings.log_level)
    if arguments == ["migrate"]:
        migrate(settings.database("ratings"), MIGRATIONS)
        return 0
    if arguments == ["serve"]:
        app = create_app(settings, over_http(settings), DurableJobs("ratings", settings.jobs_database()))
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn closes up, then hands the signal on to this
        uvicorn.run(app, host=settings.host, port=settings.port, access_log=False, log_config=None)
        return 0
    sys.stderr.write("usage: python -m services.ratings migrate | serve\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
