"""Two real PostgreSQL servers: a primary, and a standby that must confirm every commit."""

from pathlib import Path

from tests.postgres import SUPERUSER, Postgres
from tests.system.consent_process import eventually

NAME = "oak"
SETTINGS = {"fsync": "off", "full_page_writes": "off"}  # no power is lost here; commits wait as they must


class Pair:
    def __init__(self, folder: Path) -> None:
        self.primary = Postgres(SETTINGS, folder / "primary").start()
        self.standby = self._copy(folder / "standby")
        self.standby.start()
        self.wait_streaming()
        self.primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 ({NAME})'")
        self.primary.execute("SELECT pg_reload_conf()")
        eventually(lambda: self.primary.execute("SHOW synchronous_standby_names")[0][0], lambda told: NAME in told)

    def _copy(self, folder: Path) -> Postgres:
        primary = self.primary
        source = (
            f"host=127.0.0.1 port={primary.port} user={SUPERUSER} password={primary.password} application_name={NAME}"
        )
        standby = Postgres(SETTINGS | {"primary_conninfo": source, "wal_retrieve_retry_interval": "200ms"}, folder)
        standby.password = primary.password
        folder.mkdir()
        standby._give(folder)
        primary.run("pg_basebackup", "-D", str(standby.data), "-d", source, "-R", "-X", "stream", "-c", "fast")
        return standby

    def wait_streaming(self) -> None:
        query = f"SELECT count(*) FROM pg_stat_replication WHERE application_name = '{NAME}' AND state = 'streaming'"
        eventually(lambda: self.primary.execute(query)[0][0], lambda number: number == 1)

    def waiting(self, database: str, beginning: str = "") -> list[int]:
        """Backends that wait for the standby, and were sent a statement that begins so."""
        query = (
            f"SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = '{database}' "
            f"AND query ILIKE '{beginning}%'"
        )
        return [row[0] for row in self.primary.execute(query)]

    def remove(self) -> None:
        for server in (self.primary, self.standby):
            server.remove()
