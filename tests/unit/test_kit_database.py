"""The two engines keep the same promises."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.kit.database import Database, NotConfirmed
from tests.postgres import Postgres


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    database = Database(store_url)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO counter VALUES (1, 0)"))
    yield database
    database.close()


def value(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(text("SELECT n FROM counter")).scalar_one())


def test_writers_that_read_first_lose_no_update(database: Database) -> None:
    def add(_number: int) -> None:
        with database.transaction() as session:
            n = session.execute(text("SELECT n FROM counter")).scalar_one()
            sleep(0.002)
            session.execute(text("UPDATE counter SET n = :n"), {"n": n + 1})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(40)))
    assert value(database) == 40


def test_what_raises_leaves_nothing(database: Database) -> None:
    def half_done() -> None:
        with database.transaction() as session:
            session.execute(text("UPDATE counter SET n = 7"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_done()
    assert value(database) == 0


def test_a_reader_sees_one_snapshot(database: Database) -> None:
    with database.reading() as session:
        first = session.execute(text("SELECT n FROM counter")).scalar_one()
        with database.transaction() as writer:
            writer.execute(text("UPDATE counter SET n = 5"))
        assert session.execute(text("SELECT n FROM counter")).scalar_one() == first
    assert value(database) == 5


def test_exclusive_is_one_at_a_time_and_free_afterwards(database: Database, store_url: str) -> None:
    other = Database(store_url)  # as another process would
    inside: list[str] = []
    entered = threading.Event()

    def second() -> None:
        entered.wait()
        with other.exclusive("baking"):
            inside.append("second")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second)
        with database.exclusive("baking"):
            entered.set()
            sleep(0.1)
            with database.exclusive("something else"):
                inside.append("first")
        waiting.result(60)
    assert inside == ["first", "second"]
    with database.exclusive("baking"):
        pass
    other.close()


def test_a_warning_during_the_commit_is_not_durable(postgres: Postgres) -> None:
    name = postgres.new_database()
    database = Database(postgres.url(name))
    with database.transaction() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
        session.execute(
            text(
                "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE WARNING 'of another text'; RETURN NULL; END $$"
            )
        )
        session.execute(
            text("CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
                 "FOR EACH ROW EXECUTE FUNCTION warn()")
        )  # fmt: skip
    with pytest.raises(NotConfirmed), database.transaction() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))
    with database.transaction() as session:  # the next one has nothing to do with that warning
        assert session.execute(text("SELECT count(*) FROM t")).scalar_one() == 1
    with database.transaction() as session:
        session.execute(text("DO $$ BEGIN RAISE NOTICE 'harmless'; END $$"))
    database.close()


def test_nothing_is_written_while_reading(postgres: Postgres) -> None:
    database = Database(postgres.url(postgres.new_database()))
    with pytest.raises(DBAPIError), database.reading() as session:
        session.execute(text("CREATE TABLE t (n INTEGER)"))
    database.close()


def test_another_engine_is_refused() -> None:
    with pytest.raises((ValueError, ModuleNotFoundError)):
        Database("mysql://nowhere/nothing")
