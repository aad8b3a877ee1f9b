"""`candour databases prepare`: one role and one database for each service, and nothing shared between them.

It says what it changed. It may be run at any time, and must be after a password file was replaced: that is how the
passwords of the roles are rotated, the superuser's own included.
"""

import base64
import hashlib
import hmac
import re
from pathlib import Path
from typing import Annotated, Any, Final

import psycopg
import typer
from psycopg import sql

from cli.operations.credentials import ROLES, SUPERUSER, Credentials
from cli.say import out, stop

app = typer.Typer(help="Prepare the PostgreSQL server of an installation.", no_args_is_help=True)
CONNECTIONS: Final = 60
PATIENCE_SECONDS: Final = 10
SHARED: Final = ("postgres", "template1")  # what every role could otherwise connect to
ATTRIBUTES: Final = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS"
Connection = psycopg.Connection[tuple[Any, ...]]


@app.callback()
def _several() -> None:
    """So that `prepare` stays a word of its own."""


@app.command()
def prepare(
    url: Annotated[str, typer.Option(envvar="CANDOUR_POSTGRES_URL", help="The server, as its superuser.")],
    folder: Annotated[Path, typer.Option("--dir", envvar="CANDOUR_SECRETS", help="Where the passwords are.")],
    connections: Annotated[int, typer.Option(min=1, help="At most so many for each role.")] = CONNECTIONS,
) -> None:
    """Create or bring up to date the roles, databases and permissions of the services."""
    found = Credentials(folder)
    try:
        passwords = {role: found.file(role).read_text().strip() for role in ROLES}
        with _superuser(url, found) as server:
            said = [line for role in ROLES for line in _prepare(server, role, passwords[role], connections)]
            said += _close(server, SHARED)
    except FileNotFoundError as missing:
        stop(f"{missing.filename} is not there; expected the password of a role. Make it with `candour secrets make`.")
    except psycopg.OperationalError as refused:
        stop(f"The server did not let us in: {str(refused).strip()}")
    for line in said or ["nothing had to change"]:
        out.print(line, markup=False)


def _superuser(url: str, found: Credentials) -> Connection:
    """With the password of the file; where the server still has the one before, it is told the new one."""
    wanted = found.file(SUPERUSER).read_text().strip()
    try:
        return _connect(url, wanted)
    except psycopg.OperationalError:
        earlier = found.previous(SUPERUSER)
        before = earlier.read_text().strip() if earlier.exists() else ""
        if not before:
            raise
        server = _connect(url, before)
    _set_password(server, server.info.user, wanted)
    out.print("the superuser has its new password")
    return server


def _connect(url: str, password: str) -> Connection:
    return psycopg.connect(url, password=password, autocommit=True, connect_timeout=PATIENCE_SECONDS)


def _prepare(server: Connection, role: str, password: str, connections: int) -> list[str]:
    """What had to change for `role`, in words."""
    said = []
    if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
        _execute(server, "CREATE ROLE {}", sql.Identifier(role))
        said.append(f"made the role {role}")
    limits = sql.SQL(f"{ATTRIBUTES} CONNECTION LIMIT {{}}").format(sql.Literal(connections))
    _execute(server, "ALTER ROLE {} WITH {}", sql.Identifier(role), limits)
    if not accepts(_verifier(server, role), password):
        _set_password(server, role, password)
        said.append(f"gave the role {role} the password of its file")
    if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", (role,)).fetchone():
        made = "CREATE DATABASE {0} OWNER {0} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
        _execute(server, made, sql.Identifier(role))
        said.append(f"made the database {role}")
    _execute(server, "ALTER DATABASE {0} OWNER TO {0}", sql.Identifier(role))
    return said + _close(server, (role,))


def _set_password(server: Connection, role: str, password: str) -> None:
    """Hashed here, so that the password stands in no log of the server."""
    verifier = server.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    _execute(server, "ALTER ROLE {} PASSWORD {}", sql.Identifier(role), sql.Literal(verifier))


def _verifier(server: Connection, role: str) -> str:
    row = server.execute("SELECT coalesce(rolpassword, '') FROM pg_authid WHERE rolname = %s", (role,)).fetchone()
    return str(row[0]) if row else ""


def accepts(verifier: str, password: str) -> bool:
    """Whether a verifier of SCRAM-SHA-256, as the server keeps it, belongs to `password` (RFC 5802, section 3)."""
    found = re.fullmatch(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):[^:]+", verifier)
    if found is None:
        return False
    rounds, salt, stored = int(found[1]), base64.b64decode(found[2]), base64.b64decode(found[3])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    return hmac.compare_digest(hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest(), stored)


def _close(server: Connection, databases: tuple[str, ...]) -> list[str]:
    """Nobody but a database's owner and the superuser may connect to it, whatever was granted before."""
    granted = server.execute(
        "SELECT DISTINCT datname, coalesce(grantee::regrole::text, '') FROM pg_database, "
        "aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE datname = ANY(%s) AND grantee <> datdba",
        (list(databases),),
    ).fetchall()
    for database, grantee in granted:
        whom = sql.SQL("PUBLIC") if grantee == "-" else sql.SQL(grantee)
        _execute(server, "REVOKE ALL ON DATABASE {} FROM {}", sql.Identifier(database), whom)
    return [f"closed the database {name} to {'everybody' if whom == '-' else whom}" for name, whom in granted]


def _execute(server: Connection, statement: str, *parts: sql.Composable) -> None:
    server.execute(sql.SQL(statement).format(*parts))
