"""The report, for people and as JSON."""

from collections import Counter
from typing import Any, Final

from rich.console import Console
from rich.table import Table as Grid

from cli.disclosure.auditing import Report
from cli.disclosure.findings import KINDS, Equation, Finding
from cli.disclosure.policy import MEASURES, Policy

SHOWN: Final = 20


def body(report: Report, url: str, policy: Policy) -> dict[str, Any]:
    verdict, found = report.verdict, report.found
    told: dict[str, Any] = {
        "url": url, "read": report.facts.read, "releases": report.releases, "facts": report.facts.count,
        "requests": report.requests,
        "policy": {"k": policy.k, "p": policy.p, "floors": dict(zip(MEASURES, policy.floors, strict=True))},
        "judged": {"tables": verdict.tables, "secrets": verdict.secrets, "figures": verdict.figures,
                   "secrets_measures_insiders": verdict.pairs, "asked_again_of_highs": verdict.checked,
                   "units_without_roster": report.residuals},
        "findings": [one.body() for one in found.findings], "notes": found.notes,
    }  # fmt: skip
    if verdict.worst is not None:
        told["worst"] = verdict.worst.body()
    return told


def tell(out: Console, report: Report, url: str) -> None:
    verdict, findings = report.verdict, report.found.findings
    grid = Grid("", "", show_header=False, title="Disclosure audit")
    for name, value in (
        ("read", url), ("releases", ", ".join(report.releases)), ("facts", f"{report.facts.count:,}"),
        ("requests", f"{report.requests:,}"), ("secrets", f"{verdict.secrets:,}"),
        ("figures of secrets", f"{verdict.figures:,}"), ("secrets x measures x insiders", f"{verdict.pairs:,}"),
        ("asked again of HiGHS", f"{verdict.checked:,}"), ("units judged without a roster", f"{report.residuals:,}"),
        ("findings", f"{len(findings):,}"),
    ):  # fmt: skip
        grid.add_row(name, value)
    out.print(grid)
    for kind, number in Counter(one.kind for one in findings).most_common():
        out.print(f"{number:,} x {kind}: {KINDS[kind]}", markup=False)
    for finding in sorted(findings, key=lambda one: one.fraction if one.fraction is not None else -1.0)[:SHOWN]:
        _one(out, finding, url)
    if len(findings) > SHOWN:
        out.print(f"and {len(findings) - SHOWN:,} more: --json has all of them", markup=False)
    if verdict.worst is not None:
        out.print("\nThe narrowest interval of all that were judged:", markup=False)
        _one(out, verdict.worst, url)
    for note in report.found.notes:
        out.print(f"note: {note}", markup=False)


def _one(out: Console, finding: Finding, url: str) -> None:
    told = "" if finding.fraction is None else f" (width over need {finding.fraction:.3g})"
    where = ", ".join(f"{name} {value}" for name, value in finding.at.items())
    out.print(f"\n{finding.kind}: {finding.words}{told}\n  {where}", markup=False)
    for equation in finding.proof:
        out.print(f"    {_line(equation, url)}", markup=False)


def _line(equation: Equation, url: str) -> str:
    where = url + equation.url if equation.url.startswith("/") else equation.url
    return f"{equation.says}  [{where}]" if where else equation.says
