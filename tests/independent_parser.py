"""What a source's TOML says, done by hand: Python's csv, datetime, Decimal and int, no polars and nothing of ingest.

Written from the words of the TOML, to be compared with ingest itself. A row is its canonical values, or None where it
is to be set aside.
"""

import calendar
import csv
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

WHOLE: Final = re.compile(r"-?[0-9]+", re.ASCII)
PLAIN: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
EXPONENT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?", re.ASCII)
BOUNDS: Final = {8: (-128, 127), 64: (-(2**63), 2**63 - 1)}
FORMS: Final = {
    "iso": ("%Y-%m-%d", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")),
    "compact": ("%Y%m%d", re.compile(r"[0-9]{8}")),
    "slashed": ("%d/%m/%Y", re.compile(r"[0-9]{2}/[0-9]{2}/[0-9]{4}")),
    "short-month": ("%d%b%Y", re.compile(r"[0-9]{2}[A-Za-z]{3}[0-9]{4}")),
}
NUMBER_AFTER_SIGN: Final = re.compile(r"[-+] ?[0-9.,][0-9 .,]*%?")


MOST: Final = 64 << 10
HIDDEN: Final = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
QUOTED: Final = re.compile(r'(?:[^",]*|"(?:[^"]|"")*")(?:,(?:[^",]*|"(?:[^"]|"")*"))*')
LINE, NAME = "\x00line", "\x00name"  # no header is called so


class SetAside(Exception):
    """This row is not taken."""


def cells_of(line: str, header: list[str]) -> dict[str, str] | None:
    """The cells of a line by header; None where it is no row: the wrong number of fields, a quotation mark that neither
    opens, closes nor doubles, a control character, or too long."""
    if len(line.encode()) > MOST or HIDDEN.search(line):
        return None
    if '"' in line and not QUOTED.fullmatch(line):
        return None
    fields = next(csv.reader([line], strict=True))
    return dict(zip(header, fields, strict=True)) if len(fields) == len(header) else None


def row_of(cells: Mapping[str, str], number: int, name: str, toml: Mapping[str, Any]) -> dict[str, Any] | None:
    """Canonical values of the row in line `number` of a file called `name`, whose cells are given by header; None where
    it is set aside. No aggregate rules, no pseudonyms."""
    cells = {**cells, LINE: str(number), NAME: name}
    found: dict[str, Any] = {}
    try:
        for column in toml["columns"]:
            found |= _column(cells, column, toml)
        for rule in toml.get("at_most", ()):
            if None not in (most := (found[rule["column"]], found[rule["limit"]])) and most[0] > most[1]:
                return None
    except SetAside:
        return None
    return {name: value for name, value in found.items() if name in _kept(toml)}


def _kept(toml: Mapping[str, Any]) -> set[str]:
    kept = {column["name"] for column in toml["columns"] if column.get("keep", True)}
    return kept | {f"{column['name']}_absent" for column in toml["columns"] if column.get("keep_reason")}


def _column(cells: Mapping[str, str], column: Mapping[str, Any], toml: Mapping[str, Any]) -> dict[str, Any]:
    if column["type"] in OF_THE_FILE:
        return {column["name"]: OF_THE_FILE[column["type"]](cells, column)}
    called = [column["from"]] if isinstance(column["from"], str) else column["from"]
    raw = next((cells[name] for name in called if name in cells), None)
    if raw is None:
        return {column["name"]: None} | ({f"{column['name']}_absent": "missing"} if column.get("keep_reason") else {})
    text = raw.rstrip(" \t").lstrip(" ") if column["type"] == "text" else raw.strip(" \t")
    reasons = {**dict.fromkeys(toml["null_tokens"], "missing"), **toml.get("reasons", {}), **column.get("absent", {})}
    name, reason = column["name"], None
    if text in reasons:
        reason = reasons[text]
        if column.get("required", True) and text not in column.get("absent", {}):
            raise SetAside
        value = column.get("when_missing")
    else:
        value = READ[column["type"]](text, column)
    return {name: value} | ({f"{name}_absent": reason} if column.get("keep_reason") else {})


def _text(text: str, column: Mapping[str, Any]) -> str:
    if text[:1] in ("=", "@", "\t") or (text[:1] in ("+", "-") and not NUMBER_AFTER_SIGN.fullmatch(text)):
        raise SetAside
    if len(text) > column.get("most_characters", 200):
        raise SetAside
    if "pattern" in column and not re.search(column["pattern"].replace("$", r"\Z"), text, re.ASCII):
        raise SetAside
    return text


def _identifier(text: str, column: Mapping[str, Any]) -> str:
    allowed = "0123456789" + ("ABCDEFGHIJKLMNOPQRSTUVWXYZ" if column.get("letters") else "")
    if not 1 <= len(text) <= column["width"] or any(mark not in allowed for mark in text):
        raise SetAside
    return text.rjust(int(column["width"]), "0")


def _code(text: str, column: Mapping[str, Any]) -> str:
    if text not in column["codes"]:
        raise SetAside
    return text


def _slug(text: str, column: Mapping[str, Any]) -> str:
    if text not in column["mapping"]:
        raise SetAside
    return str(column["mapping"][text])


def _flag(text: str, column: Mapping[str, Any]) -> bool:
    if text not in (*column["yes"], *column["no"]):
        raise SetAside
    return text in column["yes"]


def _bare(text: str, column: Mapping[str, Any]) -> str:
    """Without the suffix, which each has, and without commas that group digits by three."""
    suffix = column.get("suffix", "")
    if not text.endswith(suffix):
        raise SetAside
    bare = text[: len(text) - len(suffix)] if suffix else text
    if column.get("thousands") and "," in bare:
        whole, point, rest = bare.partition(".")
        groups = whole.removeprefix("-").split(",")
        if not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]) or "," in rest:
            raise SetAside
        bare = whole.replace(",", "") + point + rest
    return bare


