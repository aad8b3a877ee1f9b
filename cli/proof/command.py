"""`candour proof`: reproduce other people's published figures from their own files."""

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cli.proof.entries import beside_the_checkout, missing_in
from cli.proof.running import CouldNotRun, run
from cli.say import err, out, stop
from shared.contracts.public.proof import ProofRecord, ProofRow
from shared.kit.files import part_of, settle

FELL_SHORT: Final = 1
COULD_NOT_RUN: Final = 2
WIDTH: Final = 120  # of the table where no terminal says how wide it is
SHOWN: Final = 5  # exceptions by name; the record and the page have all of them

Data = Annotated[
    Path | None,
    typer.Option(
        envvar="CANDOUR_PROOF_DATA",
        help="The folder of the published files; by default ../shared/data, beside the checkout.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the table as JSON.")]
Record = Annotated[Path | None, typer.Option(help="Also write what is published at /v1/proof to this file.")]


def proof(data: Data = None, as_json: AsJson = False, record: Record = None) -> None:
    """Reproduce published tables from their files, and say how many rows agree.

    Exit code 0: every row of the table meets its requirement. 1: one falls short. 2: it could not be run.
    """
    folder = _folder(data)
    try:
        found = run(folder, lambda text: err.print(text, markup=False))
    except CouldNotRun as error:
        stop(str(error), COULD_NOT_RUN)
    if record is not None:
        _write(record, found)
    _print(found, as_json)
    sys.exit(0 if all(row.ok for row in found.rows) else FELL_SHORT)


def _folder(data: Path | None) -> Path:
    """The folder to read; ends the command where there is none, or where it lacks a file."""
    folder = beside_the_checkout() if data is None else data
    if folder is None:
        stop("There is no ../shared/data beside this checkout. Say where the published files are, with --data.",
             COULD_NOT_RUN)  # fmt: skip
    if missing := missing_in(folder):
        listed = "\n".join(f"  {path}" for path in missing)
        stop(f"{folder} is expected to hold these files, and does not:\n{listed}\nGive another folder with --data.",
             COULD_NOT_RUN)  # fmt: skip
    return folder.resolve()


def _write(path: Path, found: ProofRecord) -> None:
    """Whole or not at all: the record of the last run, which is published, stays where the disk is full."""
    data = (json.dumps(found.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n").encode()
    try:
        if path.exists() and not path.is_file():  # a pipe or a device is written to, never replaced
            path.write_bytes(data)
            return
        target = path.resolve()
        with part_of(target, 0o644) as (part, out):
            out.write(data)
            out.flush()
            settle(part, target)
    except OSError as error:
        stop(f"The record cannot be written to {path} ({error.strerror}). Give another file with --record.",
             COULD_NOT_RUN)  # fmt: skip


def _print(found: ProofRecord, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"rows": [_briefly(row) for row in found.rows]}, ensure_ascii=False))
        return
    wide = out if out.is_terminal else Console(width=WIDTH, highlight=False)
    wide.print(_table(found))
    for row in found.rows:
        if row.exceptions or not row.ok:
            out.print(_apart(row), markup=False)
    short = sum(not row.ok for row in found.rows)
    verdict = f"{short} of {len(found.rows)} fall short" if short else f"all {len(found.rows)} meet their requirement"
    out.print(f"{verdict} ({found.code}, methods {found.method_version}, {found.date})", markup=False)


def _briefly(row: ProofRow) -> dict[str, str | int | bool]:
    """Several lines may be about one source, so its name here says what of it is compared."""
    return {"source": f"{row.source}: {row.what}", "rows": row.rows, "required": row.required, "reached": row.reached,
            "ok": row.ok}  # fmt: skip


def _table(found: ProofRecord) -> Table:
    table = Table(box=box.SIMPLE, title="Published tables, reproduced from the publishers' files")
    table.add_column("Source", no_wrap=True)
    table.add_column("What is compared", overflow="fold", max_width=60)
    for heading in ("Rows", "Reached", "Required"):
        table.add_column(heading, justify="right")
    table.add_column("Verdict")
    for row in found.rows:
        figures = (f"{number:,}" for number in (row.rows, row.reached, row.required))
        table.add_row(row.source, row.what, *figures, "met" if row.ok else "[bold]short[/bold]")
    return table


def _apart(row: ProofRow) -> str:
    """What does not reproduce, and why."""
    named = ", ".join(row.exceptions[:SHOWN])
    more = f" and {len(row.exceptions) - SHOWN} more" if len(row.exceptions) > SHOWN else ""
    number = len(row.exceptions)
    agree = "1 row does not agree" if number == 1 else f"{number} rows do not agree"
    return f"{row.source}, {row.what}: {agree}: {named}{more}. {row.why}\n"
