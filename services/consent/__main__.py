"""`python -m services.consent migrate | serve | verify-ledger`, with settings from the environment."""

import argparse
import signal
import sys
from pathlib import Path

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from services.consent.app import create_app
from services.consent.settings import Settings
from services.consent.verify_ledger import verify
from shared.kit.database import migrate
from shared.kit.logs import configure_logs

MIGRATIONS = Path(__file__).parent / "migrations"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="services.consent", description="The consent service.")
    parser.add_argument("verb", choices=["migrate", "serve", "verify-ledger"])
    verb = parser.parse_args(arguments).verb
    settings = Settings()
    if verb == "verify-ledger":
        return _verify(settings)
    configure_logs("consent", settings.log_level)
    if verb == "migrate":
        migrate(settings.database("consent"), MIGRATIONS)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn closes up, then hands the signal on to this
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, access_log=False, log_config=None)
    return 0


def _verify(settings: Settings) -> int:
    try:
        finding = verify(settings.database("consent"))
    except SQLAlchemyError as error:
        sys.stdout.write(f"There is no ledger to read: {type(error).__name__}.\n")
        return 2
    if finding.sound:
        sys.stdout.write(f"The ledger holds: {finding.entries} entries.\n")
        return 0
    sys.stdout.write(f"The ledger is broken at revision {finding.broken}: {finding.why}.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