def _within(value: float, column: Mapping[str, Any]) -> None:
    if value < column.get("min", value) or value > column.get("max", value):
        raise SetAside


def _int(text: str, column: Mapping[str, Any]) -> int:
    bare = _bare(text, column)
    if column.get("decimal") and "." in bare:
        bare, _, rest = bare.partition(".")
        if not rest or rest.strip("0"):
            raise SetAside
    if not WHOLE.fullmatch(bare):
        raise SetAside
    value = int(bare[:40]) if len(bare) <= 40 else int(bare.lstrip("-0")[:40] or 0) * 10**9
    low, high = BOUNDS[column.get("bits", 64)]
    if not low <= value <= high:
        raise SetAside
    _within(value, column)
    return value


def _float(text: str, column: Mapping[str, Any]) -> float:
    bare = _bare(text, column)
    if not (EXPONENT if column.get("exponents") else PLAIN).fullmatch(bare):
        raise SetAside
    value = float(Decimal(bare))
    if value in (float("inf"), float("-inf")):
        raise SetAside
    _within(value, column)
    return value + 0.0


def _date(text: str, column: Mapping[str, Any]) -> date:
    for form in column.get("forms", ["iso"]):
        written, shape = FORMS[form]
        if shape.fullmatch(text):
            try:
                found = datetime.strptime(text, written).date()  # noqa: DTZ007  # a day has no zone
            except ValueError:
                raise SetAside from None
            if not column["first"] <= found <= column["last"]:
                raise SetAside
            return found
    raise SetAside


def _period(text: str, column: Mapping[str, Any]) -> date:
    bare = text.removeprefix(column.get("before", ""))
    first, last = PERIODS[column.get("form", "years")](bare, column)
    years = (first.year, last.year)
    if years[0] < column["first_year"] or years[1] > column["last_year"]:
        raise SetAside
    return first if column["edge"] == "first-day" else last


def _years(text: str, column: Mapping[str, Any]) -> tuple[date, date]:
    first, _, last = text.partition("-") if "-" in text else (text, "", text)
    if not all(re.fullmatch("[0-9]{4}", year) for year in (first, last)) or not 0 < int(first) <= int(last):
        raise SetAside
    return date(int(first), 1, 1), date(int(last), 12, 31)


def _in_words(text: str, column: Mapping[str, Any]) -> tuple[date, date]:
    found = re.fullmatch(r"([A-Za-z]+)[- ]([0-9]{4})", text)
    months = [month.lower() for month in calendar.month_name]
    if not found or found[1].lower() not in months or not int(found[2]):
        raise SetAside
    return _month(int(found[2]), months.index(found[1].lower()))


def _in_figures(text: str, column: Mapping[str, Any]) -> tuple[date, date]:
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})(-01)?", text)
    if not found or not 1 <= int(found[2]) <= 12 or not int(found[1]):
        raise SetAside
    return _month(int(found[1]), int(found[2]))


def _month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _financial(text: str, column: Mapping[str, Any]) -> tuple[date, date]:
    if re.fullmatch("[0-9]{4}-[0-9]{2}", text):
        year, end = int(text[:4]), int(text[5:])
    elif re.fullmatch("[0-9]{4}", text):
        end, begins = int(text[2:]), int(text[:2])
        year = next(one for one in range(column["first_year"], column["first_year"] + 100) if one % 100 == begins)
    else:
        raise SetAside
    if end != (year + 1) % 100 or not year:
        raise SetAside
    return date(year, 4, 1), date(year + 1, 3, 31)


def _named(cells: Mapping[str, str], column: Mapping[str, Any]) -> date:
    days: list[date] = column["periods"][re.search(column["pattern"], cells[NAME])[1]]  # type: ignore[index]
    return days[0] if column["edge"] == "first-day" else days[1]


PERIODS: Final = {"years": _years, "month-in-words": _in_words, "month": _in_figures, "financial-year": _financial}
OF_THE_FILE: Final[dict[str, Callable[[Mapping[str, str], Mapping[str, Any]], Any]]] = {
    "line": lambda cells, _column: int(cells[LINE]),
    "named-period": _named,
    "constant": lambda _cells, column: column["value"],
}
READ: Final = {
    "text": _text, "identifier": _identifier, "code": _code, "slug": _slug, "flag": _flag, "int": _int,
    "float": _float, "date": _date, "period": _period,
}  # fmt: skip
