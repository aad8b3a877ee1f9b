"""`candour load SOURCE FILE`: send a file, wait until every line has its fate, freeze a snapshot, say what happened."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import spelled
from cli.advice import of_conflicts, of_quarantine, refusal_of, sentence_of, standing
from cli.calls import Refused, Service
from cli.say import REFUSED, SOME_LINES_SET_ASIDE, err, out, stop
from cli.sending import Upload, Watch
from cli.source.running import recognised, sheet_of
from cli.source.telling import of_sheet, of_snapshot, shown
from cli.source.watching import watching
from shared.kit.copying import digest_of

AUTO: Final = "auto"
Account = Annotated[str, typer.Option("--as", help="The account that does this.")]


@dataclass(frozen=True)
class How:
    """How rows of a file meet those that are there: they may replace those of the same key, or of its whole period, or
    be the mended lines of an earlier submission."""

    supersede: bool = False
    whole_period: bool = False
    mends: str | None = None

    def parameters(self, file: Path) -> dict[str, str]:
        asked = {"name": file.name, "supersede": str(self.supersede or self.whole_period).lower()}
        asked |= {"whole_period": "true"} if self.whole_period else {}
        return asked | ({"mends": self.mends} if self.mends else {})


def send(
    ingest: Service, source: str, file: Path, how: How | None = None, watch: Watch = lambda _progress: None
) -> dict[str, Any]:
    """Send what the service does not keep of a file, and wait for the fates of its lines; meanwhile `watch` is told how
    much has been sent, then the progress of the job, as the service tells it. Returns the submission; raises Refused.
    """
    digest = digest_of(file)
    Upload(ingest, f"/v1/feeds/{source}/submissions/{digest}", file, (how or How()).parameters(file), watch).send()

    def decided(body: dict[str, Any]) -> bool:
        watch(body.get("progress"))
        return bool(body["state"] != "received")

    submission: dict[str, Any] = ingest.wait(f"/v1/submissions/{digest}", decided, params={"feed": source})
    return submission


def freeze(ingest: Service, source: str) -> dict[str, Any]:
    """The snapshot of everything accepted so far."""
    snapshot: dict[str, Any] = ingest.json("POST", "/v1/snapshots", json={"feed": source})
    return snapshot


def frozen(ingest: Service, source: str) -> dict[str, Any] | None:
    """None where no row of the feed stands. Raises Refused."""
    try:
        return freeze(ingest, source)
    except Refused as refused:
        if refused.code == "nothing_accepted":
            return None
        raise


def load(
    *,
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            show_default=False,
            help="What kind of file it is, e.g. ny-cardiac; `auto`, or left out: found out from the file.",
        ),
    ] = None,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False, help="The file to send.")] = None,
    supersede: Annotated[
        bool, typer.Option("--supersede", help="Rows of this file replace earlier rows of the same key.")
    ] = False,
    whole_period: Annotated[
        bool,
        typer.Option("--whole-period", help="They replace all rows of the days that the file covers, gone ones too."),
    ] = False,
    mends: Annotated[
        str | None,
        typer.Option(
            callback=spelled.optional(spelled.sha256),
            help="The submission whose lines this file brings again: that of `candour quarantine --to-mend`, mended.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the submission and snapshot as JSON.")] = False,
    account: Account = "steward",
) -> None:
    """Send FILE to ingest. Exit code 0: all well; 1: the file was refused; 3: loaded, with some lines set aside."""
    kind, path = _which(source, file)
    ingest = Service("ingest", account)
    try:
        before = standing(ingest, kind)
        with watching(path.name) as watch:
            submission = send(ingest, kind, path, How(supersede, whole_period, mends), watch)
        if submission["state"] == "refused":
            stop(f"{path.name} was refused: {refusal_of(submission)}{_another(submission, path)}")
        snapshot = frozen(ingest, kind)
        after = standing(ingest, kind)
    except Refused as refused:
        stop(f"{path.name} was not loaded: {sentence_of(refused, kind)}")
    _tell(submission, snapshot, as_json)
    if (read := sheet_of(path, kind)) is not None:
        err.print(of_sheet(read), markup=False)
    fates, has_days = submission["fates"], snapshot is not None and "first_day" in snapshot
    if fates.get("conflict", 0):
        for said in of_conflicts(submission, path, before, after, has_days):
            err.print(said, markup=False)
    if fates.get("quarantined", 0):
        err.print(of_quarantine(submission), markup=False)
    if fates.get("quarantined", 0) + fates.get("conflict", 0):
        raise typer.Exit(SOME_LINES_SET_ASIDE)
    if snapshot is None:
        raise typer.Exit(REFUSED)


def _which(source: str | None, file: Path | None) -> tuple[str, Path]:
    """The source and the file; ends the command where the file is none, or of no known kind."""
    if source is None:
        raise typer.BadParameter("Say which file to send, such as `candour load FILE`.")
    path = Path(source) if file is None else file
    kind = source if file is not None else AUTO
    if not path.is_file():
        raise typer.BadParameter(f"{shown(str(path))} is no file. Say which to send, such as `load ny-cardiac FILE`.")
    if kind != AUTO:
        return spelled.slug(kind), path
    found = recognised([path])[0]
    if "source" not in found:
        stop(f"{shown(path.name)} was not loaded: {found['refusal']['detail']} Found: {found['refusal']['found']}.")
    err.print(f"{shown(path.name)} is of the source {found['source']}.", markup=False)
    return str(found["source"]), path


def _another(submission: dict[str, Any], path: Path) -> str:
    """Of which source a file is that is not of the one it was sent to, where that can be told."""
    if submission["refusal"]["code"] != "wrong-header":
        return ""
    source = recognised([path])[0].get("source", submission["feed"])
    again = f" It is a file of {source}: candour load {source} {shlex.quote(str(path))}"
    return again if source != submission["feed"] else ""


def _tell(submission: dict[str, Any], snapshot: dict[str, Any] | None, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps({"submission": submission} | ({"snapshot": snapshot} if snapshot else {})))
        return
    told = ", ".join(f"{count:,} {fate}" for fate, count in submission["fates"].items() if count)
    out.print(f"{submission['lines']:,} lines: {told}")
    out.print(of_snapshot(snapshot, submission["feed"]))


def quarantine(
    sha256: Annotated[
        str, typer.Argument(callback=spelled.sha256, help="The submission's digest, as `candour load` printed it.")
    ],
    source: Annotated[
        str | None,
        typer.Option(callback=spelled.optional(spelled.slug), help="Which, where several sources got the same bytes."),
    ] = None,
    to_mend: Annotated[
        bool,
        typer.Option("--to-mend", help="As the file itself has them, to mend as text and send again with --mends."),
    ] = False,
    account: Account = "steward",
) -> None:
    """Print the lines of a submission that were set aside, as CSV with what was found and what was expected."""
    try:
        lines = set_aside(Service("ingest", account), sha256, source, to_mend)
    except Refused as refused:
        if refused.code == "several_feeds":
            stop(refused.detail.replace("the parameter feed", "--source"))
        stop(refused.sentence())
    typer.echo(lines, nl=False)


def set_aside(ingest: Service, sha256: str, source: str | None = None, to_mend: bool = False) -> str:
    """The quarantine of a submission as CSV. Raises Refused, with several_feeds where `source` is needed."""
    params = ({"feed": source} if source else {}) | ({"form": "mend"} if to_mend else {})
    address = f"/v1/submissions/{sha256}/quarantine"
    return ingest.ask("GET", address, params=params, headers={"Accept": "text/csv"}).text
