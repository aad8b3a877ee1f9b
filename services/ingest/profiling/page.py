"""The report as one HTML file: no script, nothing from elsewhere, every value escaped.

A browser that opens it is told so too, by a policy in its head: nothing may be loaded or run, whatever a file holds.
"""

from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.ingest.profiling import plots
from services.ingest.profiling.words import number, percent, printable, reason
from shared.contracts.ingest import Fate, Refusal
from shared.contracts.profiles import Report

FATES: Final = {
    Fate.HEADER: "the header",
    Fate.ACCEPTED: "taken",
    Fate.DUPLICATE: "the same as an earlier line",
    Fate.CONFLICT: "set aside: another line has the same key and other values",
    Fate.QUARANTINED: "set aside: something in it is not as it should be",
    Fate.AGGREGATE: "sums up others: kept apart",
    Fate.FOOTER: "the publisher's notes",
    Fate.BLANK: "blank",
}
TYPES: Final = {
    "text": "text", "identifier": "identifier", "code": "code", "flag": "yes or no", "pseudonym": "pseudonym",
    "whole": "whole number", "number": "number", "day": "day",
}  # fmt: skip


def page_of(report: Report, label: str) -> str:
    """`label`: of the source, in words."""
    plotted = [(column, plots.plot_of(column)) for column in report.profile.columns]
    return _pages().get_template("report.jinja").render(
        report=report, profile=report.profile, label=label, fates=_fates(report), types=TYPES, plots=plots,
        drawn=[(column, plot) for column, plot in plotted if plot is not None or column.frequent],
    )  # fmt: skip


def refusal_page(name: str, sha256: str, refusal: Refusal) -> str:
    return _pages().get_template("refused.jinja").render(name=name, sha256=sha256, refusal=refusal)


def headline(report: Report) -> str:
    """What the page is about, in a few words: its title, and the first line on a terminal."""
    aside = report.profile.fates.quarantined + report.profile.fates.conflict
    number_of = len(report.surprises)
    parts = []
    if number_of:
        parts.append("1 surprise" if number_of == 1 else f"{number_of} surprises")
    if aside:
        parts.append("1 line set aside" if aside == 1 else f"{aside:,} lines set aside")
    return " and ".join(parts) or "nothing surprising, no line set aside"


def _fates(report: Report) -> list[tuple[str, str, int]]:
    counts = report.profile.fates.model_dump()
    return [(fate.value, FATES[fate], counts[fate.value]) for fate in Fate if counts[fate.value]]


def _pages() -> Environment:
    def shown(value: Any) -> Any:
        return printable(value) if type(value) is str else value  # markup of our own is a subclass, and stays

    found = Environment(
        loader=PackageLoader("services.ingest.profiling"), autoescape=True, undefined=StrictUndefined, finalize=shown,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found.filters |= {"number": number, "percent": percent, "reason": reason}
    found.globals["headline"] = headline
    return found
