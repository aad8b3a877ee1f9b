"""`candour consent gateways | fence`, and the wait of a withdrawal: which gateway processes may still be sending."""

import time
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from cli import spelled
from cli.calls import Refused, Service
from cli.places import data_folder
from cli.say import out, stop
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken

AT_ONCE_SECONDS: Final = 20.0  # that one call waits
Account = Annotated[str, typer.Option("--as")]
Folder = Annotated[
    Path | None,
    typer.Option("--dir", envvar="CANDOUR_SECRETS", help="Where the secrets are; else those of the data directory."),
]


class Proof(StrEnum):
    process_ended = "process_ended"
    connections_closed = "connections_closed"


def gateways(account: Account = "officer") -> None:
    """Which gateway processes may be sending, and which revision each has confirmed."""
    try:
        found = Service("consent", account).json("GET", "/v1/gateways")
    except Refused as refused:
        stop(refused.sentence())
    revision, effective = found["revision"], found["effective"]
    behind = f"; up to {effective} it is effective" if effective < revision else ", and all of it is effective"
    table = Table(
        "gateway", "number", "registered", "applied", "confirmed", title=f"The ledger is at revision {revision}{behind}"
    )
    for one in found["gateways"]:
        number = f"{one['number']}" + ("" if one["newest"] else " (replaced)")
        table.add_row(
            one["gateway"], number, one["registered"], _applied(one, revision), one.get("confirmed", "")
        )  # fmt: skip
    out.print(table)


def _applied(one: dict[str, Any], revision: int) -> str:
    applied = one.get("applied")
    if applied is None:
        return "not confirmed yet"
    return f"{applied}" + (f" ({revision - applied} behind)" if applied < revision else "")


def fence(
    name: Annotated[str, typer.Argument(callback=spelled.slug, help="The gateway's name.")],
    number: Annotated[int, typer.Argument(min=1, help="Which process of that name: `candour consent gateways`.")],
    proof: Annotated[Proof, typer.Option(help="What you have seen with your own eyes.")],
    folder: Folder = None,
) -> None:
    """Say that a gateway process has ended, or that all its connections are closed: it is not waited for any more, and
    not answered. Nothing but what you have seen is proof; a process that was replaced may still be sending."""
    try:
        _supervisor(folder).ask("POST", f"/v1/gateways/{name}/fence", json={"number": number, "proof": proof.value})
    except Refused as refused:
        stop(refused.sentence())
    out.print(f"{name} {number} counts as ended: {proof.value}")


def _supervisor(folder: Path | None) -> Service:
    """Consent, as whoever watches the gateways. Ends the command without the secret of that pair."""
    own = data_folder() / "secrets"
    secrets = folder or (own if own.is_dir() else Path("secrets"))
    service = Service("consent", None)
    try:
        secret = read_secret(secrets, "supervisor-consent")
    except OSError as error:
        stop(f"{secrets / 'supervisor-consent.key'} cannot be read ({error.strerror}). Say with --dir where it is.")
    service.http.auth = ServiceToken("supervisor", "consent", secret)
    return service


def follow(consent: Service, decision: dict[str, Any], seconds: float) -> None:
    """Say that a withdrawal is effective as soon as it is, or after `seconds` how far it has come."""
    until = time.monotonic() + seconds
    effective = decision["effective"]
    while effective["status"] == "waiting" and (left := until - time.monotonic()) > 0:
        wait = f"{min(left, AT_ONCE_SECONDS):.3f}"
        try:
            found = consent.json("GET", f"/v1/decisions/{decision['decision']}", params={"wait": wait})
        except Refused as refused:
            stop(refused.sentence())
        effective = found["effective"]
    if effective["status"] == "effective":
        out.print(f"Nothing of ours is still sending them. ({_moment(effective)})")
        return
    out.print(
        f"Answers that began earlier may still be on their way: {effective['gateways_confirmed']} of "
        f"{effective['gateways_registered']} gateways have confirmed. `candour consent gateways` shows which."
    )


def _moment(effective: dict[str, Any]) -> str:
    at = datetime.fromisoformat(effective["at"]) if "at" in effective else datetime.now(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}Z"
