"""Rows of a source's shape, some of them spoiled in the ways that exports, spreadsheets and people spoil them."""

import csv
import io
import random
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

Mutation = Callable[[random.Random, str], str]
FULL_WIDTH: Final = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC: Final = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WORDS: Final = ("St Mary's", "Ward 7", "Überlingen", "A & E", "Leeds, West", "-", "(all)", 'The "Grove"')
EXAMPLES: Final = {
    "^E[0-9]{7}$": "E0000001", "^[A-Z]{2}[0-9]{3}$": "ZZ001", "^[0-9]{7}$": "9900001", "^[0-9A-Z]{3}$": "RX1",
    "^[0-9A-Z]{3,6}$": "RX1A",
}  # fmt: skip
ODD: Final = (
    "", "-", "*", ":", "NA", "N/A", "null", "NaN", "inf", "1e5", "1E400", "0x1F", "1_000", "1,234", "1.234,5", "½",
    "Ⅻ", "2024-02-30", "2023-02-29", "2024-2-3", "30/02/2024", "2024-13-01", "2024-00-10", "24:00", "23:60",
    "20240230", "31Feb2024", "01jan2022", "99999999999999999999", "-9223372036854775809", "9223372036854775807",
    "-0", "-0.0", "+5", "5.", ".5", "5.0", "5.00", "5.01", "0001", "2001-02", "2001-03", "0102", "9900",
    "JUNE-2024", "Sept-2024", "2024-06", "=1+1", "@a", "+cmd", "-2+3", "-5", "89.80%", "89.80 %", "1,23,456",
    "12,345.0", "true", "TRUE", "Y", "y", "#DIV/0!", "2012-2014", "2014-2012", "0000-01-01", "9999-12-31",
    "1801-01-01", "\u00a0", "\u3000", "\t", "a\tb", "\u200e", "e\u0301",
)  # fmt: skip


def right(rng: random.Random, column: Mapping[str, Any]) -> str:
    """A cell as the source wants it."""
    return str(RIGHT[column["type"]](rng, column))


def _number(rng: random.Random, column: Mapping[str, Any]) -> str:
    low, high = column.get("min", -1000), column.get("max", 100_000)
    value = rng.randint(int(low), int(min(high, low + 100_000)))
    if column["type"] == "float":
        return f"{value}.{rng.randrange(100):02}{column.get('suffix', '')}" if value < high else str(value)
    return f"{value:,}" if column.get("thousands") and rng.random() < 0.5 else f"{value}{column.get('suffix', '')}"


def _day(rng: random.Random, column: Mapping[str, Any]) -> str:
    day: date = column["first"] + timedelta(rng.randrange((column["last"] - column["first"]).days + 1))
    form = rng.choice(column.get("forms", ["iso"]))
    iso = day.isoformat()
    return {
        "iso": iso, "compact": iso.replace("-", ""), "slashed": "/".join(reversed(iso.split("-"))),
        "short-month": f"{iso[8:]}{day:%b}{iso[:4]}",
    }[form]  # fmt: skip


def _period(rng: random.Random, column: Mapping[str, Any]) -> str:
    year = rng.randint(column["first_year"], column["last_year"])
    month = rng.randint(1, 12)
    written = {
        "years": f"{year}", "month": f"{year}-{month:02}", "month-in-words": f"{date(2000, month, 1):%B}-{year}",
        "financial-year": f"{year}-{(year + 1) % 100:02}",
    }  # fmt: skip
    return str(column.get("before", "")) + written[column.get("form", "years")]


RIGHT: Final[dict[str, Callable[[random.Random, Mapping[str, Any]], Any]]] = {
    "text": lambda rng, column: EXAMPLES[column["pattern"]] if "pattern" in column else rng.choice(WORDS),
    "identifier": lambda rng, column: str(rng.randrange(10 ** min(column["width"], 9))),
    "code": lambda rng, column: rng.choice(column["codes"]),
    "slug": lambda rng, column: rng.choice(list(column["mapping"])),
    "flag": lambda rng, column: rng.choice([*column["yes"], *column["no"]]),
    "int": _number,
    "float": _number,
    "date": _day,
    "period": _period,
}
MUTATIONS: Final[tuple[Mutation, ...]] = (
    lambda rng, cell: rng.choice(ODD),
    lambda rng, cell: rng.choice((" ", "\t", "  ", "\u00a0", "\u2009")) + cell,
    lambda rng, cell: cell + rng.choice((" ", "\t", "\u00a0", "\u200b")),
    lambda rng, cell: cell.translate(rng.choice((FULL_WIDTH, ARABIC))),
    lambda rng, cell: rng.choice("+-=@'\"") + cell,
    lambda rng, cell: cell + rng.choice(("e5", "E-3", ".0", ".5", "%", ",", ";", "L")),
    lambda rng, cell: rng.choice(("0", "00")) + cell,
    lambda rng, cell: cell.swapcase(),
    lambda rng, cell: cell[:-1],
    lambda rng, cell: cell[: (at := rng.randrange(len(cell) + 1))] + rng.choice("0159,. -/\"'xé\u0301") + cell[at:],
    lambda rng, cell: "".join(rng.sample(cell, len(cell))),
    lambda rng, cell: cell * rng.choice((2, 3, 40)),
    lambda rng, cell: cell.replace("-", "/"),
    lambda rng, cell: cell + chr(rng.choice((0x07, 0x1B, 0x7F, 0x85, 0x202E, 0xFEFF))),
)


def line_of(rng: random.Random, cells: list[str]) -> str:
    """As CSV, in one line; now and then with a mark that does not belong there, or far too long."""
    out = io.StringIO()
    csv.writer(
        out, lineterminator="", quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    ).writerow(cells)
    line = out.getvalue()
    if (luck := rng.random()) < 0.01:
        at = rng.randrange(len(line) + 1)
        return line[:at] + rng.choice(('"', ",", '""', ',"')) + line[at:]
    return line + "x" * (70_000 if luck > 0.9998 else 0)
