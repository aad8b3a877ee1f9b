"""`candour load-folder DIR`: every file under a folder, each by the source that it is recognised as.

Files of one source are sent in the order of their periods; one that calls itself revised comes after the others of its
period, and replaces what they said of it. What every line became is in a table, in order of the files' names.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from cli.advice import refusal_of, sentence_of
from cli.calls import Refused, Service
from cli.load import Account, How, frozen, send
from cli.say import REFUSED, SOME_LINES_SET_ASIDE, err, out, stop
from cli.source.running import COULD_NOT_RUN, recognised
from cli.source.telling import shown, unbroken
from cli.source.watching import watching

NOT_DATA: Final = ("README.md",)
REVISED: Final = "revised"
FATES: Final = ("header", "accepted", "duplicate", "conflict", "quarantined", "aggregate", "footer", "blank")
SHORT: Final = 19  # of a digest: enough to tell two apart, where somebody looks at it


@dataclass(frozen=True)
class Found:
    """A file and its source; `first`: the first day of its period, empty where it has none."""

    file: Path
    source: str
    first: str

    @property
    def revised(self) -> bool:
        return REVISED in self.file.name.lower()

    @property
    def order(self) -> tuple[str, str, bool, str]:
        return self.source, self.first, self.revised, self.file.name


@dataclass(frozen=True)
class Row:
    """What became of one file: each fate's lines and the feed's snapshot afterwards, or why it was refused."""

    file: str
    seconds: float
    source: str | None = None
    lines: int | None = None
    fates: dict[str, int] | None = None
    snapshot: str | None = None
    code: str | None = None
    refused: str | None = None


def load_folder(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The folder, with those inside it.")],
    as_json: Annotated[Path | None, typer.Option("--json", help="Also write the table to this file, as JSON.")] = None,
    account: Account = "steward",
) -> None:
    """Load every file under DIR by its recognised source, and say what became of every line.

    Exit code 0: all well; 1: a file was refused; 3: all were loaded, with some lines set aside.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    left_out = [path for path in files if path.name in NOT_DATA]
    for path in left_out:
        err.print(f"left out: {shown(str(path.relative_to(folder)))}, which is about the others", markup=False)
    rows = loaded(Service("ingest", account), folder, [path for path in files if path not in left_out])
    if as_json is not None:
        _write(as_json, rows)
    unbroken().print(_table(rows))
    for row in rows:
        if row.refused is not None:
            out.print(f"{shown(row.file)} is refused ({row.code}). {shown(row.refused)}", markup=False)
    out.print(_summary(rows))
    if any(row.refused is not None for row in rows):
        raise typer.Exit(REFUSED)
    if any((row.fates or {}).get(fate) for row in rows for fate in ("quarantined", "conflict")):
        raise typer.Exit(SOME_LINES_SET_ASIDE)


def loaded(ingest: Service, folder: Path, files: list[Path]) -> list[Row]:
    """A row for each of `files`, in their order."""
    rows, known = dict[Path, Row](), list[Found]()
    for file, told in zip(files, recognised(files), strict=True):
        if "source" in told:
            known.append(Found(file, told["source"], told.get("first", "")))
        else:
            rows[file] = _refused(file.relative_to(folder), 0.0, told["refusal"])
    for one in sorted(known, key=lambda found: found.order):
        again = one.revised and any((it.source, it.first) == (one.source, one.first) for it in known if not it.revised)
        rows[one.file] = _loaded(ingest, folder, one, How(supersede=again, whole_period=again and bool(one.first)))
    return [rows[file] for file in files]


def _loaded(ingest: Service, folder: Path, one: Found, how: How) -> Row:
    began, name = time.monotonic(), one.file.relative_to(folder)
    try:
        with watching(one.file.name) as watch:
            sent = send(ingest, one.source, one.file, how, watch)
        if sent["state"] == "refused":
            told = {"code": sent["refusal"]["code"], "detail": refusal_of(sent)}
            return _refused(name, time.monotonic() - began, told, one.source)
        snapshot = frozen(ingest, one.source)
    except Refused as refused:
        told = {"code": refused.code, "detail": sentence_of(refused, one.source)}
        return _refused(name, time.monotonic() - began, told, one.source)
    digest = None if snapshot is None else str(snapshot["digest"])
    seconds = round(time.monotonic() - began, 2)
    return Row(str(name), seconds, one.source, sent["lines"], sent["fates"], digest)


def _refused(name: Path, seconds: float, told: dict[str, Any], source: str | None = None) -> Row:
    return Row(str(name), round(seconds, 2), source, code=told["code"], refused=told["detail"])


def _write(path: Path, rows: list[Row]) -> None:
    told = [{name: value for name, value in asdict(row).items() if value is not None} for row in rows]
    try:
        path.write_text(json.dumps({"files": told}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        stop(f"The table cannot be written to {shown(str(path))} ({error.strerror}).", COULD_NOT_RUN)


def _table(rows: list[Row]) -> Table:
    table = Table(box=box.SIMPLE, title="What became of every line")
    table.add_column("File", overflow="fold")
    table.add_column("Source", overflow="fold")
    used = [fate for fate in FATES if any((row.fates or {}).get(fate) for row in rows)]
    for heading in ("Lines", *(fate.capitalize() for fate in used), "Seconds"):
        table.add_column(heading, justify="right")
    table.add_column("Snapshot")
    for row in rows:
        fates = row.fates or {}
        counts = [f"{number:,}" if number else "" for number in (row.lines, *(fates.get(fate) for fate in used))]
        last = (
            f"refused: {row.code}"
            if row.refused is not None
            else (row.snapshot or "none")[: SHORT if out.is_terminal else None]
        )
        table.add_row(Text(shown(row.file)), row.source or "", *counts, f"{row.seconds:.1f}", last)
    return table


def _summary(rows: list[Row]) -> str:
    refused = sum(row.refused is not None for row in rows)
    lines = sum(row.lines or 0 for row in rows)
    with_fate = sum(sum((row.fates or {}).values()) for row in rows)
    said = f"{len(rows)} files: {len(rows) - refused} loaded, {refused} refused"
    return f"{said}; {lines:,} lines, {with_fate:,} with a fate"
