"""`candour verify RELEASE`: compute a release again from its recorded inputs, and say part by part if it is the same.

Exit code 0: the same; 1: not the same; 2: nothing was compared.
"""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from rich.status import Status

from cli import spelled
from cli.calls import Refused, Service
from cli.say import err, out, stop

DIFFERENT: Final = 1
NOT_COMPARED: Final = 2
LONGEST_SECONDS: Final = 4 * 3600.0
SHOWN_DIGITS: Final = 16
Run = dict[str, Any]
WORDS: Final = {"same": "the same", "different": "DIFFERENT", "other_definition": "not comparable"}


def verify(
    release: Annotated[str, typer.Argument(callback=spelled.release, help="The release, e.g. 2026-09-30.")],
    runs: Annotated[int, typer.Option(min=1, max=100, help="How often to compute it again, one after the other.")] = 1,
    account: Annotated[str, typer.Option("--as", help="auditor, analyst, reviewer or publisher.")] = "auditor",
    as_json: Annotated[bool, typer.Option("--json", help="Print all runs and digests as JSON.")] = False,
) -> None:
    """Compute RELEASE again from its recorded snapshots, and compare every part. 0: same; 1: not the same; 2: nothing
    was compared."""
    try:
        found = _reports(release, runs, account)
    except Refused as refused:
        stop(refused.sentence(), NOT_COMPARED)
    except SystemExit as ended:  # no password, no answer: it has been said, and 1 would mean that something differs
        raise SystemExit(NOT_COMPARED) from ended
    answer = summary(release, found)
    if as_json:
        out.print_json(json.dumps(answer))
    else:
        _tell(answer)
    if not answer["same"]:
        raise typer.Exit(DIFFERENT)


def _reports(release: str, runs: int, account: str) -> list[Run]:
    """Of each run, one after the other. Ends the command where one is refused; raises Refused."""
    ratings, found = Service("ratings", account), list[Run]()
    with err.status(f"replaying {release}") as shown:
        for number in range(1, runs + 1):
            run = replayed(ratings, release, _teller(shown, release, f"run {number} of {runs}"))
            if run["state"] == "refused":
                stop(f"{release} could not be replayed: {run['refusal']}", NOT_COMPARED)
            found.append(run["report"])
    return found


def replayed(ratings: Service, release: str, tell: Callable[[Run], None]) -> Run:
    """One run, from its beginning to its end; `tell` hears how far it is. Raises Refused."""
    path = f"/v1/releases/{release}/replay"
    mine = ratings.json("POST", path)["run"]

    def ended(now: Run) -> bool:
        tell(now)
        return bool(now["run"] >= mine and now["state"] != "running")

    done: Run = ratings.wait(path, ended, limit=LONGEST_SECONDS)
    return done


def summary(release: str, reports: list[Run]) -> dict[str, Any]:
    """What all runs say together: the same only where each of them is, with one digest."""
    digests = sorted({one["digest"] for one in reports})
    same = len(digests) == 1 and all(one["verdict"] == "same" for one in reports)
    return {"release": release, "same": same, "digests": digests, "runs": reports}


def _teller(shown: Status, release: str, which: str) -> Callable[[Run], None]:
    return lambda now: shown.update(f"replaying {release}, {which}: {now.get('stage', 'waiting')}")


def _tell(answer: dict[str, Any]) -> None:
    reports = answer["runs"]
    last = next((one for one in reports if one["verdict"] != "same"), reports[-1])
    for one in last["inputs"]:
        out.print(f"input {one['digest']} ({one['rows']:,} rows of {one['feed']})")
    for name in ("code", "method_version"):
        out.print(f"{name.replace('_', ' ')}: {_beside(last[name])}")
    for line in _table(last["parts"]):
        out.print(line, markup=False)
    changed = [one["name"] for one in last["files"] if not one["equal"]]
    if changed and last["method_version"].get("recorded"):
        out.print(f"reviewed files that are others now: {', '.join(changed)}")
    for number, one in enumerate(reports, 1):
        out.print(f"run {number}: {WORDS[one['verdict']]}, {one['digest']}")
    out.print(f"{answer['release']}: {_verdict(answer)}")


def _beside(versions: Run) -> str:
    recorded, running = versions.get("recorded", "not recorded"), versions.get("running", "none")
    return recorded if recorded == running else f"{recorded}, now {running}"


def _table(parts: list[Run]) -> list[str]:
    columns = ("recorded", "kept", "recomputed")
    rows = [["part", *columns, ""]]
    rows += [
        [one["name"], *(_short(one.get(name)) for name in columns), "same" if one["equal"] else "different"]
        for one in parts
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _short(digest: str | None) -> str:
    return digest.removeprefix("sha256:")[:SHOWN_DIGITS] if digest else "none"


def _verdict(answer: dict[str, Any]) -> str:
    reports, digests = answer["runs"], answer["digests"]
    times = "1 run" if len(reports) == 1 else f"{len(reports)} runs"
    if answer["same"]:
        return f"the same, {times}, 1 digest"
    if len(digests) > 1:
        return f"DIFFERENT from run to run: {times}, {len(digests)} digests"
    if any(one["verdict"] == "different" for one in reports):
        return f"DIFFERENT, {times}"
    made_by = reports[0]["code"].get("recorded", "what made it")
    return f"not comparable: what runs now is not what made it. Replay it with {made_by} and its files"
