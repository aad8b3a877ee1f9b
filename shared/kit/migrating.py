"""Forward and back, each run whole or not at all: all its steps are one transaction, and one process runs at a time.

`run` is what every service's `migrations/env.py` calls, on its own metadata.
"""

from collections.abc import Callable
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import MetaData

from shared.kit.database import Database


def migrate(url: str, scripts: Path, revision: str = "head") -> int:
    """Bring the database at `url` forward to `revision` with the Alembic scripts in `scripts`; 0, as an exit code."""
    return _moved(command.upgrade, url, scripts, revision)


def migrate_back(url: str, scripts: Path, revision: str = "-1") -> int:
    """Bring it back to `revision`, the one before the last as `-1`; 0, as an exit code."""
    return _moved(command.downgrade, url, scripts, revision)


def _moved(move: Callable[[Config, str], None], url: str, scripts: Path, revision: str) -> int:
    config = Config()
    config.set_main_option("script_location", str(scripts))
    database = Database(url)
    try:
        with database.exclusive("migrating"):
            config.attributes["database"] = database
            move(config, revision)
    finally:
        database.close()
    return 0


def run(metadata: MetaData) -> None:
    database: Database = context.config.attributes["database"]
    with database.engine.connect().execution_options(writes=True) as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
