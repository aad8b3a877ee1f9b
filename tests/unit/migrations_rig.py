"""What the tests of migrations need: a database of an earlier version full of rows, a fingerprint of all of it, and
processes that migrate and can be killed."""

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.types import TypeEngine

from shared.kit.bulk import insert_rows
from shared.kit.database import Database
from tests.postgres import Postgres
from tests.stores import SCRIPTS

ROOT: Final = Path(__file__).parents[2]
FATES: Final = ("header", "accepted", "duplicate", "conflict", "quarantined", "aggregate", "footer", "blank")
STATES: Final = ("received", "checked", "refused")
FEW: Final = {"feed": 7, "head": 0, "keyring": 0, "journal": 1}
LARGE: Final = frozenset({
    "consultant", "enrolment", "ledger", "standing", "submission", "decision", "snapshot", "audit", "hidden_unit",
    "hidden_since", "partner",
})  # fmt: skip
Maker = Callable[[int], Any]


def versions(service: str) -> list[str]:
    """Of the service's migrations, oldest first."""
    script = ScriptDirectory(str(SCRIPTS[service]))
    return [step.revision for step in script.walk_revisions()][::-1]


# Rows


def fill(url: str, rows: int) -> dict[str, int]:
    """Invented rows into every table of the database as it is now, whatever its version, `rows` into those that grow
    large: how many each has got."""
    database = Database(url)
    try:
        tables = sa.MetaData()
        tables.reflect(database.engine)
        counts = {one.name: rows if one.name in LARGE else FEW.get(one.name, 200) for one in tables.sorted_tables}
        counts.pop("alembic_version")
        with database.transaction() as session:
            for name, count in counts.items():
                makers = {column.name: _maker(column, counts) for column in tables.tables[name].c}
                made = ([make(number) for make in makers.values()] for number in range(1, count + 1))
                insert_rows(session, tables.tables[name], list(makers), made)
        return counts
    finally:
        database.close()


def _maker(column: sa.Column[Any], counts: Mapping[str, int]) -> Maker:
    """Gives values by the number of the row: different in every row, but for what refers to another table; null in
    every tenth row that may be null."""
    table, name = column.table.name, column.name
    if table == "submission" and name in {"state", "refused_code", "refusal", "lines", *FATES}:
        return lambda number: _of_submission(name, STATES[number % 3])
    if table == "decision" and name == "state":
        return lambda number: STATES[1 + number % 2]
    for reference in column.foreign_keys:
        there, many = _of_type(reference.column), counts[reference.column.table.name]
        return lambda number: there(1 + number % many)
    make = _of_type(column)
    return (lambda number: None if number % 10 == 0 else make(number)) if column.nullable else make


def _of_submission(column: str, state: str) -> Any:
    """As the table's own rules want it."""
    if column == "state":
        return state
    if column in {"refused_code", "refusal"}:
        return ("no-rows" if column == "refused_code" else {"code": "no-rows"}) if state == "refused" else None
    return {"lines": 3, "header": 1, "accepted": 2}.get(column, 0) if state == "checked" else None


def _of_type(column: sa.Column[Any]) -> Maker:
    name, short = column.name, (getattr(column.type, "length", None) or 99) < 20
    makers: list[tuple[type[TypeEngine[Any]], Maker]] = [
        (sa.Uuid, lambda number: UUID(int=number)),
        (sa.String, lambda number: f"{number:07d}" if short else f"{name} '\\\u2028\n{number}"),
        (sa.Boolean, lambda number: number % 2 == 0), (sa.Integer, lambda number: number),
        (sa.JSON, lambda number: {"n": number, "é": None}),
        (sa.DateTime, lambda number: datetime(2026, 9, 30, 12, tzinfo=UTC) + timedelta(seconds=number)),
        (sa.Date, lambda number: date(2026, 9, 30) + timedelta(days=number % 1000)),
        (sa.LargeBinary, lambda number: number.to_bytes(8)),
    ]  # fmt: skip
    return next(make for of, make in makers if isinstance(column.type, of))


# Fingerprints


@dataclass(frozen=True)
class Print:
    """A version, its schema, and the rows of every table as a digest; the version's own table is left out."""

    revision: str | None
    schema: Mapping[str, Any]
    rows: Mapping[str, str]


def taken(url: str) -> Print:
    database = Database(url)
    try:
        with database.engine.connect() as connection:
            inspector = sa.inspect(connection)
            names = sorted(set(inspector.get_table_names()) - {"alembic_version"})
            schema: dict[str, Any] = {name: _table(inspector, name) for name in names} | _guards(connection)
            rows = {name: _digest(connection, name, len(schema[name]["columns"])) for name in names}
            revision = MigrationContext.configure(connection).get_current_revision()
        return Print(revision, schema, rows)
    finally:
        database.close()


