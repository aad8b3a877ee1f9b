"""What the steward gives beside the address: the roster, and totals that others publish."""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cli.disclosure.fetching import CouldNotJudge
from cli.disclosure.numbers import Span, to_step
from cli.disclosure.policy import MEASURES

ROSTER: Final = ("indicator", "period", "provider", "consultant", "cases", "observed", "expected")
EXTERNAL: Final = ("node", "indicator", "period", "measure", "value", "rounding", "source")
COUNTED: Final = "expected_cases"  # how many cases a unit had by somebody else's count: a share of it tells the total
NOBODY: Final = ""  # the consultant of cases that were sent without one
EVERY_RELEASE: Final = ""
WORDS: Final = {"yes": True, "no": False, "1": True, "0": False, "true": True, "false": False}

Cell = tuple[str, str]  # consultant, provider
Sizes = tuple[float, float, float]  # in the order of MEASURES


@dataclass
class Roster:
    """The truth of one release, indicator and period. `secret`: who may not be named; None where the file does not
    say, and then everybody who is not shown counts as one."""

    cells: dict[Cell, Sizes] = field(default_factory=dict)
    secret: set[str] | None = None

    @property
    def people(self) -> set[str]:
        return {person for person, _ in self.cells if person != NOBODY}

    def units_of(self, person: str) -> list[str]:
        return sorted(unit for one, unit in self.cells if one == person)

    def same_figures(self, other: "Roster") -> bool:
        return self.cells == other.cells


Rosters = Mapping[tuple[str, str, str], Roster]  # by release (or EVERY_RELEASE), indicator, period


@dataclass(frozen=True)
class External:
    """A total published elsewhere. `node` is a provider's id, a region, or `*` for the whole set."""

    node: str
    indicator: str
    period: str
    measure: str
    span: Span
    source: str


def read_rosters(files: Iterable[Path]) -> Rosters:
    """Raises CouldNotJudge with the line that is not understood."""
    found: dict[tuple[str, str, str], Roster] = defaultdict(Roster)
    for file in files:
        for place, line in _lines(file, ROSTER):
            key = (line.get("release", EVERY_RELEASE), line["indicator"], line["period"])
            _add(found[key], line, place)
    return dict(found)


def _add(roster: Roster, line: Mapping[str, str], place: str) -> None:
    cell = (line["consultant"], line["provider"])
    if cell in roster.cells:
        raise CouldNotJudge(f"{place}: this consultant and provider have a line already. Give each one once.")
    cases, observed, expected = (_number(line[name], name, place) for name in MEASURES)
    roster.cells[cell] = (cases, observed, expected)
    if "secret" in line:
        roster.secret = set() if roster.secret is None else roster.secret
        if line["secret"].lower() not in WORDS:
            raise CouldNotJudge(f"{place}: secret is {line['secret']!r}; yes or no is expected.")
        if WORDS[line["secret"].lower()] and cell[0] != NOBODY:
            roster.secret.add(cell[0])


def _number(text: str, name: str, place: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise CouldNotJudge(f"{place}: {name} is {text!r}; a number that is not negative is expected.")
    return value


def read_external(files: Iterable[Path]) -> list[External]:
    """CSV, or TOML with tables `[[total]]` of the same names. Raises CouldNotJudge."""
    found = []
    for file in files:
        for place, line in _totals(file) if file.suffix == ".toml" else _lines(file, EXTERNAL):
            if line["measure"] not in (*MEASURES, COUNTED):
                known = ", ".join((*MEASURES, COUNTED))
                raise CouldNotJudge(f"{place}: measure is {line['measure']!r}; {known} are expected.")
            value, step = _number(line["value"], "value", place), _number(line["rounding"], "rounding", place)
            found.append(External(line["node"], line["indicator"], line["period"], line["measure"],
                                  to_step(value, step), line["source"]))  # fmt: skip
    return found


def _totals(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        told: Any = tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise CouldNotJudge(f"{file} cannot be read: {error}") from None
    for number, one in enumerate(told.get("total", []), 1):
        place = f"{file}, total {number}"
        _refuse_missing(one, EXTERNAL, place)
        yield place, {name: str(value) for name, value in one.items()}


def _lines(file: Path, columns: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            _refuse_missing(reader.fieldnames or (), columns, str(file))
            for line in reader:
                if None in line or None in line.values():
                    raise CouldNotJudge(f"{file}, line {reader.line_num}: not as many cells as the header has.")
                yield f"{file}, line {reader.line_num}", line
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotJudge(f"{file} cannot be read: {error}") from None


def _refuse_missing(found: Iterable[str], expected: Iterable[str], place: str) -> None:
    missing = [name for name in expected if name not in set(found)]
    if missing:
        raise CouldNotJudge(f"{place} has no {', '.join(missing)}; expected are {', '.join(expected)}.")
