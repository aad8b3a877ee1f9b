"""A database that is away or busy is a 503 that says so; when it is back, the first request works."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from shared.kit.database import Database
from shared.kit.outage import is_away
from shared.kit.postgresql import CONNECT, WRITERS
from tests.postgres import Postgres
from tests.spec.ingest_service import Ingest, ny_file, ny_row, prepared, running
from tests.stores import Stores
from tests.unit.test_consent_rig import Rig, build_house
from tests.unit.test_consent_rig import running as consent_running

GMC, JSON = "9900001", "application/json"


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """One of this module's own, because it crashes; it keeps what it has acknowledged."""
    with Postgres() as started:
        yield started


@pytest.fixture(scope="module")
def stores(server: Postgres) -> Stores:
    """On PostgreSQL only: the file of SQLite is where its service is."""
    return Stores(server)


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path, stores)) as service:
        yield service


@pytest.fixture
def consent(stores: Stores, tmp_path: Path) -> Iterator[Rig]:
    house = build_house(tmp_path / "house", stores)
    with consent_running(house, house.settings(tmp_path / "consent")) as rig:
        rig.register(GMC)
        yield rig


def in_parallel(many: int, work: Callable[[], object]) -> None:
    """At the same moment, so that the pool opens as many connections."""
    barrier = Barrier(many)

    def one() -> None:
        barrier.wait()
        work()

    threads = [Thread(target=one) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_after_a_crash_the_first_request_works(server: Postgres, ingest: Ingest) -> None:
    content = ny_file(ny_row())
    ingest.send(content)
    in_parallel(6, lambda: ingest.ask("GET", "/v1/submissions"))  # several connections that the crash will break
    for _ in range(2):
        server.stop("immediate")
        server.start()
        assert ingest.ask("GET", "/v1/submissions").status_code == 200
        assert ingest.put(content).status_code == 200
        assert ingest.ask("GET", "/health/ready", "").status_code == 200


def test_while_the_server_is_away_every_request_is_told_so(server: Postgres, ingest: Ingest) -> None:
    content = ny_file(ny_row("1002"))
    ingest.ask("GET", "/v1/submissions")
    server.stop("immediate")
    try:
        for method, path in (("GET", "/v1/submissions"), ("GET", "/v1/snapshots"), ("POST", "/v1/snapshots")):
            answer = ingest.ask(method, path, content=b'{"feed": "ny-cardiac"}', headers={"Content-Type": JSON})
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable"), (method, path)
            assert answer.headers["retry-after"] == "2"
        answer = ingest.put(content)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
        assert ingest.ask("GET", "/health/ready", "").json()["reason"] == "the database does not answer"
    finally:
        server.start()
    assert ingest.put(content).status_code == 201


def test_a_withdrawal_is_told_so_and_works_when_sent_again(server: Postgres, consent: Rig) -> None:
    server.stop("immediate")
    try:
        answer = consent.withdraw(GMC, key="once")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
    finally:
        server.start()
    assert consent.withdraw(GMC, key="once").status_code == 202
    assert consent.revision() == 1


def test_a_writer_that_waits_too_long_is_told_so(
    server: Postgres, stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONNECT, "options", "-c lock_timeout=200ms")
    settings, passwords = prepared(tmp_path, stores)
    content = ny_file(ny_row())
    with running(settings, passwords) as service:
        with server.connect(stores.of_folder["ingest", settings.data_dir]) as other:
            other.execute("SELECT pg_advisory_lock(%s)", (WRITERS,))
            answer = service.put(content)
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
            assert service.ask("GET", "/v1/submissions").json() == {"submissions": []}, "readers wait for nobody"
        assert service.put(content).status_code == 201


def test_what_the_engines_say_is_told_apart(server: Postgres, tmp_path: Path) -> None:
    served = Database(server.url(server.new_database()), pool_size=1, max_overflow=0, pool_timeout=0.1)
    file = Database(f"sqlite:///{tmp_path / 'one.sqlite'}")
    for database in (served, file):
        with pytest.raises(DBAPIError) as missing, database.reading() as session:
            session.execute(text("SELECT * FROM nothing"))
        assert not is_away(missing.value)
    with served.reading(), pytest.raises(NoConnectionFree) as full, served.reading():
        pass
    assert is_away(full.value)
    with pytest.raises(DBAPIError) as read_only, served.reading() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
    assert is_away(read_only.value)
    for database in (served, file):
        database.close()
    assert not is_away(ValueError("anything else"))


def test_a_lost_connection_is_away_and_a_refused_password_too(server: Postgres) -> None:
    database = Database(server.url(server.new_database()))

    def hang_up() -> None:
        with database.transaction() as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(OperationalError) as lost:
        hang_up()
    assert is_away(lost.value)
    assert database.alive()
    database.close()
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(server.url(password="another"))
    assert is_away(refused.value)


def test_a_file_that_is_locked_or_cannot_be_opened_is_away(tmp_path: Path) -> None:
    first, second = (sqlite3.connect(tmp_path / "one.sqlite", timeout=0, isolation_level=None) for _ in range(2))
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as busy:
        second.execute("BEGIN IMMEDIATE")
    assert is_away(busy.value)
    with pytest.raises(sqlite3.OperationalError) as wrong:
        second.execute("SELEC")
    assert not is_away(wrong.value)
    with pytest.raises(sqlite3.OperationalError) as absent:
        sqlite3.connect(tmp_path / "no folder" / "one.sqlite").execute("SELECT 1")
    assert is_away(absent.value)
    first.close()
    second.close()


def test_a_file_exchanged_under_the_process_is_found_again(tmp_path: Path) -> None:
    """An error for whoever comes first, and not for ever after, however many connections were open to the old one."""
    path = tmp_path / "one.sqlite"
    first, second = Database(f"sqlite:///{path}"), Database(f"sqlite:///{path}")
    with first.transaction() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
        session.execute(text("INSERT INTO t VALUES (1)"))
    first.close()  # all of it is in the file
    kept = path.read_bytes()
    with second.transaction() as session:  # which stays open, idle, beside what is read from now on
        session.execute(text("UPDATE t SET n = n + 1"))
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink()
    path.write_bytes(kept)

    def read(database: Database) -> int:
        with database.reading() as session:
            return int(session.execute(text("SELECT n FROM t")).scalar_one())

    with pytest.raises(OperationalError) as exchanged:
        read(first)
    assert is_away(exchanged.value)
    assert [read(first), read(second)] == [1, 1]
    first.close()
    second.close()


def test_a_broken_rule_is_never_away(server: Postgres) -> None:
    database = Database(server.url(server.new_database()))
    with pytest.raises(ProgrammingError) as wrong, database.transaction() as session:
        session.execute(text("SELEC"))
    assert not is_away(wrong.value)
    database.close()
