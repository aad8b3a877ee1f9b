"""Space held back, given back and taken again, on real small disks; and what a full disk is called by everybody who
meets one: the kernel, SQLite and PostgreSQL."""

import errno
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from shared.kit.auth import PUBLIC, allow
from shared.kit.ballast import Ballast, is_full
from shared.kit.database import Database
from shared.kit.service import service_app
from tests.disks import SmallDisk, open_folder, small_disk
from tests.postgres import QUICK, Postgres

KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 4 * MIB) as disk:
        yield disk


# The ballast


def test_what_is_held_is_really_taken(disk: SmallDisk) -> None:
    free = disk.free()
    ballast = Ballast(disk.folder, MIB + 12345)
    assert ballast.hold()
    assert free - disk.free() >= MIB + 12345
    assert ballast.hold()  # held already
    assert ballast.file.stat().st_size == MIB + 12345
    assert ballast.file.stat().st_blocks * 512 >= MIB  # without holes


def test_on_a_full_disk_it_gives_room_and_takes_it_back_later(disk: SmallDisk) -> None:
    ballast = Ballast(disk.folder, MIB)
    assert ballast.hold()
    disk.fill()
    with pytest.raises(OSError, match="No space"):
        (disk.folder / "withdrawal").write_bytes(bytes(4 * KIB))
    assert ballast.release()
    (disk.folder / "withdrawal").write_bytes(bytes(512 * KIB))
    assert not ballast.release()  # there is no more
    assert not ballast.hold()  # not all of it fits, and it says so
    assert not ballast.file.exists()  # and what did not fit whole is not kept from anybody
    (disk.folder / "another").write_bytes(bytes(400 * KIB))
    disk.make_room()
    assert ballast.hold()
    assert ballast.file.stat().st_size == MIB


def test_a_ballast_of_another_size_or_cut_short_is_held_anew(disk: SmallDisk) -> None:
    assert Ballast(disk.folder, MIB).hold()
    assert Ballast(disk.folder, 2 * MIB).hold()
    assert (disk.folder / "ballast").stat().st_size == 2 * MIB
    os.truncate(disk.folder / "ballast", 5)
    assert Ballast(disk.folder, 2 * MIB).hold()
    assert (disk.folder / "ballast").stat().st_size == 2 * MIB


def test_where_the_folder_cannot_be_made_nothing_is_held_and_nothing_raised(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert not Ballast(tmp_path / "file", KIB).hold()
    assert not Ballast(tmp_path / "file", KIB).release()


# What is called full


def kernel_says(folder: Path) -> BaseException:
    with pytest.raises(OSError, match="No space") as caught:
        (folder / "more").write_bytes(bytes(64 * KIB))
    return caught.value


def sqlite_says(folder: Path) -> BaseException:
    """A plain connection, in a store that was there before the disk was full."""
    with closing(sqlite3.connect(folder / "plain.sqlite", isolation_level=None)) as connection:
        with pytest.raises(sqlite3.Error) as caught:
            connection.execute("INSERT INTO kept VALUES (zeroblob(65536))")
    return caught.value


def our_sqlite_says(folder: Path) -> BaseException:
    with closing(Database(f"sqlite:///{folder / 'ours.sqlite'}")) as database:
        with pytest.raises(DBAPIError) as caught, database.transaction() as session:
            session.execute(text("INSERT INTO kept VALUES (zeroblob(65536))"))
    return caught.value


def a_small_sqlite_says(folder: Path) -> BaseException:
    """Without any full disk: the database itself may have no more pages."""
    with closing(sqlite3.connect(folder / "plain.sqlite")) as connection:
        connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError, match="full") as caught:
            connection.execute("INSERT INTO kept VALUES (zeroblob(65536))")
    return caught.value


@pytest.mark.parametrize("says", [kernel_says, sqlite_says, our_sqlite_says, a_small_sqlite_says])
def test_full_is_recognised_whoever_says_it(disk: SmallDisk, says: Callable[[Path], BaseException]) -> None:
    for name in ("plain", "ours"):
        with closing(sqlite3.connect(disk.folder / f"{name}.sqlite")) as connection:
            connection.execute("CREATE TABLE kept (what BLOB)")
            connection.commit()
    Database(f"sqlite:///{disk.folder / 'ours.sqlite'}").alive()
    disk.fill()
    assert is_full(says(disk.folder))


