"""`candour ledger verify | replay`: the consent ledger of one `candour up`, checked by code that did not write it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.operations.verbs import house_of, run_verb

app = typer.Typer(help="Check the consent ledger.", no_args_is_help=True)
Data = Annotated[Path, typer.Option(envvar="CANDOUR_DATA", help="Where everything is kept.")]


@app.command("verify")
def verify(data: Data = Path(".candour")) -> None:
    """Read the whole chain and what stands for everybody, also while the services run. Ends with 1 where it is broken,
    naming the first revision that does not hold, and with 2 where there is no ledger."""
    sys.exit(run_verb(house_of(data), "consent", "verify-ledger"))


@app.command("replay")
def replay(data: Data = Path(".candour")) -> None:
    """Append to a restored ledger what its journal has more. Ends with 2 where nothing was changed."""
    sys.exit(run_verb(house_of(data), "consent", "replay-journal"))
