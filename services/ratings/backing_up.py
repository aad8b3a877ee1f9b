"""What ratings has to lose: its database, frames and snapshots. Views are baked again, and jobs begun again."""

from pathlib import Path

from services.ratings.settings import Settings
from shared.kit.backup import Folder, Stored
from shared.kit.safekeeping import backup_verb, restore_verb

MIGRATIONS = Path(__file__).parent / "migrations"


def stored(settings: Settings) -> Stored:
    folders = {
        "frames": Folder(settings.data_dir / "frames", ".parquet", of_bytes=False),
        "snapshots": Folder(settings.data_dir / "snapshots", ".parquet"),
    }
    return Stored(
        "ratings", settings.data_dir, settings.database("ratings"), MIGRATIONS, settings.jobs_database(), folders
    )


def backup(settings: Settings, folder: Path) -> int:
    return backup_verb(stored(settings), folder)


def restore(settings: Settings, folder: Path) -> int:
    return restore_verb(stored(settings), folder)
