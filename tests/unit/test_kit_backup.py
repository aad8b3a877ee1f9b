"""Backups of a whole store on both engines: taken while others write, put back whole or not at all."""

import hashlib
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from services.ingest.backing_up import MIGRATIONS
from shared.kit.backup import MANIFEST, Ask, BackupRefused, Facts, Folder, Stored, back_up
from shared.kit.database import Database
from shared.kit.migrating import migrate
from shared.kit.presence import Busy, alone, is_unfinished, present
from shared.kit.restoring import restore
from tests.postgres import BIN

A_LONG_TIME = 60.0  # seconds: for what happens at once on any machine that has not stopped
ADD = text("INSERT INTO feed (id, version, turns) VALUES (:id, 0, 0)")


@pytest.fixture(autouse=True)
def _programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")


class Shop:
    """A store with rows and files, and its backups."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        (folder / "data").mkdir(exist_ok=True)
        migrate(url, MIGRATIONS)

    @property
    def stored(self) -> Stored:
        data = self.folder / "data"
        folders = {"uploads": Folder(data / "uploads"), "tables": Folder(data / "tables", ".parquet")}
        return Stored("ingest", data, self.url, MIGRATIONS, folders=folders, facts=lambda ask: {"feeds": len(ask(ALL))})

    def add(self, *names: str) -> None:
        database = Database(self.url)
        with database.transaction() as session:
            for name in names:
                session.execute(ADD, {"id": name})
        database.close()

    def rows(self) -> set[str]:
        database = Database(self.url)
        with database.reading() as session:
            found = {row.id for row in session.execute(text(ALL))}
        database.close()
        return found

    def keep(self, data: bytes) -> Path:
        target = self.folder / "data" / "uploads" / hashlib.sha256(data).hexdigest()
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)
        return target


ALL = "SELECT id FROM feed"


@pytest.fixture
def shop(tmp_path: Path, store_url: str) -> Shop:
    return Shop(tmp_path, store_url)


def test_what_was_backed_up_comes_back(shop: Shop) -> None:
    shop.add("one", "two")
    first, second = shop.keep(b"first"), shop.keep(b"second")
    backup = shop.folder / "backups" / "monday"
    manifest = back_up(shop.stored, backup)
    assert manifest.facts == {"feeds": 2}
    assert manifest.bytes == sum(path.stat().st_size for path in backup.rglob("*") if path.is_file()) - _size(backup)
    assert {file.name for file in manifest.files} >= {f"uploads/{first.name}", f"uploads/{second.name}"}
    shop.add("three")
    third = shop.keep(b"third")
    first.unlink()
    second.write_bytes(b"SECOND")
    _, put_back = restore(shop.stored, backup)
    assert (shop.rows(), put_back) == ({"one", "two"}, 2)
    assert (first.read_bytes(), second.read_bytes(), third.read_bytes()) == (b"first", b"second", b"third")
    migrate(shop.url, MIGRATIONS)
    shop.add("four")
    back_up(shop.stored, shop.folder / "again")  # also what was restored can be backed up, and restored
    restore(shop.stored, shop.folder / "again")
    assert shop.rows() == {"one", "two", "four"}


def _size(backup: Path) -> int:
    return (backup / MANIFEST).stat().st_size


class Writer:
    """Writes pairs, one after the other, while it is open."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.written, self.stopping = shop, 0, threading.Event()
        self.one_more = threading.Condition()
        self.thread = threading.Thread(target=self._write)

    def __enter__(self) -> "Writer":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.thread.join()

    def _write(self) -> None:
        while not self.stopping.is_set():
            self.shop.add(f"left-{self.written}", f"right-{self.written}")
            with self.one_more:
                self.written += 1
                self.one_more.notify_all()

    def has_written(self, more: int = 2) -> None:
        """Returns once so many more pairs are there. Of two the second was begun after this was called."""
        with self.one_more:
            wanted = self.written + more
            assert self.one_more.wait_for(lambda: self.written >= wanted, A_LONG_TIME), "nothing is written any more"


def is_whole(shop: Shop, backup: Path, feeds: str | int) -> None:
    restore(shop.stored, backup)
    found = shop.rows()
    assert len(found) == feeds
    assert {name.replace("left", "right") for name in found if "left" in name} == {n for n in found if "right" in n}


def test_a_backup_is_of_one_moment_while_others_write(shop: Shop) -> None:
    """Before each, between what it tells and what it copies, and after the last, somebody has written."""
    shop.add("first")
    counted = []
    with Writer(shop) as writer:

        def told(ask: Ask) -> Facts:
            before = len(ask(ALL))
            writer.has_written()  # while the backup is being taken
            assert len(ask(ALL)) == before
            return {"feeds": before}

        for turn in range(3):
            writer.has_written()
            counted.append(back_up(replace(shop.stored, facts=told), shop.folder / f"b{turn}").facts["feeds"])
        writer.has_written()
    assert sorted(set(counted)) == counted, "each has more than the one before"
    for turn, feeds in enumerate(counted):
        is_whole(shop, shop.folder / f"b{turn}", feeds)


