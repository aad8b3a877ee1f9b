"""`candour secrets make | rotate | retire`: the files that docker-compose.yml mounts, each service only its own."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.operations.credentials import (
    CURSOR,
    FILES,
    PEOPLE,
    PSEUDONYMS,
    RECEIPTS,
    ROLES,
    SUPERUSER,
    SUPERVISOR,
    TWICE,
    USER,
    Credentials,
    NotRotated,
)
from cli.say import err, out, stop
from shared.kit.files import write_durably

app = typer.Typer(help="Make, replace and retire the secrets of an installation.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help=f"One of: {', '.join(FILES)}, {PEOPLE}.")]
Folder = Annotated[Path, typer.Option("--dir", envvar="CANDOUR_SECRETS", help="Where the secrets are.")]
Accounts = Annotated[Path | None, typer.Option(help="Also write the accounts, when made, to this file.")]


@app.command()
def make(folder: Annotated[Path, typer.Argument(metavar="DIR")], accounts: Accounts = None) -> None:
    """Make the secrets and accounts that are not in DIR yet. Nothing that is there is touched."""
    made, people = Credentials(folder).make()
    out.print(f"made {len(made)} files in {folder}" if made else f"{folder} has everything; nothing was made")
    _show(people, accounts)
    if made and os.geteuid() != 0:
        err.print(
            f"These files belong to you. The containers run as user {USER} and must be able to read them: "
            f"sudo chown {USER}:{USER} {folder}/*",
            markup=False,
        )


@app.command()
def rotate(name: Name, folder: Folder = Path("secrets"), accounts: Accounts = None) -> None:
    """Replace one secret. What has to be done next, and in which order, is printed."""
    found = Credentials(folder)
    try:
        if name == PEOPLE:
            _show(found.new_people(), accounts)
        else:
            found.rotate(name)
    except NotRotated as reason:
        stop(str(reason))
    out.print(f"{name} is replaced. Next:")
    for line in next_steps(name):
        out.print(f"  {line}", markup=False)


@app.command()
def retire(name: Name, folder: Folder = Path("secrets")) -> None:
    """Forget the secret that was replaced, once everybody uses the new one."""
    try:
        Credentials(folder).retire(name)
    except NotRotated as reason:
        stop(str(reason))
    out.print(f"The previous {name} is retired. Next:")
    for line in _recreated(_callee(name)):
        out.print(f"  {line}", markup=False)


def next_steps(name: str) -> list[str]:
    """The commands that put a fresh secret to use, callee before caller, so that no call is refused on the way."""
    if name == PEOPLE:
        return _recreated("consent ingest ratings")
    if name in RECEIPTS:
        return _recreated(RECEIPTS[name])
    if name == PSEUDONYMS:
        again = (
            "Send each feed of patients again as a whole: under the new key nobody is who they were under the old one."
        )
        return [*_recreated("ingest"), again]
    passwords = ["docker compose run --rm databases"]
    if name in ROLES:
        return passwords + _recreated(name)
    if name == SUPERUSER:
        return [*passwords, f"candour secrets retire {name}"]
    caller = name.partition("-")[0]
    callers = [] if name == CURSOR or caller == SUPERVISOR else _recreated(_containers(caller))
    more = ["(and every further gateway)"] if "gateway" in name else []
    return [*_recreated(_callee(name)), *callers, *more, f"candour secrets retire {name}"]


def _recreated(containers: str) -> list[str]:
    return [f"docker compose up -d --no-deps --force-recreate {one}" for one in containers.split()]


def _callee(name: str) -> str:
    if name not in TWICE or name == SUPERUSER:
        return ""
    return _containers("gateway" if name == CURSOR else name.partition("-")[2])


def _containers(service: str) -> str:
    return "gateway-1 gateway-2" if service == "gateway" else service


def _show(people: dict[str, str], also_to: Path | None) -> None:
    if not people:
        return
    if also_to is not None:
        write_durably(also_to.resolve(), json.dumps(people, indent=1).encode())
    table = Table("account", "password", title="Accounts (shown this once)")
    for name, password in people.items():
        table.add_row(name, password)
    out.print(table)
