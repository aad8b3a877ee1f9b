"""Forward and back, each run whole or not at all: all its steps are one transaction, and one process runs at a time.

`run` is what every service's `migrations/env.py` calls, on its own metadata.
"""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from alembic import command, context
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import MetaData
from sqlalchemy.exc import DBAPIError

from shared.kit.database import Database
from shared.kit.logs import log
from shared.kit.outage import is_away
from shared.kit.settings import ServiceSettings

PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.3


class NeverUndone(RuntimeError):
    """A migration that goes forward only; its sentence says what to do instead."""


def moves(service: str, scripts: Path) -> Mapping[str, Callable[[ServiceSettings, str | None], int]]:
    """The verbs `migrate` (to the end) and `migrate-back` (by one version), or to a revision that is named."""
    return {
        "migrate": lambda settings, to: _told(migrate, settings.database(service), scripts, to or "head"),
        "migrate-back": lambda settings, to: _told(migrate_back, settings.database(service), scripts, to or "-1"),
    }


def _told(move: Callable[[str, Path, str], int], url: str, scripts: Path, revision: str) -> int:
    """Exit code 2, with a sentence, where the database or its history is not one that can be moved so."""
    try:
        return move(url, scripts, revision)
    except (NeverUndone, CommandError, ValueError) as refused:
        sys.stderr.write(f"Nothing was moved: {refused}\n")
        return 2


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
        await_database(database)
        with database.exclusive("migrating"):
            config.attributes["database"] = database
            move(config, revision)
    finally:
        database.close()
    return 0


def await_database(database: Database, patience: float = PATIENCE_SECONDS) -> None:
    """Returns once it answers: a service that ended because its database was being restarted would be started again
    ever more slowly. Its first words are logged, since a wrong password looks like a server that is away. Raises what
    it says after `patience` seconds, and at once where waiting cannot help."""
    until = time.monotonic() + patience
    told = False
    while True:
        try:
            database.alive()
        except Exception as error:
            if not is_away(error) or time.monotonic() > until:
                raise
            if not told:
                log.warning("database_awaited", why=_said(error))
            told = True
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _said(error: Exception) -> str:
    """What server or driver said, without the statement."""
    return str(error.orig).strip() if isinstance(error, DBAPIError) else type(error).__name__


def run(metadata: MetaData) -> None:
    database: Database = context.config.attributes["database"]
    with database.engine.connect().execution_options(writes=True) as connection:
        database.dialect.before_moving(connection)
        with connection.begin():  # begun here, or Alembic would commit step by step on SQLite
            context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
            with context.begin_transaction():
                context.run_migrations()
            database.dialect.after_moving(connection)