@pytest.fixture(scope="module")
def full_postgres() -> Iterator[Postgres]:
    """A server whose disk is full. The table is unlogged, so that its own pages, and not the log, are what fails: the
    server ends where it cannot write its log."""
    with open_folder() as folder, small_disk(folder / "disk", 96 * MIB) as disk:
        with Postgres(QUICK | {"shared_buffers": "8MB"}, folder=disk.folder / "server") as server:
            server.execute("CREATE UNLOGGED TABLE kept (what BYTEA STORAGE EXTERNAL)")
            server.execute("CHECKPOINT")
            disk.fill()
            yield server
            disk.make_room()


FILL = "INSERT INTO kept SELECT decode(repeat('00', 1000000), 'hex')"


def postgresql_says(server: Postgres) -> BaseException:
    with server.connect() as connection, pytest.raises(psycopg.errors.DiskFull) as caught:
        connection.execute(FILL)
    return caught.value


def test_full_is_recognised_of_postgresql(full_postgres: Postgres) -> None:
    assert is_full(postgresql_says(full_postgres))
    with closing(Database(full_postgres.url())) as database:
        with pytest.raises(DBAPIError) as wrapped, database.transaction() as session:
            session.execute(text(FILL))
        assert is_full(wrapped.value)
        assert database.alive()


def test_full_is_found_among_causes(disk: SmallDisk) -> None:
    disk.fill()
    full = kernel_says(disk.folder)
    outer = RuntimeError("a step failed")
    outer.__cause__ = ValueError("because of this")
    assert not is_full(outer)
    outer.__cause__.__context__ = full
    assert is_full(outer)


def refused(statement: str) -> BaseException:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE kept (what INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO kept VALUES (1)")
        with pytest.raises(sqlite3.Error) as caught:
            connection.execute(statement)
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "gone"), PermissionError(errno.EACCES, "no"), OSError("full"),
        refused("INSERT INTO kept VALUES (1)"), refused("SELECT * FROM full_disk"), psycopg.OperationalError("full"),
        psycopg.errors.TooManyConnections(), ValueError("database or disk is full"), sqlite3.OperationalError("full"),
    ],
)  # fmt: skip
def test_other_failures_are_not_called_full(error: BaseException) -> None:
    assert not is_full(error)


# What a caller is told


def failing_app(error: BaseException) -> FastAPI:
    router = APIRouter(dependencies=[Depends(allow(PUBLIC))])

    @router.get("/plain")
    def plain() -> None:
        raise error

    @router.get("/wrapped")
    async def wrapped() -> None:
        raise RuntimeError("a step failed") from error

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    return service_app("failing", lifespan, [router], lambda: None)


def asked(error: BaseException, path: str) -> Any:
    with TestClient(failing_app(error), raise_server_exceptions=False) as client:
        return client.get(path)


@pytest.mark.parametrize("path", ["/plain", "/wrapped"])
@pytest.mark.parametrize("kind", ["kernel", "sqlite", "postgresql"])
def test_a_full_disk_is_a_problem_with_a_sentence(
    disk: SmallDisk, request: pytest.FixtureRequest, kind: str, path: str
) -> None:
    with closing(sqlite3.connect(disk.folder / "plain.sqlite")) as connection:
        connection.execute("CREATE TABLE kept (what BLOB)")
    disk.fill()
    if kind == "postgresql":
        error = postgresql_says(request.getfixturevalue("full_postgres"))
    else:
        error = {"kernel": kernel_says, "sqlite": sqlite_says}[kind](disk.folder)
    answer = asked(error, path)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Make room" in answer.json()["detail"]


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "gone"), sqlite3.IntegrityError("twice")])
def test_what_is_not_a_full_disk_stays_our_fault(error: BaseException) -> None:
    for path in ("/plain", "/wrapped"):
        answer = asked(error, path)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
