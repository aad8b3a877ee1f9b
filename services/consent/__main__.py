"""`python -m services.consent migrate serve`, or `verify-ledger`, or `replay-journal`, with `CANDOUR_CONSENT_*`."""

import sys
import time
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from services.consent.backing_up import backup, restore
from services.consent.journal import JournalBroken, held
from services.consent.settings import Settings
from services.consent.store import Store
from services.consent.verify_ledger import Finding, verify
from services.consent.workflow.office import Office
from services.consent.workflow.replay import replay
from shared.kit.migrating import moves
from shared.kit.problems import Problem
from shared.kit.serving import run, serve

MIGRATIONS = Path(__file__).parent / "migrations"
LOOKS, BETWEEN_SECONDS = 4, 0.5


def main(arguments: list[str] | None = None) -> int:
    return run(
        "consent", Settings, {"serve": _serve, "verify-ledger": _verify, "replay-journal": _replay}, arguments,
        on_folder={"backup": backup, "restore": restore}, moves=moves("consent", MIGRATIONS),
    )  # fmt: skip


def _serve(settings: Settings) -> int:
    from services.consent.app import create_app  # noqa: PLC0415  # the other verbs need none of it, and begin at once

    with held(settings.journal):  # the application takes it itself, but cannot say in plain words that it may not
        pass
    app = create_app(settings)

    def let_go() -> None:
        office: Office = app.state.office
        office.let_go()

    return serve(app, settings, on_stop=let_go)


def _replay(settings: Settings) -> int:
    """0 when the ledger has all that the journal has, 2 when nothing was changed."""
    try:
        with Store.open(settings.database("consent")) as store:
            done = replay(store, settings.journal)
    except (JournalBroken, Problem, SQLAlchemyError) as refused:
        why = (
            f"The database failed: {type(refused).__name__}." if isinstance(refused, SQLAlchemyError) else str(refused)
        )
        sys.stderr.write(f"Nothing is certain to have been replayed. {why}\n")
        return 2
    if done.now > done.before:
        sys.stdout.write(f"The ledger was at revision {done.before} and is at {done.now}.\n")
    else:
        sys.stdout.write(f"Nothing is missing at {done.before}.\n")
    sys.stdout.writelines(f"Of who was erased: {one}.\n" for one in done.remains)
    return 0


def _found(settings: Settings) -> Finding:
    """Once more where the journal is behind: a service that runs writes it after each commit."""
    for _ in range(LOOKS):
        finding = verify(settings.database("consent"), settings.journal)
        if not finding.behind:
            break
        time.sleep(BETWEEN_SECONDS)
    return finding


def _verify(settings: Settings) -> int:
    try:
        finding = _found(settings)
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
