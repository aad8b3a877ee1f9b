"""`python -m services.consent migrate serve`, or `verify-ledger`, with settings from `CANDOUR_CONSENT_*`."""

import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from services.consent.app import create_app
from services.consent.backing_up import backup, restore
from services.consent.settings import Settings
from services.consent.verify_ledger import verify
from shared.kit.migrating import moves
from shared.kit.serving import run, serve

MIGRATIONS = Path(__file__).parent / "migrations"


def main(arguments: list[str] | None = None) -> int:
    return run(
        "consent", Settings, {"serve": _serve, "verify-ledger": _verify}, arguments,
        on_folder={"backup": backup, "restore": restore}, moves=moves("consent", MIGRATIONS),
    )  # fmt: skip


def _serve(settings: Settings) -> int:
    return serve(create_app(settings), settings)


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
