"""`python -m services.ingest migrate | serve`, with settings from `CANDOUR_INGEST_*`."""

import argparse
import signal
import sys
from pathlib import Path

import uvicorn

from services.ingest.app import create_app
from services.ingest.settings import Settings
from shared.kit.database import migrate
from shared.kit.jobs import DurableJobs
from shared.kit.logs import configure_logs

MIGRATIONS = Path(__file__).parent / "migrations"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m services.ingest", description=__doc__)
    parser.add_argument("act", choices=["migrate", "serve"])
    act = parser.parse_args().act
    settings = Settings()
    configure_logs("ingest", settings.log_level)
    if act == "migrate":
        migrate(settings.database("ingest"), MIGRATIONS)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn closes up, then hands the signal on to this
    app = create_app(settings, DurableJobs("ingest", settings.jobs_database()))
    uvicorn.run(app, host=settings.host, port=settings.port, access_log=False, log_config=None)


if __name__ == "__main__":
    main()
