"""Ingest against a parser that knows nothing of it: the same values in every row, or set aside by both.

CI compares 20,000 rows; `make assure GOAL=ingest-differential` a million (`CANDOUR_DIFFERENTIAL_ROWS`).
"""

import copy
import os
import random
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from services.ingest.checks import LINE
from services.ingest.reading.read import read
from services.ingest.source import PACKAGED, Source
from services.ingest.spelling import spelled_out
from tests.independent_parser import cells_of, row_of
from tests.mutated_rows import MUTATIONS, line_of, right

ROWS: Final = int(os.environ.get("CANDOUR_DIFFERENTIAL_ROWS", "20000"))
IN_FILE: Final = 20_000
EVERYTHING: Final[dict[str, Any]] = {
    "id": "everything", "label": "A column of every kind (synthetic)", "kind": "values", "schema_version": 1,
    "synthetic": True, "encodings": ["utf-8"], "null_tokens": ["", "NA"],
    "reasons": {"*": "suppressed", ":": "not_available"}, "key": ["id"],
    "columns": [
        {"from": "id", "type": "text", "most_characters": 12},
        {"from": "code", "type": "identifier", "width": 6, "letters": True, "required": False, "keep_reason": True},
        {"from": "yes", "type": "flag", "yes": ["Y", "1"], "no": ["N"], "required": False, "keep_reason": True},
        {"from": "whole", "type": "int", "decimal": True, "thousands": True, "min": -5000, "max": 1_000_000,
         "required": False},
        {"from": "small", "type": "int", "bits": 8, "min": -100, "max": 100, "absent": {"99": "not_known"},
         "keep_reason": True},
        {"from": "share", "type": "float", "suffix": "%", "min": 0, "max": 100, "required": False, "keep_reason": True},
        {"from": "grouped", "type": "float", "thousands": True, "exponents": True, "required": False},
        {"from": "day", "type": "date", "forms": ["iso", "compact", "slashed", "short-month"],
         "first": date(1801, 1, 1), "last": date(2030, 12, 31)},
        {"from": "year", "type": "period", "edge": "last-day", "first_year": 1990, "last_year": 2030},
        {"from": "month", "type": "period", "edge": "first-day", "form": "month", "first_year": 1990,
         "last_year": 2030, "required": False},
        {"from": "word", "type": "period", "edge": "last-day", "form": "month-in-words", "before": "M-",
         "first_year": 1990, "last_year": 2030},
        {"from": "fyear", "type": "period", "edge": "last-day", "form": "financial-year", "first_year": 1980,
         "last_year": 2079},
    ],
}  # fmt: skip
NAMES: Final = {
    "candour-demo": "episodes.csv", "candour-demo-consultants": "consultants.csv", "shmi": "shmi-2011-october.csv",
    "california": "inpatient_mortality_2012.csv", "medicare-arizona": "medpar.csv", "prevalence": "prevalence.csv",
    "nhsr-ae": "ae_attendances.csv", "cancer-waits": "cancer_wait_times_trust_2022.csv",
    "heart-attack-trial": "gusto.csv",
    "everything": "everything.csv",
}  # fmt: skip


def said_by(name: str) -> dict[str, Any]:
    """The TOML in full; every column may hold everything, since what is personal has tests of its own."""
    own = name == "everything"
    said = EVERYTHING if own else tomllib.loads((PACKAGED / f"{name}.toml").read_text(encoding="utf-8"))
    told = copy.deepcopy(dict(spelled_out(said)))
    for column in told["columns"]:
        if column["type"] in ("text", "identifier"):
            column |= {"may_hold": ["nhs-number", "postcode", "date-of-birth", "name"], "why": "A test of values."}
    return told


def lines_of(rng: random.Random, toml: dict[str, Any], rows: int) -> list[str]:
    """Rows of the first layout: a third as they should be, the others spoiled once or twice."""
    by_header = {name: column for column in toml["columns"] for name in _called(column)}
    lines = []
    for _ in range(rows):
        cells = [right(rng, by_header[name]) for name in toml["header"]]
        for _ in range(rng.choice((0, 1, 2))):
            at = rng.randrange(len(cells))
            cells[at] = rng.choice(MUTATIONS)(rng, cells[at])
        lines.append(line_of(rng, cells))
    return lines


def _called(column: dict[str, Any]) -> list[str]:
    names = column.get("from", [])
    return [names] if isinstance(names, str) else list(names)


def compared(toml: dict[str, Any], lines: list[str], folder: Path, name: str) -> tuple[int, int]:
    """How many rows both took, and how many both set aside; fails where they differ."""
    path = folder / "file.csv"
    path.write_text(
        "\n".join([",".join(f'"{one}"' for one in toml["header"]), *lines, ""]), encoding="utf-8", newline=""
    )
    reading = read(path, Source.model_validate(toml), name)
    taken = {row.pop(LINE): row for row in reading.rows.drop("_aggregate", "_lines").to_dicts()}
    aside = dict(reading.aside.select("line", "code").iter_rows())
    blank = 0
    for number, line in enumerate(lines, 2):
        cells = cells_of(line, toml["header"])
        expected = None if cells is None else row_of(cells, number, name, toml)
        assert taken.get(number) == expected, f"{line!r}: {aside.get(number)}"
        assert expected is None or _types(taken[number]) == _types(expected), repr(line)
        blank += not line.strip(" \t\r")
        assert (number in taken) != (number in aside), f"{line!r} has one fate"
    assert reading.lines == len(lines) + 1
    assert reading.blank == blank == 0
    assert not set(aside) & set(taken)
    return len(taken), len(aside)


def _types(row: dict[str, Any]) -> list[type]:
    return [type(value) for _, value in sorted(row.items())]


def test_a_mutated_row_has_the_same_values_or_is_set_aside_by_both(tmp_path: Path) -> None:
    each = max(1, ROWS // len(NAMES))
    for place, (source, name) in enumerate(NAMES.items()):
        toml, taken, aside, done = said_by(source), 0, 0, 0
        while done < each:
            rng = random.Random(1_000_000 * place + done)
            rows = min(IN_FILE, each - done)
            some = compared(toml, lines_of(rng, toml, rows), tmp_path, name)
            taken, aside, done = taken + some[0], aside + some[1], done + rows
        assert taken > each // 5, f"{source}: rows were to be taken, too: {taken} of {each}"
        assert aside > each // 10, f"{source}: {aside} of {each}"
        if ROWS > 20_000:
            print(f"{source}: {taken:,} taken and {aside:,} set aside by both, of {each:,}")  # noqa: T201


@pytest.mark.parametrize(
    ("line", "wrong"),
    [("a,b", {"id": "x"}), ("k1,A1", None)],
)
def test_a_parser_that_says_something_else_is_noticed(line: str, wrong: Any, tmp_path: Path) -> None:
    toml = {
        "id": "two", "label": "Two", "kind": "values", "schema_version": 1, "synthetic": True, "encodings": ["utf-8"],
        "null_tokens": [""], "key": ["id"], "header": ["id", "cell"],
        "columns": [{"name": "id", "from": "id", "type": "text"}, {"name": "cell", "from": "cell", "type": "text"}],
    }  # fmt: skip
    assert compared(toml, [line], tmp_path, "two.csv") == (1, 0)
    assert row_of(cells_of(line, ["id", "cell"]) or {}, 2, "two.csv", toml) != wrong
