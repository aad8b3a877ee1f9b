"""Nothing leaves without a figure or a reason: what every row of a release must have, in JSON and in CSV.

Each check gives the violations as sentences.
"""

import csv
import io
import json
import math
from collections.abc import Iterator
from typing import Any, Final

import httpx

Row = dict[str, Any]
FIGURES: Final = ("estimate", "observed", "expected", "denominator")
INTERVAL: Final = ("level", "lower", "upper")
NUMERIC: Final = (
    "decimals", "estimate", "interval_level", "interval_lower", "interval_upper", "observed", "expected",
    "denominator", "standardised_ratio", "crude", "benchmark_value", "warning_lower", "warning_upper", "control_lower",
    "control_upper", "reliability", "power_to_detect_doubling", "min_detectable_ratio", "case_ascertainment",
    "rank_lower", "rank_upper", "ranked_of", "robustness_paths", "robustness_agreeing", "robustness_share",
)  # fmt: skip
WITH_AN_ESTIMATE: Final = (
    "interval_level", "interval_lower", "interval_upper", "interval_method", "observed", "expected", "denominator",
    "comparison_status",
)  # fmt: skip
NAKED: Final = frozenset({"null", "none", "nan", "na", "n/a", "inf", "-inf", "infinity", "-infinity", "undefined"})


def pages(reader: httpx.Client, release: str, query: str = "limit=1000") -> Iterator[Row]:
    """Every page of a release's results, refusing what JSON has no word for."""
    path: str | None = f"/v1/releases/{release}/results?{query}"
    while path:
        page: Row = strict(reader.get(path).raise_for_status().text)
        yield page
        path = page["links"].get("next")


def strict(text: str) -> Row:
    """Raises ValueError for NaN and Infinity."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} in an answer")

    found: Row = json.loads(text, parse_constant=refuse)
    return found


def naked(body: object, where: str = "") -> Iterator[str]:
    """Where a null or a number that is not finite stands."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from naked(value, f"{where}/{key}")
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield from naked(value, f"{where}/{number}")
    elif body is None or (isinstance(body, float) and not math.isfinite(body)):
        yield f"{where} is {body}"


def row_violations(row: Row) -> list[str]:
    """What one row of JSON lacks, or has and must not have."""
    found = _published(row) if row["status"] == "published" else _absent(row)
    return [f"{row['id']}: {what}" for what in [*found, *naked(row)]]


def _published(row: Row) -> Iterator[str]:
    value, comparison = row.get("value", {}), row.get("comparison", {})
    interval = value.get("interval", {})
    yield from (f"value.{name} is no number" for name in FIGURES if not _is_number(value.get(name)))
    yield from (f"value.interval.{name} is no number" for name in INTERVAL if not _is_number(interval.get(name)))
    if not interval.get("method"):
        yield "the interval has no method"
    if "absence" in row:
        yield "published, and absent"
    if comparison.get("status") not in ("rated", "not_rated"):
        yield "comparison has no status"
    elif comparison["status"] == "rated" and not comparison.get("position"):
        yield "rated without a position"
    elif comparison["status"] == "not_rated" and not comparison.get("reason"):
        yield "not rated without a reason"
    if comparison.get("status") == "not_rated" and comparison.keys() & {"position", "band"}:
        yield "not rated, and placed"


def _absent(row: Row) -> Iterator[str]:
    absence = row.get("absence", {})
    yield from (f"absence has no {name}" for name in ("reason", "explanation") if not absence.get(name))
    yield from (f"absent, with {name}" for name in ("value", "comparison", "certainty") if name in row)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def csv_violations(row: dict[str, str]) -> list[str]:
    """What one line of CSV lacks, or has and must not have."""
    return [f"{row['result_id']}: {what}" for what in _of_line(row)]


def _of_line(row: dict[str, str]) -> Iterator[str]:
    yield from (f"{name} is {row[name]!r}" for name in NUMERIC if row[name] and not _is_written_number(row[name]))
    yield from (f"{name} is {text!r}" for name, text in row.items() if text.strip().lower() in NAKED)
    if row["estimate"]:
        yield from (f"an estimate without {name}" for name in WITH_AN_ESTIMATE if not row[name])
        if row["reason"] or row["status"] != "published":
            yield "an estimate, and absent"
    elif not row["reason"] or row["status"] == "published":
        yield "no estimate and no reason"
    if not row["position"] and not row["not_rated_reason"] and not row["reason"]:
        yield "no position and no reason"
    if row["position"] and (row["not_rated_reason"] or row["reason"]):
        yield "a position, and a reason for having none"


def _is_written_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and text == text.strip() and "_" not in text
    except ValueError:
        return False


def check_release(reader: httpx.Client, release: str) -> tuple[list[Row], list[dict[str, str]]]:
    """All rows of `release`, from JSON and from CSV, after every check on each and on both together."""
    rows: list[Row] = []
    for page in pages(reader, release):
        assert list(naked(page)) == []
        rows += page["data"]
        total = page["meta"]["total"]
    text = reader.get(f"/v1/releases/{release}/results.csv").raise_for_status().text
    lines = csv_rows(text)
    assert [what for row in rows for what in row_violations(row)] == []
    assert [what for line in lines for what in csv_violations(line)] == []
    assert len(rows) == total
    assert [row["id"] for row in rows] == [line["result_id"] for line in lines]
    assert rows, "an empty release proves nothing"
    return rows, lines
