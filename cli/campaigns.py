"""`candour consent campaign open | status | requests | reminders | non-responders | members | close`: ask everybody of
a programme."""

import json
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from cli import spelled
from cli.calls import Refused, Service
from cli.say import err, out, stop

app = typer.Typer(help="Ask everybody of a programme, and see who has answered.", no_args_is_help=True)
Account = Annotated[str, typer.Option("--as")]
Campaign = Annotated[str, typer.Argument(callback=spelled.slug, help="The campaign's number, such as c-0123456789ab.")]
Out = Annotated[Path, typer.Option("--out", dir_okay=False, help="Where the file is to be written.")]
Key = Annotated[
    str | None,
    typer.Option(
        help="Repeat the key of an earlier call to get its file again; a new one is made where it is left out."
    ),
]


def ask(method: str, path: str, account: str, **options: Any) -> Any:
    """The answer's body; ends the command with the service's sentence where it refuses."""
    try:
        return Service("consent", account).json(method, path, **options)
    except Refused as refused:
        stop(refused.sentence())


@app.command("open")
def open_campaign(
    *,
    programme: Annotated[str, typer.Option(callback=spelled.slug)],
    purpose: str = "own_figures",
    notice: Annotated[int, typer.Option(help="The version of the notice; `candour consent notices` lists them.")] = 1,
    channel: Annotated[str, typer.Option(callback=spelled.slug, help="How people are written to.")] = "letter",
    closes_on: Annotated[str, typer.Option(callback=spelled.day, help="The last day on which anybody is asked.")] = "",
    account: Account = "officer",
) -> None:
    """Take everybody on the programme's register as the population. Nobody is asked yet."""
    body: dict[str, Any] = {"programme": programme, "purpose": purpose, "notice": notice, "channel": channel}
    made = ask("POST", "/v1/campaigns", account, json=body | ({"closes_on": closes_on} if closes_on else {}))
    out.print(f"{made['id']}: {made['counts']['population']:,} people", markup=False)


@app.command()
def status(
    campaign: Annotated[str | None, typer.Argument(callback=spelled.optional(spelled.slug))] = None,
    account: Account = "officer",
) -> None:
    """How far a campaign is; without its number, every campaign."""
    if campaign is not None:
        out.print_json(json.dumps(ask("GET", f"/v1/campaigns/{campaign}", account)))
        return
    for one in ask("GET", "/v1/campaigns", account):
        counts, sent = one["counts"], one["contacts"]
        answered = ", ".join(f"{counts[word]:,} {word}" for word in ("given", "refused", "withdrawn", "pending"))
        out.print(
            f"{one['id']} ({one['state']}): {one['programme']}, {one['purpose']}: {counts['population']:,} people, "
            f"{answered}; {sent['requests']:,} requests, {sent['reminders']:,} reminders", markup=False,
        )  # fmt: skip


@app.command()
def requests(campaign: Campaign, target: Out, key: Key = None, account: Account = "officer") -> None:
    """Write who is to be asked now to a file of CSV; each of them counts as asked."""
    _export(campaign, "requests", target, key, account)


@app.command()
def reminders(campaign: Campaign, target: Out, key: Key = None, account: Account = "officer") -> None:
    """Write who was asked and has not answered to a file of CSV."""
    _export(campaign, "reminders", target, key, account)


def _export(campaign: str, kind: str, target: Path, key: str | None, account: str) -> None:
    """The key is told before anything is sent: with it a file that was lost on the way can be fetched again."""
    key = key or uuid.uuid4().hex
    err.print(f"key {key}: should this stop half way, give it again with --key", markup=False)
    try:
        found = Service("consent", account).ask(
            "POST", f"/v1/campaigns/{campaign}/{kind}", headers={"Idempotency-Key": key}
        )
    except Refused as refused:
        stop(refused.sentence())
    target.write_bytes(found.content)
    out.print(f"{target}: {found.content.count(bytes([10])) - 1:,} people", markup=False)


@app.command("non-responders")
def non_responders(campaign: Campaign, account: Account = "officer") -> None:
    """Who has not answered, and when they were last written to. Silence is never consent."""
    found = ask("GET", f"/v1/campaigns/{campaign}/non-responders", account)
    table = Table(Column("number", no_wrap=True), "name", "requested", "reminders", "last contact")
    for one in found["people"]:
        table.add_row(
            one["gmc"], one["name"], one.get("requested", ""), str(one["reminders"]), one.get("last_contact", "")
        )
    out.print(table)


@app.command()
def members(campaign: Campaign, account: Account = "officer") -> None:
    """Add to the population who has joined the register since."""
    found = ask("POST", f"/v1/campaigns/{campaign}/members", account)
    out.print(f"{campaign}: {found['counts']['population']:,} people", markup=False)


@app.command()
def close(campaign: Campaign, account: Account = "officer") -> None:
    """Ask nobody any more. No decision changes by it."""
    found = ask("POST", f"/v1/campaigns/{campaign}/closure", account)
    out.print(f"{campaign} is {found['state']}; {found['counts']['pending']:,} have not answered", markup=False)


def notices(account: Account = "officer") -> None:
    """The wordings that people are asked with. New ones come by policy files."""
    for one in ask("GET", "/v1/notices", account):
        in_use = "in use since" if one["in_use"] else "from"
        out.print(f"{one['programme']} version {one['version']}, {in_use} {one['served_from']}, sha256:{one['sha256']}",
                  markup=False)  # fmt: skip
