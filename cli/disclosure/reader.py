"""One release as it is read: its rows, and what every part that is read of it is compared with."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cli.disclosure.facts import Facts
from cli.disclosure.fetching import Answer, CouldNotJudge, Site
from cli.disclosure.findings import Equation, Found
from cli.disclosure.rows import (
    FIGURES,
    KNOWN_VALUE,
    NUMBERS,
    TEXTS,
    NotRows,
    Row,
    differences,
    from_body,
    from_csv,
    from_ndjson,
    key_of,
    parsed,
)

PAGE: Final = 1000
COMPARED: Final = (*TEXTS, *NUMBERS)
Place = tuple[str, str, str, str]  # level, subject, indicator, period


@dataclass(frozen=True)
class Depth:
    """How many addresses of one kind are asked in each release."""

    single: int = 300
    pages: int = 60
    filters: int = 20


@dataclass
class Release:
    """What one release said. `rows`: what its list of results shows, page by page as JSON, the measure of the rest."""

    name: str
    view: str = ""
    rows: dict[Place, Row] = field(default_factory=dict)
    indicators: list[dict[str, Any]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"/v1/releases/{self.name}"

    def subjects(self, level: str) -> list[str]:
        return sorted({key[1] for key in self.rows if key[0] == level})

    def of(self, level: str, indicator: str, period: str = "") -> dict[Place, Row]:
        """`period` empty: any."""
        return {
            key: row for key, row in self.rows.items()
            if (key[0], key[2]) == (level, indicator) and period in ("", key[3])
        }  # fmt: skip


@dataclass
class Reader:
    """Asks, keeps what it is told in `facts`, and puts what does not fit into `found`."""

    site: Site
    facts: Facts
    found: Found
    depth: Depth

    def json(self, path: str) -> dict[str, Any]:
        """Raises CouldNotJudge where there is none."""
        answer = self.site.get(path)
        if not answer.ok:
            raise CouldNotJudge(f"{self.site.address(path)} answered {answer.status}; its content was expected.")
        return self.body_of(answer)

    def body_of(self, answer: Answer) -> dict[str, Any]:
        try:
            body = parsed(answer.body)
        except NotRows as error:
            raise CouldNotJudge(f"{self.site.address(answer.path)} is {error}") from None
        if not isinstance(body, dict):
            raise CouldNotJudge(f"{self.site.address(answer.path)} is no JSON object.")
        return body

    def all(self, path: str) -> Iterator[dict[str, Any]]:
        """Every entry of a list, page by page."""
        following: str | None = f"{path}?limit={PAGE}"
        while following:
            body = self.json(following)
            yield from body["data"]
            following = body["links"].get("next")

    def readable(self, answers: Iterable[Answer]) -> Iterator[Answer]:
        """Those that are there; the others are noted as not read."""
        for answer in answers:
            if answer.ok:
                yield answer
            else:
                self.found.note(f"not read: {answer.path} answered {answer.status}")

    # Rows

    def rows_of(self, answer: Answer) -> list[Row]:
        """Raises CouldNotJudge where the answer is not what its address promises."""
        try:
            if answer.media.startswith("text/csv"):
                rows, unknown = from_csv(answer.body)
                if unknown:
                    self.found.note(f"not judged: columns of the CSV that this program does not know: {unknown}")
                return rows
            if "ndjson" in answer.media:
                return from_ndjson(answer.body)
            return [from_body(one) for one in parsed(answer.body)["data"]]
        except (NotRows, KeyError, UnicodeDecodeError) as error:
            raise CouldNotJudge(f"{self.site.address(answer.path)} is not what it should be: {error}") from None

    def keep(self, release: Release, row: Row, where: str) -> None:
        self.facts.add(release.name, row, where)
        figures = [name for name in FIGURES if name in row]
        if row.get("status") != "published" and figures:
            words = f"{', '.join(figures)} of a row with status {row.get('status')}"
            self.found.add("absent_with_figure", words, at(release, row), Equation(words, where))

    def note_unknown(self, body: Mapping[str, Any]) -> None:
        unknown = sorted(set(body.get("value", {})) - KNOWN_VALUE)
        if unknown:
            self.found.note(f"not judged: parts of a value that this program does not know: {unknown}")

    def compare(
        self, release: Release, path: str, rows: Iterable[Row], expected: Mapping[Place, Row], *, complete: bool
    ) -> None:
        """`complete`: the rows must be exactly the expected ones, not only some of them."""
        seen = set()
        for row in rows:
            seen.add(key_of(row))
            self.keep(release, row, path)
            known = expected.get(key_of(row))
            if known is None:
                self.differ(release, row, path, "this form has a row that the list of results has not")
            elif names := list(differences(row, known, COMPARED)):
                told = [f"{name}: {row.get(name, 'absent')}, elsewhere {known.get(name, 'absent')}" for name in names]
                self.differ(release, row, path, "; ".join(told))
        for key in expected.keys() - seen if complete else ():
            self.differ(release, expected[key], path, "the list of results has a row that this form has not")

    def differ(self, release: Release, row: Row, path: str, words: str) -> None:
        there = f"{release.base}/results/{row.get('result_id', '')}"
        self.found.add("forms_differ", words, at(release, row), Equation(words, path), Equation("compared with", there))

    # Counts

    def total(self, release: Release, path: str, told: str | int, shown: int) -> None:
        if int(told) != shown:
            self.count(release, path, f"the list says {told} rows, and {shown} are shown")

    def absent(
        self, release: Release, path: str, told: Mapping[str, str] | None, level: str, rows: Iterable[Row]
    ) -> None:
        """Absent rows are counted by reason, of units only: the counts must be those of the rows that are shown."""
        if told is None:
            return
        shown = Counter(row["reason"] for row in rows if "reason" in row)
        if level == "consultant":
            self.count(release, path, f"people without a figure are counted: {dict(told)}")
        elif any(int(number) != shown[reason] for reason, number in told.items()):
            self.count(release, path, f"absent {dict(told)}, and the rows say {dict(shown)}")

    def count(self, release: Release, path: str, words: str) -> None:
        self.found.add("count", words, {"release": release.name}, Equation(words, path))


def at(release: Release, row: Row) -> dict[str, str]:
    return {
        "release": release.name,
        "indicator": row["indicator"],
        "period": row["period"],
        row["level"]: row["subject"],
    }
