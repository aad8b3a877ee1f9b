"""`candour release build | submit | return | approve | publish | take-down | list`: three people, one release."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli import spelled
from cli.calls import Refused, Service
from cli.say import out, stop

app = typer.Typer(help="Build, submit, approve and publish releases.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(callback=spelled.release, help="The release, e.g. 2026-09-30 or 2026-09-30.2.")]


def new_draft(ratings: Service, key: str, date: str, indicators: list[str] | None) -> dict[str, Any]:
    """Reserve a release and wait until its results are computed. The same `key` again gives the same release."""
    body = {"date": date} | ({"indicators": indicators} if indicators else {})
    release = ratings.json("POST", "/v1/releases", json=body, headers={"Idempotency-Key": key})
    done: dict[str, Any] = ratings.wait(f"/v1/releases/{release['release']}", lambda one: one["build"] != "running")
    return done


def step(
    ratings: Service, release: str, noun: str, target: tuple[str, ...], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Take one step of the life cycle. A repeat after a lost answer finds the step taken and is content."""
    try:
        taken: dict[str, Any] = ratings.json("POST", f"/v1/releases/{release}/{noun}", json=body)
    except Refused as refused:
        if refused.code != "step_not_allowed":
            raise
        taken = ratings.json("GET", f"/v1/releases/{release}")
        if taken["status"] not in target:
            raise
    return taken


def _tell(release: dict[str, Any]) -> None:
    owner = f", now with the {release['owner']}" if release.get("owner") else ""
    out.print(f"{release['release']} {release['status']}{owner}")


@app.command()
def build(
    date: Annotated[str, typer.Option(callback=spelled.day, help="The release's date; today where not given.")] = "",
    indicator: Annotated[list[str] | None, typer.Option(help="Only these indicators; repeat for more.")] = None,
    account: Annotated[str, typer.Option("--as")] = "analyst",
) -> None:
    """Compute a draft from the newest snapshots, and wait for it."""
    day = date or datetime.now(UTC).date().isoformat()
    try:
        release = new_draft(Service("ratings", account), uuid.uuid4().hex, day, indicator)
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


@app.command("list")
def list_releases(account: Annotated[str, typer.Option("--as")] = "analyst") -> None:
    """All releases with their status."""
    try:
        for release in Service("ratings", account).json("GET", "/v1/releases")["releases"]:
            _tell(release)
    except Refused as refused:
        stop(refused.sentence())
