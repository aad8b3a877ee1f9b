"""The disclosure audit on public bytes that were written by hand, and short ways to ask what it found."""

from collections.abc import Sequence
from pathlib import Path

from cli.disclosure.auditing import Given, Report, audit
from cli.disclosure.facts import Facts
from cli.disclosure.fetching import Site
from cli.disclosure.inputs import External, read_rosters
from cli.disclosure.policy import Policy
from tests.unit.leaky_publisher import (
    PERSON_OF,
    Publisher,
    roster_text,
)


def audited(
    publisher: Publisher,
    folder: Path,
    *,
    secret: str | None = "A",
    externals: Sequence[External] = (),
    earlier: Sequence[Facts] = (),
    policy: Policy | None = None,
) -> Report:
    """`secret`: letters of who may not be named; None for a roster that does not say."""
    file = folder / "roster.csv"
    file.write_text(roster_text(*publisher.lists, secret=secret))
    given = Given(read_rosters([file]), externals, earlier, policy or Policy(), sample=1)
    return on(publisher, given)


def on(publisher: Publisher, given: Given) -> Report:
    site = Site("http://synthetic.example", publisher.transport())
    try:
        return audit(site, given)
    finally:
        site.close()


def kinds(report: Report) -> set[str]:
    return {one.kind for one in report.found.findings}


def derived(report: Report) -> set[tuple[str, str]]:
    """Who can be worked out in which measure."""
    return {
        (PERSON_OF[one.at["consultant"]], one.at["measure"]) for one in report.found.findings if one.kind == "derivable"
    }
