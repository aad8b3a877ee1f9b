"""A service that starts while its database is being restarted waits for it."""

import threading
import time
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError

from shared.kit.database import Database
from shared.kit.migrating import await_database
from tests.postgres import QUICK, Postgres


def test_a_database_that_comes_is_waited_for() -> None:
    with Postgres(QUICK) as server:
        server.stop("immediate")
        starting = threading.Timer(0.8, server.start)
        starting.start()
        began = time.monotonic()
        with closing(Database(server.url())) as database:
            await_database(database)
            assert database.alive()
        assert time.monotonic() - began >= 0.8
        starting.join()


def test_one_that_does_not_come_is_told(postgres: Postgres) -> None:
    nobody = postgres.url().replace(f":{postgres.port}/", ":1/")
    with closing(Database(nobody)) as database, pytest.raises(OperationalError):
        await_database(database, patience=0.5)


def test_why_it_waits_is_said_at_once(postgres: Postgres, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Database(postgres.url(password="wrong"))) as database, pytest.raises(OperationalError):
        await_database(database, patience=0.5)
    said = capsys.readouterr().out
    assert "password authentication failed" in said
    assert "wrong" not in said
