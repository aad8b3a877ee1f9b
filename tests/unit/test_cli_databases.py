"""`candour databases prepare` on a real server: each role in its own database only, again and again."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.operations.credentials import ROLES, Credentials
from cli.operations.databases import accepts
from tests.postgres import QUICK, Postgres


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Postgres, Credentials]]:
    """A server of its own, because roles and the superuser's password belong to the whole of it."""
    found = Credentials(tmp_path_factory.mktemp("secrets"))
    found.make()
    with Postgres(QUICK) as server:
        old = server.password
        server.password = found.file("postgres").read_text()
        with psycopg.connect(server.url(password=old), autocommit=True) as connection:
            connection.execute(f"ALTER ROLE postgres PASSWORD '{server.password}'".encode())
        first = prepare(server, found)
        assert [line for line in first if line.startswith("made the database")] == [
            f"made the database {r}" for r in ROLES
        ]
        yield server, found


def prepare(server: Postgres, found: Credentials) -> list[str]:
    url = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
    done = CliRunner().invoke(app, ["databases", "prepare", "--url", url, "--dir", str(found.folder)])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def connect(server: Postgres, role: str, database: str, password: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(server.url(database, role, password), autocommit=True)


def state(server: Postgres) -> list[list[tuple[object, ...]]]:
    """Everything that the command may write."""
    return [
        server.execute("SELECT rolname, rolpassword, rolconnlimit, rolsuper, rolcreatedb FROM pg_authid ORDER BY 1"),
        server.execute("SELECT datname, datdba, datacl::text FROM pg_database ORDER BY 1"),
    ]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_owns_its_database_and_enters_no_other(prepared: tuple[Postgres, Credentials], role: str) -> None:
    server, found = prepared
    password = found.file(role).read_text()
    with connect(server, role, role, password) as own:
        own.execute("CREATE TABLE mine (id int)")
        own.execute("DROP TABLE mine")
        shape = own.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = %s", (role,)
        )
        assert shape.fetchone() == ("UTF8", "C")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            own.execute("CREATE DATABASE another")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            own.execute("CREATE ROLE another")
    for other in {*ROLES, "postgres", "template1"} - {role}:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(server, role, other, password)


def test_a_second_run_changes_nothing(prepared: tuple[Postgres, Credentials]) -> None:
    server, found = prepared
    before = state(server)
    assert prepare(server, found) == ["nothing had to change"]
    assert state(server) == before


def test_what_was_opened_by_hand_is_closed_again(prepared: tuple[Postgres, Credentials]) -> None:
    server, found = prepared
    server.execute("GRANT CONNECT ON DATABASE consent TO ratings")
    server.execute("GRANT CONNECT ON DATABASE ingest TO PUBLIC")
    server.execute("ALTER ROLE ratings CREATEDB")
    connect(server, "ratings", "consent", found.file("ratings").read_text()).close()
    said = prepare(server, found)
    assert said == ["closed the database consent to ratings", "closed the database ingest to everybody"]
    for database in ("consent", "ingest"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(server, "ratings", database, found.file("ratings").read_text())
    assert server.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = 'ratings'") == [(False,)]


def test_a_new_password_file_takes_effect(prepared: tuple[Postgres, Credentials]) -> None:
    server, found = prepared
    old = found.file("ingest").read_text()
    found.rotate("ingest")
    assert prepare(server, found) == ["gave the role ingest the password of its file"]
    connect(server, "ingest", "ingest", found.file("ingest").read_text()).close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(server, "ingest", "ingest", old)


def test_the_superusers_password_is_rotated_too(prepared: tuple[Postgres, Credentials]) -> None:
    server, found = prepared
    found.rotate("postgres")
    assert prepare(server, found)[0] == "the superuser has its new password"
    old, server.password = server.password, found.file("postgres").read_text()
    server.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url(password=old))
    assert prepare(server, found) == ["nothing had to change"]
    found.retire("postgres")
    assert prepare(server, found) == ["nothing had to change"]


def test_no_password_is_told_to_the_servers_log(prepared: tuple[Postgres, Credentials]) -> None:
    server, found = prepared
    server.execute("ALTER SYSTEM SET log_statement = 'all'")
    server.execute("SELECT pg_reload_conf()")
    found.rotate("ratings")
    prepare(server, found)
    assert "ALTER ROLE" in server.log()
    assert found.file("ratings").read_text() not in server.log()


def test_without_a_password_file_nothing_is_done(prepared: tuple[Postgres, Credentials], tmp_path: Path) -> None:
    server, _ = prepared
    url = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
    done = CliRunner().invoke(app, ["databases", "prepare", "--url", url, "--dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "consent.password is not there" in done.output


def test_a_verifier_belongs_to_one_password() -> None:
    """The example of RFC 7677, section 3: user `user`, password `pencil`."""
    salt, stored = "W22ZaJ0SNY7soEsUEjb6gQ==", "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
    verifier = f"SCRAM-SHA-256$4096:{salt}${stored}:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    assert accepts(verifier, "pencil")
    assert not accepts(verifier, "pencils")
    assert not accepts("md5" + "0" * 32, "pencil")
    assert not accepts("", "")
