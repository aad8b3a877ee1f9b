"""`candour consent register | returns | waiting | approve | reject`: files of people and of their answers."""

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.calls import Refused, Service
from cli.say import SOME_LINES_SET_ASIDE, err, out, stop

WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS: Final = {".csv": "text/csv", ".xlsx": WORKBOOK}
MOST_BYTES: Final = 32 * 2**20
Account = Annotated[str, typer.Option("--as")]
Import = Annotated[str, typer.Argument(metavar="ID", help="The number of the import, such as i-0123456789ab.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV in UTF-8, or XLSX.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]


def import_file(consent: Service, kind: str, file: Path, dry_run: bool = False) -> dict[str, Any]:
    """Send a register or a return; sending it again changes nothing."""
    report: dict[str, Any] = consent.json(
        "POST",
        "/v1/imports",
        params={"kind": kind, "dry_run": str(dry_run).lower()},
        content=file.read_bytes(),
        headers={"Content-Type": FORMS.get(file.suffix.lower(), "text/csv")},
    )
    return report


def _import(kind: str, file: Path, dry_run: bool, account: str) -> None:
    size = file.stat().st_size
    if size > MOST_BYTES:
        stop(f"{file.name} has {size / 2**20:,.0f} MB; a file may have {MOST_BYTES // 2**20}. Split it.")
    try:
        report = import_file(Service("consent", account), kind, file, dry_run)
    except Refused as refused:
        stop(f"{file.name} was refused: {refused.sentence()}")
    _tell(report)


def _tell(report: dict[str, Any]) -> None:
    """The fate of every line, what it changes, and what has to be done about it."""
    fates = ("applied", "duplicate", "quarantined", "waiting")
    counted = [f"{report[fate]:,} {fate}" for fate in fates if report[fate] or fate != "waiting"]
    out.print(f"{report['lines']:,} lines: " + ", ".join(counted))
    for one in report["effect"]:
        shown, hidden = one["newly_named"], one["newly_withheld"]
        would = "would be" if report["dry_run"] or report["waiting"] else "are"
        out.print(f"{one['programme']}: {shown:,} {would} newly named, {hidden:,} newly withheld", markup=False)
    for problem in report["problems"]:
        if problem["fate"] == "quarantined":
            where = f" in {problem['column']}" if "column" in problem else ""
            err.print(f"line {problem['line']}: {problem['code']}{where}, found {problem['found']!r}, "
                      f"expected {problem['expected']}", markup=False)  # fmt: skip
    if report["waiting"]:
        out.print(_waits(report), markup=False)
    if report["quarantined"]:
        raise typer.Exit(SOME_LINES_SET_ASIDE)


def _waits(report: dict[str, Any]) -> str:
    many = "This return names more people than one person may."
    if report["dry_run"]:
        return f"{many} {report['waiting']:,} lines would wait for another officer; what hides would not."
    return (
        f"{many} {report['waiting']:,} lines wait; what hides is recorded already. Another officer approves them: "
        f"candour consent approve {report['id']} --as OFFICER"
    )


def register(file: File, dry_run: DryRun = False, account: Account = "officer") -> None:
    """Import who is asked: gmc, name, programme; where wanted kind, partners, specialty."""
    _import("register", file, dry_run, account)


def returns(file: File, dry_run: DryRun = False, account: Account = "officer") -> None:
    """Import decisions collected elsewhere, one act for one purpose a line."""
    _import("returns", file, dry_run, account)


def waiting(account: Account = "officer") -> None:
    """Which returns have lines that wait for a second officer."""
    try:
        found = Service("consent", account).json("GET", "/v1/imports")
    except Refused as refused:
        stop(refused.sentence())
    for one in found:
        shown, hidden = (sum(part[name] for part in one["effect"]) for name in ("newly_named", "newly_withheld"))
        out.print(
            f"{one['id']}: {one['lines']:,} lines, sent by {one['proposed_by']} at {one['proposed_at']}; "
            f"{shown:,} would be newly named, {hidden:,} newly withheld", markup=False,
        )  # fmt: skip
    if not found:
        out.print("No lines wait.")


def approve(import_id: Import, account: Account = "officer-2") -> None:
    """As the second officer: apply the lines that wait. Each is judged again."""
    _decide(import_id, "approval", account)


def reject(import_id: Import, account: Account = "officer-2") -> None:
    """Let the lines that wait go. What was recorded already stays."""
    _decide(import_id, "rejection", account)


def _decide(import_id: str, step: str, account: str) -> None:
    try:
        report = Service("consent", account).json("POST", f"/v1/imports/{import_id}/{step}")
    except Refused as refused:
        stop(refused.sentence())
    if step == "rejection":
        out.print(f"The lines of {import_id} that waited are let go.")
    else:
        _tell(report)
