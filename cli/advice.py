"""What to do next, by command: services say it in words of their routes."""

import shlex
from pathlib import Path
from typing import Any

from cli.calls import Refused, Service

GROUND = "--ground pseudonymised --instrument WHAT_ALLOWS_IT --opt-out-date YYYY-MM-DD"


def to_declare(source: str) -> str:
    return f"candour source declare {source} {GROUND}"


def sentence_of(refused: Refused, source: str) -> str:
    """What the service says, and by which command that is done."""
    if refused.code == "ground_needed":
        return f"{refused.sentence()} By command: {to_declare(source)}"
    return refused.sentence()


def refusal_of(submission: dict[str, Any]) -> str:
    """Why a submission was refused, and how one that was retracted counts again."""
    refusal = submission["refusal"]
    if refusal["code"] != "retracted":
        return str(refusal["detail"])
    again = f"candour source rerun {submission['sha256']} --source {submission['feed']}"
    return f"{refusal['detail']} To let it count again: {again}"


def standing(ingest: Service, source: str) -> dict[str, tuple[int, int]]:
    """By submission of the feed, how many of its lines stand and how many are in conflict. Raises Refused."""
    found, before = dict[str, tuple[int, int]](), dict[str, int]()
    while True:
        page = ingest.json(
            "GET", "/v1/submissions", params={"feed": source, "state": "checked", "limit": 1000} | before
        )
        for one in page["submissions"]:
            fates = one["fates"]
            found[one["sha256"]] = (fates.get("accepted", 0) + fates.get("aggregate", 0), fates.get("conflict", 0))
        if page.get("next") is None:
            return found
        before = {"before": page["next"]}


def of_conflicts(
    submission: dict[str, Any], file: Path, before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]],
    has_days: bool,
) -> list[str]:  # fmt: skip
    """What lines in conflict did to the feed, told by what stood `before` and `after`, and how one word is made to
    stand."""
    sha256, source, lines = submission["sha256"], submission["feed"], submission["fates"]["conflict"]
    others = [one for one in after if one != sha256]
    out = sum(max(0, before[one][0] - after[one][0]) for one in others if one in before)
    said = [f"{lines:,} lines are in conflict: another line has the same key and other values, so neither stands."]
    if submission["supersedes"] or not any(after[one][1] for one in others):
        look = f"candour quarantine {sha256} --source {source}"
        return [*said, f"Both are in this file. See which they are, and send the file corrected:\n  {look}"]
    if out:
        said.append(f"{out:,} lines of earlier files that stood before are out now: two files contradict each other.")
    again = f"candour load {source} {shlex.quote(str(file))} --supersede"
    said.append(f"If this file is the later word, say so now, and its rows stand:\n  {again}")
    if has_days:
        said.append(f"If it is all that there is of its days, what it leaves out goes too:\n  {again} --whole-period")
    return said


def of_quarantine(submission: dict[str, Any]) -> str:
    sha256, source = submission["sha256"], submission["feed"]
    lines = submission["fates"]["quarantined"]
    return (
        f"{lines:,} lines were quarantined. Get them as a file, mend it and send it again:\n"
        f"  candour quarantine {sha256} --source {source} --to-mend > to-mend.csv\n"
        f"  candour load {source} to-mend.csv --mends {sha256}"
    )
