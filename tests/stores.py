"""Databases of either engine for tests: migrated once for each service and process of the run, then copied."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import psycopg

from services.consent.__main__ import MIGRATIONS as CONSENT
from services.ingest.__main__ import MIGRATIONS as INGEST
from services.ratings.__main__ import MIGRATIONS as RATINGS
from shared.kit.migrating import migrate
from tests.postgres import Postgres

SCRIPTS: Final = {"ingest": INGEST, "ratings": RATINGS, "consent": CONSENT}
_TEMPLATES: dict[tuple[int, str], str] = {}  # server's port and service → database to be copied


class Stores:
    """Makes databases on one engine, and drops what it has made. SQLite's is a service's own file in its data
    directory: it opens that where no URL is given."""

    def __init__(self, server: Postgres | None) -> None:
        self.server = server
        self.made: list[str] = []
        self.of_folder: dict[tuple[str, Path], str] = {}

    def settings(self, service: str, data_dir: Path) -> dict[str, str]:
        """What the settings of a service need beyond its data directory; the same folder keeps its database. Copies of
        one template are one store: they share the identity that the first migration gave it."""
        if self.server is None:
            self._copied(service, data_dir)
            return {}
        if (service, data_dir) not in self.of_folder:
            self.of_folder[service, data_dir] = self._new(self._template(service))
        return {"database_url": self.server.url(self.of_folder[service, data_dir])}

    def empty(self, folder: Path) -> str:
        """The URL of a database without any table."""
        return (
            f"sqlite:///{folder / 'empty.sqlite'}" if self.server is None else self.server.url(self._new("template1"))
        )

    def lose(self, service: str, data_dir: Path) -> None:
        """The database of this folder is gone, under whoever has it open."""
        if self.server is not None:
            self.server.drop_database(self.of_folder[service, data_dir])
        for ending in ("", "-wal", "-shm"):
            (data_dir / f"{service}.sqlite{ending}").unlink(missing_ok=self.server is not None or ending != "")

    @contextmanager
    def swept(self) -> Iterator[None]:
        """Drops at the end what was made within."""
        before = len(self.made)
        try:
            yield
        finally:
            gone = set(self.made[before:])
            self.of_folder = {key: name for key, name in self.of_folder.items() if name not in gone}
            while len(self.made) > before and self.server is not None:
                self.server.drop_database(self.made.pop())

    def _copied(self, service: str, data_dir: Path) -> None:
        """Once for each folder, where nothing is yet."""
        if (service, data_dir) not in self.of_folder:
            target = data_dir / f"{service}.sqlite"
            self.of_folder[service, data_dir] = str(target)
            if not target.exists():
                data_dir.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_migrated_file(service))

    def _new(self, template: str) -> str:
        assert self.server is not None
        until = time.monotonic() + 30
        while True:
            try:
                self.made.append(self.server.new_database(template))
            except psycopg.errors.ObjectInUse:  # who made the template has hung up, and the server has not heard it yet
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
            else:
                return self.made[-1]

    def _template(self, service: str) -> str:
        assert self.server is not None
        key = (self.server.port, service)
        if key not in _TEMPLATES:
            name = self.server.new_database()
            migrate(self.server.url(name), SCRIPTS[service])
            self.server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # or the server's own sweeper gets in
            _TEMPLATES[key] = name
        return _TEMPLATES[key]


@cache
def _migrated_file(service: str) -> bytes:
    """SQLite's file of a store without any content."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.sqlite"
        migrate(f"sqlite:///{file}", SCRIPTS[service])
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it in the one file
        return file.read_bytes()