def _table(inspector: sa.Inspector, name: str) -> dict[str, Any]:
    columns = [(one["name"], repr(one["type"]), one["nullable"], one["default"]) for one in inspector.get_columns(name)]
    found: dict[str, Any] = {
        "columns": columns, "key": inspector.get_pk_constraint(name)["constrained_columns"],
        "references": [(one["constrained_columns"], one["referred_table"]) for one in inspector.get_foreign_keys(name)],
        "unique": [one["column_names"] for one in inspector.get_unique_constraints(name)],
        "checks": checks(inspector, name),
        "indexes": [(one["name"], one["column_names"]) for one in inspector.get_indexes(name)],
    }  # fmt: skip
    return {key: value if key in {"columns", "key"} else sorted(value) for key, value in found.items()}


def checks(inspector: sa.Inspector, table: str) -> list[str]:
    return sorted(str(one["name"]) for one in inspector.get_check_constraints(table))


def _guards(connection: sa.Connection) -> dict[str, Any]:
    """Triggers and functions, which SQLAlchemy does not reflect."""
    asked = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY name",
        "postgresql": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal UNION ALL "
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
    }[connection.dialect.name]
    return {"guards": [tuple(row) for row in connection.execute(sa.text(asked))]}


def _digest(connection: sa.Connection, table: str, width: int) -> str:
    if connection.dialect.name == "postgresql":  # JSON has no order there; a row as text has every column
        asked = """SELECT encode(sha256(convert_to(string_agg(r, chr(10) ORDER BY r), 'UTF8')), 'hex') FROM """
        return str(connection.exec_driver_sql(f'{asked} (SELECT "{table}"::text AS r FROM "{table}") AS t').scalar())
    order = ", ".join(str(number) for number in range(1, width + 1))
    digest = hashlib.sha256()
    for row in connection.exec_driver_sql(f'SELECT * FROM "{table}" ORDER BY {order}'):
        digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


# Processes

NURSERY: Final = """
import importlib, os, sys, traceback
main = importlib.import_module(f"services.{sys.argv[1]}.__main__").main
print("ready", flush=True)
for line in sys.stdin:
    verb, *rest = line.split()
    if verb == "wait":
        print(os.waitstatus_to_exitcode(os.waitpid(int(rest[0]), 0)[1]), flush=True)
        continue
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.environ.update(pair.split("=", 1) for pair in rest)
            code = main([verb])
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    print(child, flush=True)
"""


class Nursery:
    """Processes of `python -m services.X VERB` without the seconds of their imports: each is forked from one that has
    imported the service and done nothing else. They are killed as any other."""

    def __init__(self, service: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY, service], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1,
        )  # fmt: skip
        assert self._line() == "ready"

    def start(self, verb: str, settings: Mapping[str, str]) -> int:
        """The process's number."""
        return int(self._asked(" ".join([verb, *(f"{name}={value}" for name, value in settings.items())])))

    def wait(self, child: int) -> int:
        """Its exit code, negative where a signal ended it."""
        return int(self._asked(f"wait {child}"))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)

    def _asked(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        return self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@dataclass(frozen=True)
class Ground:
    """One database of one service, as its processes are told of it."""

    service: str
    url: str
    folder: Path
    server: Postgres | None

    @property
    def settings(self) -> dict[str, str]:
        named = {
            "DATA_DIR": self.folder,
            "PEOPLE_FILE": self.folder / "people.json",
            "SECRETS_DIR": self.folder,
            "DATABASE_URL": self.url,
        } | ({"INGEST_URL": "http://ingest", "CONSENT_URL": "http://consent"} if self.service == "ratings" else {})
        return {f"CANDOUR_{self.service.upper()}_{name}": str(value) for name, value in named.items()}  # fmt: skip

    def moving(self) -> bool:
        """Whether a process is migrating it at this moment."""
        if self.server is not None:
            return bool(self.server.execute(
                "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database WHERE granted "
                f"AND locktype = 'advisory' AND mode = 'ExclusiveLock' AND datname = '{self.url.rpartition('/')[2]}'"
            ))  # fmt: skip
        lock = Path(f"{self.url.removeprefix('sqlite:///')}.migrating.lock")
        if not lock.exists():
            return False
        with lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


@contextmanager
def nursery(service: str) -> Iterator[Nursery]:
    made = Nursery(service)
    try:
        yield made
    finally:
        made.close()


def killed(nursery: Nursery, ground: Ground, verb: str, after: float) -> bool:
    """Start, kill `after` seconds from when it began to move the database; whether it was still at it."""
    child = nursery.start(verb, ground.settings)
    until = time.monotonic() + 60
    while not ground.moving() and time.monotonic() < until:
        if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":  # it was faster than we look
            break
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return nursery.wait(child) == -signal.SIGKILL


def finished(nursery: Nursery, ground: Ground, verb: str) -> float:
    """Seconds that it had the database to itself. Raises AssertionError where it fails."""
    child = nursery.start(verb, ground.settings)
    began = ended = 0.0
    while Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        if ground.moving():
            ended = time.monotonic()
            began = began or ended
    assert nursery.wait(child) == 0
    return ended - began
