"""`candour access` and `candour erase`: for one person who asks."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.table import Table

from cli import spelled
from cli.calls import Refused, Service
from cli.places import data_folder
from cli.rights.searching import Found, NotWhole, every, search
from cli.say import err, out, stop

NOT_SEARCHED: Final = (
    "backups, which are copies of what was searched as it was then",
    "logs of other machines, of proxies and of the databases themselves",
    "the file of accounts, which may have one for this person",
    "downloads and archives that others have made of what was public",
)
LEFT: Final = {
    "consent": "an alias in the ledger, which only the service's secret leads back to a number: it stays",
    "ingest": "the files as they were sent: a data steward decides with the audit's controller on which ground they "
    "are kept, until when, and whether the sender sends a corrected file without these lines",
    "ratings": "results of the releases that were built: they are hidden everywhere at once, and stay in what was "
    "built; the publisher decides whether a release is taken down or built again",
    "public": "it must be nothing; if it is not, call the operators: that is a breach",
    "logs": "it must be nothing; lines with a number are a fault of ours: remove them, and report it",
}
Number = Annotated[str, typer.Argument(callback=spelled.nameable, help="A GMC number, or a practice's ODS code.")]
Logs = Annotated[Path | None, typer.Option(help="Folder of logs to search; left out: that of the data directory here.")]
Account = Annotated[str, typer.Option("--as")]


def access(
    number: Number,
    out_folder: Annotated[Path, typer.Option("--out", help="A folder that is not there yet.")],
    logs: Logs = None,
    account: Account = "auditor",
) -> None:
    """Write everything that any service has about one person into a folder, with an index of what was searched."""
    if out_folder.exists():
        stop(f"{out_folder} is there already. An answer goes into a folder of its own.")
    out_folder.mkdir(parents=True, mode=0o700)
    os.umask(0o077)
    found = _searched(number, account, logs, out_folder)
    index = {
        "number": number, "at": datetime.now(UTC).isoformat(timespec="seconds"), "asked_as": account,
        "searched": found.searched, "nobody_of_this_number_in": found.unknown, "not_searched": NOT_SEARCHED,
    }  # fmt: skip
    (out_folder / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _show(found)
    out.print(f"{found.pieces:,} pieces are in {out_folder}, with an index. Not searched:")
    for one in NOT_SEARCHED:
        out.print(f"- {one}", markup=False)


def erase(
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again. It cannot be undone.")] = False,
    logs: Logs = None,
    account: Account = "officer",
    auditor: Annotated[str, typer.Option("--look-as")] = "auditor",
) -> None:
    """Destroy what names one person in consent, and say what is left elsewhere and who must see to it."""
    if not yes and typer.prompt("This cannot be undone. Type the number once more") != number:
        stop("The numbers differ; nothing was done.")
    try:
        done = Service("consent", account).json(
            "POST", f"/v1/consultants/{number}/erasure", json={"channel": "command-line"}
        )
    except Refused as refused:
        stop(refused.sentence())
    out.print(f"Erased at {done['erased']}, as revision {done['revision']} of the ledger. Destroyed: {_listed(done)}.")
    found = _searched(number, auditor, logs, None)
    _show(found)
    out.print("What is left, and who must see to it:")
    for service, places in found.searched.items():
        if any(places.values()):
            out.print(f"- {service}: {LEFT[service]}", markup=False)
    for one in done["remains"]:
        out.print(f"- {one}", markup=False)


def _searched(number: str, account: str, logs: Path | None, folder: Path | None) -> Found:
    """Ends the command where a service refuses, or its answer is not whole."""
    here = data_folder() / "logs"
    asked = {name: Service(name, account) for name in ("consent", "ingest", "ratings")}
    asked["gateway"] = Service("gateway", None)
    try:
        return search(number, asked, logs or (here if here.is_dir() else None), folder)
    except Refused as refused:
        stop(refused.sentence())
    except (NotWhole, httpx.HTTPError) as broken:
        stop(f"{broken or type(broken).__name__} What is in the folder is not all there is; remove it and ask again.")


def _listed(done: dict[str, Any]) -> str:
    return ", ".join(f"{number} of {table}" for table, number in done["destroyed"].items()) or "nothing more"


def _show(found: Found) -> None:
    table = Table("service", "place", "found")
    for service, place, number in every(found):
        table.add_row(service, place, f"{number:,}")
    out.print(table)
    for service in found.unknown:
        err.print(f"{service} never had anybody of this number.")