def test_a_backup_of_a_store_in_the_middle_of_a_write_has_nothing_of_it(shop: Shop) -> None:
    shop.add("first")
    database = Database(shop.url)
    with database.transaction() as session:
        session.execute(ADD, {"id": "left"})
        assert back_up(shop.stored, shop.folder / "b").facts == {"feeds": 1}
        session.execute(ADD, {"id": "right"})
    database.close()
    assert shop.rows() == {"first", "left", "right"}
    restore(shop.stored, shop.folder / "b")
    assert shop.rows() == {"first"}


def test_the_jobs_are_dropped_and_not_kept(shop: Shop, tmp_path: Path) -> None:
    """Jobs of the newer store would say that work is done which the older one has yet to do."""
    if shop.url.startswith("sqlite"):
        stored = Stored("ingest", tmp_path / "data", shop.url, MIGRATIONS, f"sqlite:///{tmp_path / 'jobs.sqlite'}")
        (tmp_path / "jobs.sqlite").write_bytes(b"jobs")
        (tmp_path / "jobs.sqlite-wal").write_bytes(b"jobs")
    else:
        stored = Stored("ingest", tmp_path / "data", shop.url, MIGRATIONS, shop.url)
        with psycopg.connect(shop.url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA dbos CREATE TABLE done (id text)")
    back_up(stored, tmp_path / "b")
    restore(stored, tmp_path / "b")
    assert not list(tmp_path.glob("jobs.sqlite*"))
    if not shop.url.startswith("sqlite"):
        with psycopg.connect(shop.url) as connection:
            assert connection.execute("SELECT nspname FROM pg_namespace WHERE nspname = 'dbos'").fetchall() == []


def test_damaged_files_are_left_out_and_named(shop: Shop) -> None:
    rotten = shop.keep(b"sound")
    rotten.write_bytes(b"rotten")
    shop.keep(b"whole")
    manifest = back_up(shop.stored, shop.folder / "b")
    assert manifest.damaged == [f"uploads/{rotten.name}"]
    assert [file.name for file in manifest.files if file.name.startswith("uploads/")] == [
        f"uploads/{hashlib.sha256(b'whole').hexdigest()}"
    ]
    restore(shop.stored, shop.folder / "b")
    assert rotten.read_bytes() == b"rotten"


def _changed(backup: Path, **changes: object) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    (backup / MANIFEST).write_text(json.dumps(manifest | changes))


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "unfinished": (lambda backup: (backup / MANIFEST).unlink(), "has no manifest.json"),
    "another service's": (
        lambda backup: _changed(backup, service="consent"),
        "a backup of consent; ingest is expected",
    ),
    "another engine's": (lambda backup: _changed(backup, engine="oracle"), "an engine named oracle"),
    "a newer schema": (lambda backup: _changed(backup, schema_revision="9999"), "the schema 9999"),
    "an unknown field": (lambda backup: _changed(backup, odd=1), "not of a known form"),
    "an unknown form": (lambda backup: _changed(backup, format="candour-backup-2"), "not of a known form"),
    "a file less": (lambda backup: next((backup / "uploads").iterdir()).unlink(), "does not have the files"),
    "a file more": (lambda backup: (backup / "uploads" / "x").write_text(""), "does not have the files"),
    "other bytes": (lambda backup: next((backup / "uploads").iterdir()).write_bytes(b"sound2"), "not as it was"),
    "another store": (lambda backup: next(backup.glob("store.*")).write_bytes(b"x"), "not as it was"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_backup_that_is_not_whole_or_not_ours_changes_nothing(tmp_path: Path, what: str) -> None:
    shop = Shop(tmp_path, f"sqlite:///{tmp_path / 'store.sqlite'}")
    kept = shop.keep(b"sound1")
    back_up(shop.stored, tmp_path / "b")
    kept.unlink()
    shop.add("since")
    spoil, told = SPOILT[what]
    spoil(tmp_path / "b")
    with pytest.raises(BackupRefused, match=told):
        restore(shop.stored, tmp_path / "b")
    assert shop.rows() == {"since"}
    assert not kept.exists()
    with present(tmp_path / "data"):
        pass


def test_a_name_that_is_taken_is_refused_and_an_empty_folder_is_not(tmp_path: Path) -> None:
    shop = Shop(tmp_path, f"sqlite:///{tmp_path / 'store.sqlite'}")
    (tmp_path / "b").mkdir()
    back_up(shop.stored, tmp_path / "b")
    with pytest.raises(BackupRefused, match="is there already"):
        back_up(shop.stored, tmp_path / "b")


def test_a_store_that_is_not_sound_is_not_backed_up(tmp_path: Path) -> None:
    shop = Shop(tmp_path, f"sqlite:///{tmp_path / 'store.sqlite'}")
    shop.add(*(f"feed-{number}" for number in range(3000)))
    with sqlite3.connect(tmp_path / "store.sqlite") as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    with (tmp_path / "store.sqlite").open("r+b") as file:
        file.seek(4096 * 8)
        file.write(b"\xff" * 4096 * 4)
    with pytest.raises((ValueError, sqlite3.DatabaseError), match=r"damaged|malformed"):
        back_up(shop.stored, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_store_in_use_is_not_replaced(shop: Shop) -> None:
    back_up(shop.stored, shop.folder / "b")
    shop.add("since")
    with present(shop.stored.data_dir), pytest.raises(Busy, match="Stop every process"):
        restore(shop.stored, shop.folder / "b")
    if not shop.url.startswith("sqlite"):  # a process on another machine shares the database only
        other = Database(shop.url)
        assert other.alive()
        with pytest.raises(Busy, match="connected to its database"):
            restore(shop.stored, shop.folder / "b")
        other.close()
    assert shop.rows() == {"since"}
    with alone(shop.stored.data_dir), pytest.raises(Busy, match="A restore is running"), present(shop.stored.data_dir):
        pass


@pytest.fixture
def published(shop: Shop) -> Shop:
    """Backed up with one row and one file; since then one row more, and the file is gone."""
    shop.add("one")
    kept = shop.keep(b"first")
    back_up(shop.stored, shop.folder / "b")
    kept.unlink()
    shop.add("two")
    return shop


def test_a_restore_killed_anywhere_leaves_the_old_store_or_one_that_is_closed(published: Shop) -> None:
    """The process dies at its first flush, at its second, … until it lives to its end."""
    closed, step = 0, 0
    while _killed_at(step := step + 1, lambda: restore(published.stored, published.folder / "b")):
        if is_unfinished(published.stored.data_dir):
            closed += 1
            with pytest.raises(Busy, match="was interrupted"), present(published.stored.data_dir):
                pass
        else:
            assert published.rows() in ({"one", "two"}, {"one"})  # the old one, or whole and killed at the last flush
        assert step < 100
        for upload in (published.folder / "data" / "uploads").iterdir():
            upload.unlink()  # so that the next attempt flushes as often
    assert closed >= 1
    assert published.rows() == {"one"}
    with present(published.stored.data_dir):
        pass


def test_a_backup_killed_anywhere_is_none(published: Shop) -> None:
    step = 0
    while _killed_at(step := step + 1, lambda: back_up(published.stored, published.folder / "c")):
        assert not (published.folder / "c" / MANIFEST).exists() or step > 4
        if (published.folder / "c").exists():  # renamed, and killed at the last flush: whole
            break
    assert step >= 4
    assert restore(published.stored, published.folder / "c")[0].facts == {"feeds": 2}


def _killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run `work` in a process of its own that is killed at its `step`-th flush; whether it was."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            real, left = os.fsync, [step]

            def flush(descriptor: Any) -> None:
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                real(descriptor)

            os.fsync = flush  # type: ignore[assignment]
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), status
    return status != 0


def test_killed_while_postgresql_replaces_the_store(published: Shop) -> None:
    """The program that was started goes on alone, or not: the store is closed until a restore has ended well."""
    if published.url.startswith("sqlite"):
        return
    with psycopg.connect(published.url) as other:
        other.execute("SELECT count(*) FROM feed")  # its lock keeps the old table from being dropped
        child = os.fork()
        if child == 0:
            try:
                restore(published.stored, published.folder / "b")
            finally:
                os._exit(1)
        _wait_until_somebody_waits(published.url)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with pytest.raises(Busy, match="was interrupted"), present(published.stored.data_dir):
        pass
    until = time.monotonic() + A_LONG_TIME
    while time.monotonic() < until:
        with suppress(Busy):  # the program that was left behind may be at work still
            restore(published.stored, published.folder / "b")
            break
        time.sleep(0.1)
    assert published.rows() == {"one"}
    with present(published.stored.data_dir):
        pass


def _wait_until_somebody_waits(url: str) -> None:
    """In a session of its own, and not in a transaction: within one the same activity is shown again and again."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    until = time.monotonic() + A_LONG_TIME
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < until:
            if connection.execute(asked).fetchone() != (0,):
                return
            time.sleep(0.05)
    raise AssertionError("nobody waits for a lock")


def test_missing_and_old_programs_are_told(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shop.url.startswith("sqlite"):
        return
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Exception, match="pg_dump is not on PATH"):
        back_up(shop.stored, tmp_path / "b")
    (tmp_path / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    (tmp_path / "pg_dump").chmod(0o755)
    with pytest.raises(Exception, match="older than the server, which is 1"):
        back_up(shop.stored, tmp_path / "b")
