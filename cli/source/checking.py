"""`candour source check FILE`: what is in a file, and what is surprising about it, before or without sending it."""

import json
import shutil
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from cli import spelled
from cli.accounts import known_password
from cli.advice import to_declare
from cli.places import places
from cli.say import REFUSED, SOME_LINES_SET_ASIDE, err, stop
from cli.source.running import COULD_NOT_RUN, made, recognised
from cli.source.telling import of_sheet, say, shown, told
from shared.contracts.ingest import Refusal
from shared.contracts.profiles import Report

SECONDS: Final = 5.0
MOST_LOOKED_AT: Final = 20
Html = Annotated[Path | None, typer.Option("--html", help="Also write the report as one HTML file.")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the report as JSON.")]


def check(
    *,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    source: Annotated[
        str | None,
        typer.Option(callback=spelled.optional(spelled.slug), help="What kind of file it is, where it is not known."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="Compare with this file of the same source."),
    ] = None,
    html: Html = None,
    as_json: Json = None,
    account: Annotated[str, typer.Option("--as", help="The account that asks for the last upload.")] = "steward",
) -> None:
    """Look into FILE without sending it: is it of a known kind, is it complete, what is surprising beside the last one?

    Compared with --against, else with the last upload of its source where a service runs.
    Exit code 0: nothing to look at. 1: the file would be refused, also because nobody has declared on what ground its
    source is held. 3: something surprises, lines would be set aside, or no service says whether a ground is declared.
    """
    order: dict[str, Any] = {"path": str(file.resolve()), "name": file.name, "source": source}
    if against is not None:
        order["against_path"] = str(against.resolve())
    elif (last := _last_upload(file, source, account)) is not None:
        order["against"] = last
    with made({"check": {name: value for name, value in order.items() if value is not None}}) as out:
        _keep(out / "report.html", html)
        refusal = out / "refusal.json"
        _keep(refusal if refusal.exists() else out / "report.json", as_json)
        if refusal.exists():
            _stop_refused(file, Refusal.model_validate_json(refusal.read_bytes()))
        report = Report.model_validate_json((out / "report.json").read_bytes())
        sheet = json.loads((out / "sheet.json").read_bytes()) if (out / "sheet.json").exists() else None
        every = json.loads((out / "sources.json").read_bytes())
    told(report)
    if sheet is not None:
        say(of_sheet(sheet))
    needed = not any(one["id"] == report.profile.source and "ground" in one for one in every)
    declared = _is_declared(report.profile.source, account) if needed else True
    if not declared:
        _say_of_ground(report.profile.source, declared)
    fates = report.profile.fates
    if declared is False:
        raise typer.Exit(REFUSED)
    if report.surprises or fates.quarantined or fates.conflict or declared is None:
        raise typer.Exit(SOME_LINES_SET_ASIDE)


def _is_declared(source: str, account: str) -> bool | None:
    """Whether somebody has declared on what ground the source is held; None where no service says so."""
    password = known_password(account)
    if password is None:
        return None
    try:
        auth = httpx.BasicAuth(account, password)
        asked = httpx.get(
            f"{places().of('ingest')}/v1/feeds/{source}", auth=auth, timeout=SECONDS, trust_env=False
        ).raise_for_status()
        return "ground" in asked.json()
    except (httpx.HTTPError, ValueError):
        return None


def _say_of_ground(source: str, declared: bool | None) -> None:
    """`declared`: False where nobody has, None where no service says."""
    known = "no service says whether anybody has" if declared is None else "nobody has: it would be refused"
    say(f"Rows of {source} are about patients: a steward declares on what ground they are held before a file is taken,")
    say(f"and {known}. By command: {to_declare(source)}")


def _stop_refused(file: Path, refusal: Refusal) -> None:
    say(f"{file.name} is refused: {refusal.detail}")
    say(f"  Found: {refusal.found}")
    say(f"  Expected: {refusal.expected}")
    raise typer.Exit(1)


def _keep(made_file: Path, target: Path | None) -> None:
    if target is None:
        return
    try:
        shutil.copyfile(made_file, target)
    except OSError as error:
        stop(f"The report cannot be written to {shown(str(target))} ({error.strerror}).", COULD_NOT_RUN)


def _last_upload(file: Path, source: str | None, account: str) -> dict[str, Any] | None:
    """The report of the last checked upload of the file's source. None, and why, where no service answers or shows it,
    and where it has none."""
    password = known_password(account)
    try:
        httpx.get(f"{places().of('ingest')}/health/live", timeout=SECONDS, trust_env=False)
        if password is None:
            return _without(f"no password of {account} is known")
        source = source or recognised([file])[0].get("source")
        return None if source is None else _asked(source, httpx.BasicAuth(account, password))
    except httpx.TransportError:
        return _without("no service answers")
    except (httpx.HTTPStatusError, ValueError):
        return _without("the service does not show it")


def _without(why: str) -> dict[str, Any] | None:
    err.print(f"Not compared with the last upload: {why}. --against names a file.", markup=False)
    return None


def _asked(source: str, auth: httpx.BasicAuth) -> dict[str, Any] | None:
    with httpx.Client(base_url=places().of("ingest"), auth=auth, timeout=SECONDS, trust_env=False) as ingest:
        asked = ingest.get("/v1/submissions", params={"feed": source, "state": "checked", "limit": MOST_LOOKED_AT})
        asked.raise_for_status()
        for sent in asked.json()["submissions"]:
            if sent.get("profiled"):
                answer = ingest.get(f"/v1/submissions/{sent['sha256']}/profile", params={"feed": source})
                answer.raise_for_status()
                found: dict[str, Any] = answer.json()
                return found
    return None
