"""`candour consent as-of`: what could lawfully be published on a day, by what was known on another."""

from typing import Annotated, Any, Final

import typer
from rich.table import Table

from cli import spelled
from cli.calls import Refused, Service
from cli.say import out, stop

MOST_SHOWN: Final = 50
Day = Annotated[str, typer.Option(callback=spelled.day, help="Year, month and day, such as 2013-07-01.")]


def as_of(
    *,
    valid: Day,
    known: Day,
    programme: Annotated[str | None, typer.Option(callback=spelled.optional(spelled.slug))] = None,
    purpose: str | None = None,
    gmc: Annotated[str | None, typer.Option(callback=spelled.optional(spelled.nameable))] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as it came, byte for byte.")] = False,
    account: Annotated[str, typer.Option("--as")] = "officer",
) -> None:
    """What could be published on the day VALID, by what was known at the end of the day KNOWN."""
    asked = {"valid": valid, "known": known, "programme": programme, "purpose": purpose, "gmc": gmc}
    given = {name: value for name, value in asked.items() if value}
    try:
        answer = Service("consent", account).ask("GET", "/v1/as-of", params=given)
    except Refused as refused:
        stop(refused.sentence())
    if as_json:
        typer.echo(answer.text)
    else:
        _show(answer.json())


def _show(found: dict[str, Any]) -> None:
    table = Table("person", "programme", "purpose", "", "ground", "why")
    for one in found["answers"][:MOST_SHOWN]:
        who = one.get("gmc", one["person"])
        table.add_row(who, one["programme"], one["purpose"], one["verdict"], one.get("basis", ""), one["reason"])
    out.print(table)
    rest = len(found["answers"]) - MOST_SHOWN
    if rest > 0:
        out.print(f"… and {rest:,} more; --json gives them all.")
    out.print(
        f"On {found['valid']}, as known at the end of {found['known']} (revision {found['revision']} of the ledger): "
        f"{found['named']:,} named, {found['withheld']:,} withheld, and whoever is not listed too."
    )
