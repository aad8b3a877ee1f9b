"""`candour release calendar | announce | checks | answer | sign | differences`: between a draft and the public."""

from enum import StrEnum
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from cli import releasing, spelled
from cli.calls import Refused, Service
from cli.say import out, stop

Name = Annotated[str, typer.Argument(callback=spelled.release, help="The release, e.g. 2026-09-30 or 2026-09-30.2.")]
As = Annotated[str, typer.Option("--as")]
Day = Annotated[str, typer.Argument(callback=spelled.day, help="The day, e.g. 2026-09-30.")]
OptionalDay = Annotated[str | None, typer.Option(callback=spelled.optional(spelled.day))]
OptionalRelease = Annotated[str | None, typer.Option(callback=spelled.optional(spelled.release))]
SHOWN: Final = 20


class SignerRole(StrEnum):
    REVIEWER = "reviewer"
    PUBLISHER = "publisher"


def calendar(account: As = "publisher") -> None:
    """The days on which releases are announced to come."""
    try:
        told = Service("ratings", account).json("GET", "/v1/calendar")
    except Refused as refused:
        stop(refused.sentence())
    for one in told["days"]:
        moved = f", instead of {one['moved_from']}: {one['moved_because']}" if "moved_from" in one else ""
        correction = f" (a correction of {one['correction_of']})" if "correction_of" in one else ""
        came = f", came: {', '.join(one['releases'])}" if one["releases"] else ""
        out.print(f"{one['day']} {one['title']}{correction}{moved}{came}", markup=False)
    out.print(f"A day is announced at least {told['notice_days']} days before it comes.")


def announce(
    day: Day,
    *,
    title: Annotated[str, typer.Option(help="What comes on that day, in words for the public.")],
    instead_of: OptionalDay = None,
    reason: Annotated[str | None, typer.Option(help="Why the day is moved.")] = None,
    correction_of: OptionalRelease = None,
    account: As = "publisher",
) -> None:
    """Announce the day of a release, or another one instead of a day that was announced."""
    given = {"day": day, "title": title, "instead_of": instead_of, "reason": reason, "correction_of": correction_of}
    body = {name: value for name, value in given.items() if value is not None}
    try:
        Service("ratings", account).json("PUT", "/v1/calendar", json=body)
    except Refused as refused:
        stop(refused.sentence())
    out.print(f"{day} announced: {title}", markup=False)


def checks(release: Name, account: As = "reviewer") -> None:
    """Every check of the gate, with its evidence, answers and signatures. Ends with 1 while any is open."""
    try:
        gate = Service("ratings", account).json("GET", f"/v1/releases/{release}/checks")
    except Refused as refused:
        stop(refused.sentence())
    _tell(gate, release)
    if not gate["complete"]:
        stop("Not every check has passed.")


def answer(
    release: Name,
    check: Annotated[str, typer.Argument(help="Its name, as `candour release checks` gives it.")],
    note: Annotated[str, typer.Option(help="On what the answer rests; kept, and part of what is signed.")],
    failed: Annotated[bool, typer.Option("--failed", help="It is not met.")] = False,
    account: As = "reviewer",
) -> None:
    """Answer a check that only a person can answer. Not by the author."""
    body = {"passed": not failed, "note": note}
    try:
        gate = Service("ratings", account).json("POST", f"/v1/releases/{release}/checks/{check}/answer", json=body)
    except Refused as refused:
        stop(refused.sentence())
    _tell(gate, release)


def sign(
    release: Name,
    role: Annotated[SignerRole, typer.Option(help="As what: the reviewer signs first.")] = SignerRole.REVIEWER,
    account: Annotated[str, typer.Option("--as", help="The account; the name of the role where not given.")] = "",
) -> None:
    """Read the gate, and sign what it says: the reviewer, then the publisher, and neither is the author."""
    try:
        gate = releasing.sign(Service("ratings", account or role.value), release, role.value)
    except Refused as refused:
        stop(refused.sentence())
    _tell(gate, release)


def differences(
    release: Name,
    before: Annotated[
        str | None, typer.Option("--from", callback=spelled.optional(spelled.release), help="Else the one published.")
    ] = None,
    account: As = "reviewer",
) -> None:
    """What is other than in the release before: rows new, gone and changed, moved positions first."""
    asked = {"from": before} if before else {}
    try:
        told = Service("ratings", account).json("GET", f"/v1/releases/{release}/differences", params=asked)
    except Refused as refused:
        stop(refused.sentence())
    out.print(f"{told['release']} beside {told['compared_with']}: {told['bands_changed']:,} positions moved")
    table = Table("indicator", "rows", "same", "changed", "new", "gone", "because of")
    for one in told["indicators"]:
        counts = [f"{one[name]:,}" for name in ("rows", "same", "changed", "new", "gone")]
        table.add_row(one["indicator"], *counts, ", ".join(one["causes"]))
    out.print(table)
    for one in told.get("moved_cases", [])[:SHOWN]:
        hands = f"{one.get('was', 'nobody')} → {one.get('now', 'nobody')}"
        out.print(f"{one['indicator']} {one['period']} {hands}: {one['cases']:,} cases", markup=False)
    for one in told["changed"][:SHOWN]:
        out.print(f"{one['indicator']} {one['period']} {one['subject']}: {_moved(one)}", markup=False)


def _moved(one: dict[str, Any]) -> str:
    return f"{one['was']} → {one['now']}" if one["was"] != one["now"] else ", ".join(one["changed"])


def _to_do(check: str, release: str) -> str:
    """By which command a check that waits comes to pass."""
    answer = f"candour release answer {release} {check} --note WHY"
    return f"candour verify {release}, or {answer}" if check == "replay" else answer


def _tell(gate: dict[str, Any], release: str) -> None:
    for one in gate["checks"]:
        found = ", ".join(f"{name} {value}" for name, value in {**one["evidence"], **one["now"]}.items())
        asks = ", waits for a person" if one["answerable"] and one["state"] == "waiting" else ""
        out.print(f"{one['state']:8}{one['check']}: {one['title']}{asks}", markup=False)
        if found:
            out.print(f"        {found}", markup=False)
        if asks:
            out.print(f"        {_to_do(one['check'], release)}", markup=False)
        if "answer" in one:
            out.print(f"        {one['answer']['person']}: {one['answer']['note']}", markup=False)
    for one in gate["signatures"]:
        stale = "" if one["current"] else ", of what the gate said before"
        out.print(f"signed  {one['role']} {one['person']}{stale}", markup=False)


def add_to(app: typer.Typer) -> None:
    """The commands of this page, among those of a release."""
    for command in (calendar, announce, checks, answer, sign, differences):
        app.command(command.__name__)(command)
