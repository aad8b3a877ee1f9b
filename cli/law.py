"""`candour consent law …` and `candour consent naming …`: the ground on which people are named, by two stewards."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import spelled
from cli.calls import Refused, Service
from cli.say import out, stop

app = typer.Typer(help="Legal bases: begun and ended by two stewards.", no_args_is_help=True)
naming = typer.Typer(help="The switch for naming who refused: off, until two stewards put it on.", no_args_is_help=True)
Account = Annotated[str, typer.Option("--as", "--account", help="Whose name and password.")]
Number = Annotated[str, typer.Argument(callback=spelled.slug, help="The proposal's: `candour consent law proposals`.")]
Programme = Annotated[str, typer.Argument(callback=spelled.slug)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask: it was read already.")]
SWITCH = "naming_refusers"


def ask(method: str, path: str, account: str, **options: Any) -> Any:
    """The answer's body; ends the command with the service's sentence where it refuses."""
    try:
        return Service("consent", account).json(method, path, **options)
    except Refused as refused:
        stop(refused.sentence())


@app.command()
def bases(
    at: Annotated[str, typer.Option(callback=spelled.day, help="In force on this day; today where left out.")] = "",
    account: Account = "steward",
) -> None:
    """Every ground there is, was, or is to be, and whether it is in force."""
    found = ask("GET", "/v1/legal-bases", account, params={"at": at} if at else {})
    table = Table("basis", "ground", "from", "to", "in force", "by", title=f"On {found['at']}")
    for one in found["bases"]:
        terms = one["terms"]
        by = f"{one['proposed_by']}, {one['approved_by']}" if one["source"] == "ledger" else "policy file"
        last = one.get("last", terms.get("valid_to", ""))
        table.add_row(
            terms["id"], terms["regime"], terms["valid_from"], last, "yes" if one["in_force"] else "no", by
        )  # fmt: skip
    out.print(table)


@app.command()
def propose(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The ground as TOML: docs/law.md.")],
    account: Account = "steward",
) -> None:
    """Propose a ground. It begins once another steward has approved it, and not before its first day."""
    try:
        terms = _plain(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        stop(f"{file} is not TOML in UTF-8: {broken}")
    _proposed(ask("POST", "/v1/legal-bases", account, json=terms))


def _plain(value: Any) -> Any:
    """Days of TOML as JSON writes them."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def _proposed(made: Any) -> None:
    out.print_json(json.dumps(made["what"]))
    out.print(
        f"{made['proposal']} waits for another steward: candour consent law approve {made['proposal']}", markup=False
    )


@app.command()
def end(
    basis: Annotated[str, typer.Argument(callback=spelled.slug)],
    last: Annotated[str, typer.Option(callback=spelled.day, help="The last day on which it is in force.")],
    reason: Annotated[str, typer.Option(help="Why, in words.")],
    account: Account = "steward",
) -> None:
    """Propose the last day of a ground."""
    _proposed(ask("POST", f"/v1/legal-bases/{basis}/end", account, json={"last": last, "reason": reason}))


@app.command()
def proposals(account: Account = "steward") -> None:
    """What waits for a second steward."""
    found = ask("GET", "/v1/proposals", account)["proposals"]
    for one in found:
        out.print(f"{one['proposal']}: {one['kind']}, by {one['proposed_by']} at {one['proposed_at']}", markup=False)
    if not found:
        out.print("Nothing waits.")


@app.command()
def approve(number: Number, yes: Yes = False, account: Account = "steward-2") -> None:
    """Read a proposal, and put it in force as the second steward."""
    done = _sign(number, "approval", yes, account)
    hidden = f"; {done['hidden']:,} are hidden by it at once" if "hidden" in done else ""
    out.print(f"{number}: {done['state']}, as revision {done['revision']} of the ledger{hidden}", markup=False)


@app.command()
def reject(number: Number, yes: Yes = False, account: Account = "steward-2") -> None:
    """Let a proposal go. Whoever proposed it may take it back so."""
    out.print(f"{number}: {_sign(number, 'rejection', yes, account)['state']}", markup=False)


def _sign(number: str, step: str, yes: bool, account: str) -> Any:
    """Show the text and its digest, and repeat the digest to the service: nobody signs what was not shown."""
    listed = ask("GET", "/v1/proposals", account, params={"state": "all"})["proposals"]
    found = next((one for one in listed if one["proposal"] == number), None)
    if found is None:
        stop(f"There is no proposal {number}. `candour consent law proposals` lists what waits.")
    out.print(f"{found['kind']}, proposed by {found['proposed_by']} at {found['proposed_at']}:", markup=False)
    out.print_json(json.dumps(found["what"]))
    out.print(found["digest"], markup=False)
    _confirm(f"Your {step} of this text?", yes)
    return ask("POST", f"/v1/proposals/{number}/{step}", account, json={"digest": found["digest"]})


def _confirm(question: str, yes: bool) -> None:
    if not yes and not typer.confirm(question):
        stop("Nothing was done.")


@naming.command()
def states(account: Account = "steward") -> None:
    """Where who refused is named, and what to read before it is."""
    found = ask("GET", "/v1/switches", account)
    for one in found["switches"]:
        how = f"on, by {one['dpia']}" if one["on"] else "off"
        out.print(f"{one['programme']}: {how}", markup=False)
    out.print(found["warning"], markup=False)


@naming.command()
def on(
    programme: Programme,
    dpia: Annotated[str, typer.Option(help="The number of the impact assessment.")],
    yes: Yes = False,
    account: Account = "steward",
) -> None:
    """Propose to name who refused. Another steward approves it with `candour consent law approve`."""
    found = ask("GET", "/v1/switches", account)
    out.print(found["warning"], markup=False)
    _confirm("Have you read this?", yes)
    wanted = {"switch": SWITCH, "programme": programme, "dpia": dpia, "warning_sha256": found["warning_sha256"]}
    _proposed(ask("POST", "/v1/switches", account, json=wanted))


@naming.command()
def off(programme: Programme, account: Account = "steward") -> None:
    """Off, by one person, at once."""
    done = ask("DELETE", f"/v1/switches/{SWITCH}/{programme}", account)
    out.print(f"{done['programme']}: {'on' if done['on'] else 'off'}", markup=False)
