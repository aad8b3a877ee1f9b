"""`candour load SOURCE FILE`: send a file, wait until every line has its fate, freeze a snapshot, say what happened."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import spelled
from cli.calls import Refused, Service
from cli.say import SOME_LINES_SET_ASIDE, err, out, stop

PIECE = 1 << 20
Account = Annotated[str, typer.Option("--as", help="The account that does this.")]


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as handle:
        while piece := handle.read(PIECE):
            yield piece


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    for piece in _pieces(file):
        digest.update(piece)
    return digest.hexdigest()


def send(ingest: Service, source: str, file: Path, supersede: bool = False) -> dict[str, Any]:
    """Send one file and wait for the fates of its lines. Returns the submission; raises Refused."""
    digest = _sha256(file)
    ingest.ask(
        "PUT",
        f"/v1/feeds/{source}/submissions/{digest}",
        params={"supersede": str(supersede).lower()},
        content=lambda: _pieces(file),
        headers={"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)},
    )
    submission: dict[str, Any] = ingest.wait(
        f"/v1/submissions/{digest}", lambda body: body["state"] != "received", params={"feed": source}
    )
    return submission


def freeze(ingest: Service, source: str) -> dict[str, Any]:
    """The snapshot of everything accepted so far."""
    snapshot: dict[str, Any] = ingest.json("POST", "/v1/snapshots", json={"feed": source})
    return snapshot


def load(
    source: Annotated[str, typer.Argument(callback=spelled.slug, help="What kind of file it is, e.g. ny-cardiac.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    supersede: Annotated[
        bool, typer.Option("--supersede", help="Rows of this file replace earlier rows of the same key.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the submission and snapshot as JSON.")] = False,
    account: Account = "steward",
) -> None:
    """Send FILE to ingest. Exit code 0: all well; 1: the file was refused; 3: loaded, with some lines set aside."""
    ingest = Service("ingest", account)
    try:
        submission = send(ingest, source, file, supersede)
        if submission["state"] == "refused":
            stop(f"{file.name} was refused: {submission['refusal']['detail']}")
        snapshot = freeze(ingest, source)
    except Refused as refused:
        stop(f"{file.name} was not loaded: {refused.sentence()}")
    _tell(submission, snapshot, as_json)
    fates = submission["fates"]
    if fates.get("quarantined", 0) + fates.get("conflict", 0):
        err.print(f"Some lines were set aside. Get them as a file to mend and send again:\n"
                  f"  candour quarantine {submission['sha256']} --source {source} > set-aside.csv")  # fmt: skip
        raise typer.Exit(SOME_LINES_SET_ASIDE)


def _tell(submission: dict[str, Any], snapshot: dict[str, Any], as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps({"submission": submission, "snapshot": snapshot}))
        return
    told = ", ".join(f"{count:,} {fate}" for fate, count in submission["fates"].items() if count)
    out.print(f"{submission['lines']:,} lines: {told}")
    out.print(f"snapshot {snapshot['digest']} ({snapshot['rows']:,} rows of {snapshot['feed']})")


def quarantine(
    sha256: Annotated[
        str, typer.Argument(callback=spelled.sha256, help="The submission's digest, as `candour load` printed it.")
    ],
    source: Annotated[
        str | None,
        typer.Option(callback=spelled.optional(spelled.slug), help="Which, where several sources got the same bytes."),
    ] = None,
    account: Account = "steward",
) -> None:
    """Print the lines of a submission that were set aside, as CSV with what was found and what was expected."""
    try:
        lines = set_aside(Service("ingest", account), sha256, source)
    except Refused as refused:
        if refused.code == "several_feeds":
            stop(refused.detail.replace("the parameter feed", "--source"))
        stop(refused.sentence())
    typer.echo(lines, nl=False)


def set_aside(ingest: Service, sha256: str, source: str | None = None) -> str:
    """The quarantine of a submission as CSV. Raises Refused, with several_feeds where `source` is needed."""
    params = {"feed": source} if source else {}
    address = f"/v1/submissions/{sha256}/quarantine"
    return ingest.ask("GET", address, params=params, headers={"Accept": "text/csv"}).text
