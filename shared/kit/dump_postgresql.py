"""A whole PostgreSQL store as one file, by PostgreSQL's own programs, which are found on PATH.

Passwords go through the environment, never through arguments, which every user of a machine may read.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.kit.postgresql import PRESENT, plain_url
from shared.kit.presence import Busy, Refused

JOBS: Final = "dbos"  # the schema of the jobs
CONNECT_SECONDS: Final = 5
IN_USE: Final = "CND01"  # our own SQLSTATE
ALONE: Final = f"""
SET lock_timeout = '10s';
SET client_min_messages = warning;
DO $$ BEGIN
  -- the server may not have heard yet that who was connected has hung up: five seconds for that
  FOR look IN 1..100 LOOP
    IF pg_try_advisory_xact_lock({PRESENT}) THEN RETURN; END IF;
    PERFORM pg_sleep(0.05);
  END LOOP;
  RAISE EXCEPTION USING ERRCODE = '{IN_USE}';
END $$;
DROP SCHEMA IF EXISTS {JOBS} CASCADE;
DROP SCHEMA IF EXISTS public CASCADE;
CREATE SCHEMA public;
"""

Ask = Callable[[str], list[tuple[Any, ...]]]


class ProgramFailed(Refused):
    """One of PostgreSQL's programs is missing, too old, or has failed."""


class PostgresqlDump:
    engine: Final = "postgresql"
    file: Final = "store.dump"

    def take(self, url: str, target: Path, look: Callable[[Ask], Mapping[str, str | int]]) -> Mapping[str, str | int]:
        """Raises ProgramFailed, psycopg.Error."""
        with psycopg.connect(plain_url(url), connect_timeout=CONNECT_SECONDS) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            facts = look(lambda query: connection.execute(query.encode()).fetchall())
            (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            _check_age("pg_dump", connection.info.server_version // 10000)
            _run(
                url, "pg_dump", "--format=custom", f"--exclude-schema={JOBS}", f"--snapshot={snapshot}",
                "--no-password", "--no-unlogged-table-data", f"--file={target}",
            )  # fmt: skip
        return facts

    def prepare(self, source: Path, scratch: Path) -> None:
        """As a script: only so can dropping the old store be of one transaction with making the new one."""
        _run("", "pg_restore", "--no-owner", "--no-privileges", f"--file={scratch}", str(source))

    def put(self, url: str, jobs: str | None, scratch: Path) -> None:
        """The store is the old one or the new one, never between. Raises Busy where a service is connected."""
        if jobs is not None and plain_url(jobs) != plain_url(url):
            with psycopg.connect(plain_url(jobs), connect_timeout=CONNECT_SECONDS) as connection:
                connection.execute(f"DROP SCHEMA IF EXISTS {JOBS} CASCADE".encode())
        try:
            _run(
                url, "psql", "--no-psqlrc", "--quiet", "--no-password", "--single-transaction", "--set=ON_ERROR_STOP=1",
                "--set=VERBOSITY=sqlstate", f"--command={ALONE}", f"--file={scratch}",
            )  # fmt: skip
        except ProgramFailed as failed:
            if IN_USE in str(failed):
                raise Busy(
                    "The service is connected to its database. Stop every process of it, and restore then."
                ) from None
            raise


def _check_age(program: str, server: int) -> None:
    told = _run("", program, "--version")
    found = re.search(r"(\d+)", told)
    if found is None or int(found.group(1)) < server:
        raise ProgramFailed(
            f"Found {told.strip()}, older than the server, which is {server}. Install PostgreSQL's client programs of "
            f"version {server} or later, and put them first on PATH."
        )


def _run(url: str, program: str, *arguments: str) -> str:
    """What it printed. An empty `url`: it needs no server."""
    found = shutil.which(program)
    if found is None:
        raise ProgramFailed(f"{program} is not on PATH. Install PostgreSQL's client programs, of the server's version.")
    where, environment = _where(url) if url else ([], {})
    done = subprocess.run(  # noqa: S603  # the program is PostgreSQL's, the arguments are ours
        [found, *where, *arguments], env={**os.environ, **environment}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ProgramFailed(f"{program} ended with {done.returncode}: {done.stderr.strip()[-1000:]}")
    return done.stdout


def _where(url: str) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment that lead to the database."""
    parts = {name: str(value) for name, value in conninfo_to_dict(plain_url(url)).items() if value is not None}
    password = parts.pop("password", None)
    return [f"--dbname={make_conninfo(**parts)}"], {} if password is None else {"PGPASSWORD": password}
