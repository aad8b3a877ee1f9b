"""The whole audit: read, compare, judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cli.disclosure import outside
from cli.disclosure.facts import Facts
from cli.disclosure.fetching import CouldNotJudge, Site
from cli.disclosure.findings import Equation, Found
from cli.disclosure.inputs import EVERY_RELEASE, External, Rosters
from cli.disclosure.judging import Judge, Verdict
from cli.disclosure.measuring import too_exact
from cli.disclosure.policy import Policy
from cli.disclosure.reader import Depth, Reader, Release
from cli.disclosure.reading import announced, read_release
from cli.disclosure.sides import sides
from cli.disclosure.tables import tables

TRIES: Final = 3
Say = Callable[[str], None]
UNSTEADY: Final = frozenset({"forms_differ", "count", "announced"})


@dataclass(frozen=True)
class Given:
    """What the steward gives. `earlier`: facts of earlier runs, oldest first."""

    rosters: Rosters = field(default_factory=dict)
    externals: Sequence[External] = ()
    earlier: Sequence[Facts] = ()
    policy: Policy = field(default_factory=Policy)
    depth: Depth = field(default_factory=Depth)
    sample: int = 50


@dataclass
class Report:
    """What one run has found. `residuals`: units judged without a roster."""

    facts: Facts
    found: Found
    verdict: Verdict
    releases: list[str]
    requests: int
    residuals: int = 0


def audit(site: Site, given: Given, say: Say = lambda _text: None) -> Report:
    """Raises CouldNotJudge."""
    facts, found, releases = _read_steadily(site, given, say)
    _limits(facts, found)
    verdict, residuals = Verdict(), 0
    if given.rosters:
        judge = Judge(given.policy, found, given.sample)
        outside.covered(facts, given.rosters)
        _note_unknown(given, facts, found)
        sides(facts, given.rosters, given.externals, found)
        for table in tables([*given.earlier, facts], given.rosters, given.externals):
            say(f"judging {table.indicator}, {table.period}")
            outside.release_differs(facts, table, found)
            judge.table(table)
        verdict = judge.verdict
        if not verdict.tables:
            raise CouldNotJudge("The roster has no indicator and period of any release that can be read.")
    else:
        found.note("without a roster only what units leave was judged: see --roster")
        residuals = outside.residuals([*given.earlier, facts], given.policy, found)
    return Report(facts, found, verdict, [one.name for one in releases], site.requests, residuals)


def _note_unknown(given: Given, facts: Facts, found: Found) -> None:
    """Releases that were read earlier and cannot be read any more may have no roster; then they are left out."""
    known = {release for release, _, _ in given.rosters}
    gone = {release for one in given.earlier for release in one.releases} - set(facts.releases)
    if EVERY_RELEASE not in known and gone - known:
        found.note(f"not judged: {', '.join(sorted(gone - known))}, which was read earlier and has no roster")


def _read_steadily(site: Site, given: Given, say: Say) -> tuple[Facts, Found, list[Release]]:
    """Once more where something was hidden or brought back meanwhile: two moments would be compared as if one."""
    for _ in range(TRIES):
        reader = Reader(site, Facts(), Found(), given.depth)
        before = _state(reader)
        releases = _read(reader, given, say)
        if _state(reader) == before:
            return reader.facts, reader.found, releases
        say("rows came or went while it was read; reading again")
    if any(one.kind in UNSTEADY for one in reader.found.findings):
        raise CouldNotJudge("Rows came and went each time that everything was read. Try again when it is calmer.")
    reader.found.note("rows came or went while it was read: the union of what was served was judged")
    return reader.facts, reader.found, releases


def _read(reader: Reader, given: Given, say: Say) -> list[Release]:
    names = [one["release"] for one in reader.json("/v1/releases")["data"]]
    if not names:
        raise CouldNotJudge(f"{reader.site.url} has no readable release: nothing to judge.")
    releases = []
    for name in names:
        say(f"reading {name}")
        releases.append(read_release(reader, name))
    if not any(one.rows for one in releases):
        raise CouldNotJudge("No release has a row: nothing to judge.")
    announced(reader, releases)
    if given.rosters:
        outside.addresses(reader, releases, given.rosters)
    return releases


def _state(reader: Reader) -> dict[str, Any]:
    """The view of each release, and everything that was announced."""
    names = [one["release"] for one in reader.json("/v1/releases")["data"]]
    found: dict[str, Any] = {name: reader.json(f"/v1/releases/{name}").get("view") for name in names}
    return found | {"changes": reader.json("/v1/changes?limit=1")["meta"]["latest"]}


def _limits(facts: Facts, found: Found) -> None:
    """Rows that do not print their count, and whose limits give it away."""
    for (release, level, subject, indicator, period), counts, where in too_exact(facts):
        words = f"the limits fit only {' or '.join(str(one) for one in counts)} events; at least 3 counts should fit"
        at = {"release": release, "indicator": indicator, "period": period, level: subject}
        found.add("limits_reveal", words, at, Equation(words, where))
