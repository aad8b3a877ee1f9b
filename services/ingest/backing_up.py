"""What ingest has to lose: its database, what was uploaded, and the tables made of it. Jobs are begun again."""

from pathlib import Path

from services.ingest.settings import Settings
from services.ingest.store.files import Files
from shared.kit.backup import Folder, Stored
from shared.kit.safekeeping import backup_verb, restore_verb

MIGRATIONS = Path(__file__).parent / "migrations"


def stored(settings: Settings) -> Stored:
    files = Files(settings.data_dir / "ingest")
    folders = {"uploads": Folder(files.uploads), "tables": Folder(files.tables, ".parquet")}
    return Stored(
        "ingest", settings.data_dir, settings.database("ingest"), MIGRATIONS, settings.jobs_database(), folders
    )


def backup(settings: Settings, folder: Path) -> int:
    return backup_verb(stored(settings), folder)


def restore(settings: Settings, folder: Path) -> int:
    return restore_verb(stored(settings), folder)
