"""The commands of `candour source`."""

import json
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from cli import spelled
from cli.say import out, stop
from cli.source import checking, feeds
from cli.source.running import described
from cli.source.telling import say, wide

app = typer.Typer(name="source", help="Kinds of files: which there are, and what is in one.", no_args_is_help=True)
app.command("check")(checking.check)
app.command("declare")(feeds.declare)
app.command("differences")(feeds.differences)
app.command("rerun")(feeds.rerun)
app.command("retract")(feeds.retract)
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command("list")
def every(as_json: AsJson = False) -> None:
    """The kinds of files that can be loaded."""
    found = described()
    if as_json:
        out.print_json(json.dumps({"sources": found}))
        return
    table = Table(box=box.SIMPLE)
    for heading in ("Source", "Form", "Rows about", "What it is"):
        table.add_column(heading, no_wrap=heading == "Source", overflow="fold")
    for one in found:
        table.add_row(one["id"], one["form"], one["content"], one["label"])
    wide().print(table)


@app.command("show")
def show(
    source: Annotated[str, typer.Argument(callback=spelled.slug, help="What kind of file, e.g. ny-cardiac.")],
    as_json: AsJson = False,
) -> None:
    """What a kind of file looks like: its names, columns, key, and on what ground it is held."""
    one = next((one for one in described() if one["id"] == source), None)
    if one is None:
        stop(f"No source is called {source}. `candour source list` has them all.")
    if as_json:
        out.print_json(json.dumps(one))
    else:
        _tell(one)


def _tell(one: dict[str, Any]) -> None:
    say(f"{one['id']}: {one['label']}")
    say(f"form: {one['form']}; a row is one of {one['kind']}, about: {one['content']}")
    say("names: " + (", ".join(one["names"]) or "any; known by its header alone"))
    ground = one.get("ground")
    say("ground: " + (f"{ground['kind']}, {ground['instrument']}" if ground else "to be declared before it is loaded"))
    say("key: " + ", ".join(one["key"]))
    table = Table(box=box.SIMPLE)
    for heading in ("Column", "Type", "In the file"):
        table.add_column(heading, overflow="fold")
    for column in one["columns"]:
        table.add_row(column["name"], column["type"], " or ".join(column["headings"]))
    wide().print(table)
