"""What the consent service has to lose: its store. Its journal is kept on another device, and never restored."""

from pathlib import Path

from services.consent.settings import Settings
from shared.kit.backup import Ask, Facts, Stored
from shared.kit.safekeeping import backup_verb, restore_verb

MIGRATIONS = Path(__file__).parent / "migrations"
AFTERWARDS = (
    "What was decided since is in the journal: run `replay-journal` before `serve`. Until then the service answers 503 "
    "`consent_closed`, and gateways show nothing that depends on a person's decision."
)


def stored(settings: Settings) -> Stored:
    return Stored("consent", settings.data_dir, settings.database("consent"), MIGRATIONS, facts=_end)


def _end(ask: Ask) -> Facts:
    store_id, revision, ledger_head = ask("SELECT store_id, revision, ledger_head FROM head")[0]
    return {"store_id": str(store_id), "revision": int(revision), "ledger_head": str(ledger_head)}


def backup(settings: Settings, folder: Path) -> int:
    return backup_verb(stored(settings), folder)


def restore(settings: Settings, folder: Path) -> int:
    return restore_verb(stored(settings), folder, AFTERWARDS)
