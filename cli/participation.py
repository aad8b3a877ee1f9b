"""`candour consent participation`: how many were asked, and what became of it, on any day."""

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import spelled
from cli.calls import Refused, Service
from cli.say import out, stop

COUNTS = ("asked", "pending", "given", "refused", "withdrawn", "erased", "objected", "named")
Day = Annotated[str | None, typer.Option(callback=spelled.optional(spelled.day))]


def participation(
    *,
    at: Day = None,
    known: Day = None,
    programme: Annotated[str | None, typer.Option(callback=spelled.optional(spelled.slug))] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as it came.")] = False,
    account: Annotated[str, typer.Option("--as")] = "officer",
) -> None:
    """What had been decided by the day AT, as recorded by the end of the day KNOWN; today where they are left out.

    Small numbers among these are people: not for publication."""
    asked = {"at": at, "known": known, "programme": programme}
    given = {name: value for name, value in asked.items() if value}
    try:
        found = Service("consent", account).json("GET", "/v1/participation", params=given)
    except Refused as refused:
        stop(refused.sentence())
    if as_json:
        out.print_json(json.dumps(found))
        return
    out.print(_table(found))
    out.print(f"Decided by {found['valid']}, as recorded by the end of {found['known']}. Not for publication.")


def _table(found: dict[str, Any]) -> Table:
    table = Table("programme", *COUNTS)
    for one in found["programmes"]:
        table.add_row(one["programme"], *(str(one["counts"][name]) for name in COUNTS))
        for part in one.get("specialties", []):
            table.add_row(f"  {part['specialty']}", *(str(part["counts"][name]) for name in COUNTS))
    return table
