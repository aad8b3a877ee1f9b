"""Rows of the API as lines of a table: every cell is text, and a cell without a number says why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.gateway.site.wording import (
    Body,
    Tag,
    ascertained,
    benchmark,
    comparison,
    figure,
    own_words,
    reported,
    sentence,
    span,
    verdict,
    with_range,
)

PAGES: Final = {"provider": "/providers", "consultant": "/consultants"}


@dataclass(frozen=True)
class Line:
    """One result. `result` is empty where there is no figure, and `reason` then names the page that explains it.
    `reported`: of whom it was published, where that one was merged since. `ascertained`: how many cases were sent.
    `verdict`: what a publisher says of its own figure, beside it."""

    id: str
    subject: str
    subject_href: str
    indicator: str
    indicator_href: str
    period: str
    tag: Tag
    reason: str
    summary: str
    own_words: str
    certainty: str
    result: str
    benchmark: str
    observed: str
    expected: str
    ratio: str
    cases: str
    ascertained: str
    reported: str
    verdict: str

    @property
    def href(self) -> str:
        return f"/results/{self.id}"


def line(row: Body, succession: Iterable[Body] = ()) -> Line:
    """The line of one result of the API, published or not. `succession`: of its provider, where it is known."""
    subject, indicator = row["subject"], row["indicator"]
    value, published = row.get("value", {}), row["status"] == "published"
    return Line(
        id=row["id"], subject=subject["name"], subject_href=f"{PAGES[subject['level']]}/{subject['id']}",
        indicator=indicator["label"], indicator_href=f"/indicators/{indicator['id']}", period=span(row["period"]["id"]),
        tag=comparison(row), reason="" if published else row["absence"]["reason"],
        summary=sentence(row), own_words=own_words(row), certainty=row.get("words", {}).get("certainty", ""),
        result=with_range(row) if published else "", benchmark=benchmark(row),
        observed=f"{value['observed']:,}" if "observed" in value else "",
        expected=figure(value["expected"], "ratio", 2) if "expected" in value else "",
        ratio=figure(value["standardised_ratio"], "ratio", 2) if "standardised_ratio" in value else "",
        cases=f"{value['denominator']:,}" if "denominator" in value else "", ascertained=ascertained(row),
        reported=reported(row, succession), verdict=verdict(row),
    )  # fmt: skip


def by_subject(rows: Iterable[Body]) -> list[Line]:
    """Lines in the order of their subjects' names, never of their values."""
    return sorted((line(row) for row in rows), key=lambda found: (found.subject.casefold(), found.subject_href))


def by_indicator(rows: Iterable[Body], succession: Sequence[Body] = ()) -> list[Line]:
    """Lines in the order of indicators' labels, and of periods under each, newest first."""
    newest = sorted(rows, key=lambda row: str(row["period"]["end"]), reverse=True)
    return sorted((line(row, succession) for row in newest), key=lambda found: found.indicator.casefold())


def newest_and_earlier(rows: Sequence[Body]) -> tuple[list[Body], list[Body]]:
    """The row of each subject's and indicator's newest period, and the rest. Of one period there may be several: each
    of the organisations that were merged into this one had a figure of its own."""
    newest: dict[tuple[str, str], Body] = {}
    for row in sorted(rows, key=lambda row: str(row["period"]["end"])):
        newest[row["subject"]["id"], row["indicator"]["id"]] = row["period"]
    kept = [row for row in rows if newest[row["subject"]["id"], row["indicator"]["id"]] == row["period"]]
    ids = {row["id"] for row in kept}
    return kept, [row for row in rows if row["id"] not in ids]
