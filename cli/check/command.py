"""The command itself."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.check.judging import judge
from cli.check.reading import NotAHistory, read_history
from cli.check.report import as_json as report_of
from cli.check.report import in_words
from cli.say import out, stop

CODES: Final = {"PASS": 0, "VIOLATION": 1, "UNKNOWN": 2}
PIECE: Final = 1 << 20


def check(
    file: Annotated[Path, typer.Argument(help="A recorded history, one JSON object a line; `-` reads standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the judgement as JSON.")] = False,
) -> None:
    """Hold a recorded history of withdrawals, grants and reads to the promise about withdrawals.

    Exit code 0: PASS. 1: VIOLATION. 2: UNKNOWN, because too little happened, or the file cannot be judged.
    """
    try:
        with tempfile.TemporaryDirectory() as folder:
            judgement = judge(read_history(_spooled(Path(folder)) if str(file) == "-" else file))
    except OSError as error:
        stop(f"{file} cannot be read: {error.strerror}", CODES["UNKNOWN"])
    except NotAHistory as error:
        stop(f"UNKNOWN: {error}", CODES["UNKNOWN"])
    if as_json:
        out.print_json(json.dumps(report_of(judgement)))
    else:
        for line in in_words(judgement):
            out.print(line, markup=False)
    raise typer.Exit(CODES[judgement.verdict])


def _spooled(folder: Path) -> Path:
    """Standard input as a file: the reads are gone through more than once."""
    kept = folder / "history.jsonl"
    with kept.open("wb") as file:
        while piece := sys.stdin.buffer.read(PIECE):
            file.write(piece)
    return kept


def main() -> None:
    """`candour-check`."""
    typer.run(check)
