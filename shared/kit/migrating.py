"""What every service's `migrations/env.py` calls: run its scripts on its own metadata, each in one transaction."""

from alembic import context
from sqlalchemy import MetaData

from shared.kit.database import Database


def run(metadata: MetaData) -> None:
    url = context.config.attributes["url"]
    database = Database(url)
    try:
        with database.engine.connect().execution_options(writes=True) as connection:
            context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
    finally:
        database.close()
