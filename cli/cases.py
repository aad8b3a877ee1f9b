"""`candour cases list | overdue | show | step`: outlier cases, as the account may know of them."""

import uuid
from typing import Annotated, Any

import typer

from cli import spelled
from cli.calls import Refused, Service
from cli.say import out, stop

app = typer.Typer(help="Outlier cases: who has the next step, and until when.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The case, e.g. k-30ed24ef3158.")]
Account = Annotated[str, typer.Option("--as")]


def line(case: dict[str, Any]) -> str:
    """One case in one line: where it stands, whose it is, until when."""
    turn = f"{case['owner']} until {case['deadline']}" if "owner" in case else "ended"
    late = " OVERDUE" if case["overdue"] else ""
    about = f"{case['level']} {case['subject']} {case['indicator']} {case['period']}"
    return f"{case['case']} {case['kind']} {case['direction']} {case['state']} ({turn}){late}: {about}"


def _tell(account: str, path: str, **asked: str | None) -> None:
    parameters = {name: value for name, value in asked.items() if value is not None}
    try:
        found = Service("ratings", account).json("GET", path, params=parameters)
    except Refused as refused:
        stop(refused.sentence())
    for case in found["cases"]:
        out.print(line(case), markup=False)
    out.print(f"{len(found['cases'])} cases on {found['today']}")


@app.command("list")
def list_cases(
    release: Annotated[str | None, typer.Option(callback=spelled.optional(spelled.release))] = None,
    kind: Annotated[str | None, typer.Option(help="alert or alarm")] = None,
    state: Annotated[str | None, typer.Option(help="e.g. awaiting_response")] = None,
    account: Account = "analyst",
) -> None:
    """Cases that this account may know of, the nearest deadline first."""
    _tell(account, "/v1/cases", release=release, kind=kind, state=state)


@app.command()
def overdue(account: Account = "analyst") -> None:
    """Cases whose deadline is over."""
    _tell(account, "/v1/cases/overdue")


@app.command()
def show(case: Name, account: Account = "analyst") -> None:
    """One case, its history, and the steps that this account may take now."""
    try:
        found = Service("ratings", account).json("GET", f"/v1/cases/{case}")
    except Refused as refused:
        stop(refused.sentence())
    out.print(line(found), markup=False)
    for step in found["history"]:
        note = f": {step['note']}" if "note" in step else ""
        until = f", {step['owner']} until {step['deadline']}" if "owner" in step else ""
        said = f"{step['sequence']:>3} {step['day_zero']} {step['step']} by {step['party']} -> {step['state']}"
        out.print(f"{said}{until}{note}", markup=False)
    out.print(f"now: {', '.join(found['next_steps']) or 'nothing'}", markup=False)
    if found["needs_override"]:
        out.print(f"with a reason: {', '.join(found['needs_override'])}", markup=False)


@app.command()
def step(
    case: Name,
    name: Annotated[str, typer.Argument(metavar="STEP", help="One of those that `show` names, e.g. case_to_answer.")],
    note: Annotated[str, typer.Option(help="What was found, or said.")],
    override: Annotated[str | None, typer.Option(help="Why the audit takes it for somebody else, or early.")] = None,
    account: Account = "analyst",
) -> None:
    """Take the next step of a case as it is now."""
    body = {"step": name, "note": note} | ({"override": override} if override else {})
    try:
        ratings = Service("ratings", account)
        seen = ratings.ask("GET", f"/v1/cases/{case}").headers["ETag"]
        headers = {"If-Match": seen, "Idempotency-Key": uuid.uuid4().hex}
        found = ratings.json("POST", f"/v1/cases/{case}/steps", json=body, headers=headers)
    except Refused as refused:
        stop(refused.sentence())
    out.print(line(found), markup=False)
    if "notice" in found["history"][-1]:
        told = found["history"][-1]["notice"]
        out.print(f"To tell {', '.join(told['to'])}:\n{told['text']}", markup=False)
