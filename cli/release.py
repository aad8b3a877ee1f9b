"""`candour release announce | build | submit | checks | sign | approve | publish | …`: three people, one release."""

import sys
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli import spelled
from cli.calls import Refused, Service
from cli.gate import add_to
from cli.releasing import step
from cli.say import out, stop

app = typer.Typer(help="Announce, build, check, sign and publish releases.", no_args_is_help=True)
add_to(app)
Name = Annotated[str, typer.Argument(callback=spelled.release, help="The release, e.g. 2026-09-30 or 2026-09-30.2.")]


def new_draft(
    ratings: Service, key: str, date: str, indicators: list[str] | None, correction: dict[str, str] | None = None
) -> dict[str, Any]:
    """Reserve a release and wait until its results are computed. The same `key` again gives the same release."""
    body: dict[str, Any] = {"date": date} | ({"indicators": indicators} if indicators else {})
    body |= {"correction": correction} if correction else {}
    release = ratings.json("POST", "/v1/releases", json=body, headers={"Idempotency-Key": key})
    done: dict[str, Any] = ratings.wait(f"/v1/releases/{release['release']}", lambda one: one["build"] != "running")
    return done


def _tell(release: dict[str, Any]) -> None:
    owner = f", now with the {release['owner']}" if release.get("owner") else ""
    out.print(f"{release['release']} {release['status']}{owner}")


@app.command()
def build(
    date: Annotated[str, typer.Option(callback=spelled.day, help="The release's date; today where not given.")] = "",
    indicator: Annotated[list[str] | None, typer.Option(help="Only these indicators; repeat for more.")] = None,
    corrects: Annotated[
        str | None,
        typer.Option(callback=spelled.optional(spelled.release), help="The release that this one sets right."),
    ] = None,
    correction: Annotated[str | None, typer.Option(help="What it sets right, in words for the public.")] = None,
    account: Annotated[str, typer.Option("--as")] = "analyst",
) -> None:
    """Compute a draft from the newest snapshots, and wait for it."""
    if (corrects is None) != (correction is None):
        raise typer.BadParameter("--corrects and --correction belong together.")
    noted = {"supersedes": corrects, "text": correction} if corrects and correction else None
    day = date or datetime.now(UTC).date().isoformat()
    try:
        release = new_draft(Service("ratings", account), uuid.uuid4().hex, day, indicator, noted)
    except Refused as refused:
        stop(refused.sentence())
    if release["build"] == "failed":
        stop(f"{release['release']} could not be built: {release['failure']}")
    _tell(release)
    out.print(f"{release['results']:,} results, {len(release['indicators'])} indicators, {release['results_digest']}")


def _take(release: str, noun: str, account: str, *target: str, body: dict[str, Any] | None = None) -> None:
    try:
        _tell(step(Service("ratings", account), release, noun, target, body))
    except Refused as refused:
        stop(refused.sentence())


@app.command()
def submit(release: Name, account: Annotated[str, typer.Option("--as")] = "analyst") -> None:
    """Hand a finished draft to the reviewer."""
    _take(release, "submission", account, "submitted")


@app.command("return")
def give_back(release: Name, account: Annotated[str, typer.Option("--as")] = "reviewer") -> None:
    """Give a submitted release back to its author."""
    _take(release, "return", account, "returned")


@app.command()
def approve(release: Name, account: Annotated[str, typer.Option("--as")] = "reviewer") -> None:
    """Approve the results of a submitted release. Not by its author."""
    _take(release, "approval", account, "approved")


@app.command()
def publish(release: Name, account: Annotated[str, typer.Option("--as")] = "publisher") -> None:
    """Bake the view at the permissions of this moment and publish it. Not by its author."""
    _take(release, "publication", account, "published", "superseded")


@app.command("take-down")
def take_down(
    release: Name,
    reason: Annotated[str, typer.Option(help="Why nobody may read it any more; kept with who did it.")],
    account: Annotated[str, typer.Option("--as")] = "publisher",
) -> None:
    """Take a release away from readers. The one before it is current again."""
    _take(release, "takedown", account, "taken_down", body={"reason": reason})


@app.command("roster")
def roster(
    release: Name, account: Annotated[str, typer.Option("--as", help="steward or auditor.")] = "auditor"
) -> None:
    """Print who works where with which figures, as CSV, for `candour audit-disclosure`. Keep it as safe as the data."""
    try:
        sys.stdout.write(Service("ratings", account).ask("GET", f"/v1/releases/{release}/roster").text)
    except Refused as refused:
        stop(refused.sentence())


@app.command("list")
def list_releases(account: Annotated[str, typer.Option("--as")] = "analyst") -> None:
    """All releases with their status."""
    try:
        for release in Service("ratings", account).json("GET", "/v1/releases")["releases"]:
            _tell(release)
    except Refused as refused:
        stop(refused.sentence())
