"""Rows of results as they are served in each format, brought to one flat form: texts by the names of the CSV. Pure.

Numbers stay the texts that were sent: how many decimals they have is part of what they say.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

Row = dict[str, str]

KEY: Final = ("level", "subject", "indicator", "period")
NUMBERS: Final = (
    "estimate", "interval_lower", "interval_upper", "observed", "expected", "denominator", "standardised_ratio",
    "crude", "benchmark_value", "case_ascertainment", "warning_lower", "warning_upper", "control_lower",
    "control_upper", "reliability", "power_to_detect_doubling", "min_detectable_ratio",
)  # fmt: skip
TEXTS: Final = (
    "result_id", "status", "reason", "partition", "level", "provider_id", "consultant_id", "indicator_id",
    "interval_method", "comparison_status", "not_rated_reason", "position", "band",
)  # fmt: skip
FIGURES: Final = ("observed", "expected", "denominator", "case_ascertainment")
_VALUE: Final = {
    "estimate": "estimate", "observed": "observed", "expected": "expected", "denominator": "denominator",
    "standardised_ratio": "standardised_ratio", "crude": "crude",
}  # fmt: skip
_COMPARISON: Final = {"status": "comparison_status", "reason": "not_rated_reason", "position": "position",
                      "band": "band"}  # fmt: skip
KNOWN_VALUE: Final = frozenset({*_VALUE, "kind", "interval", "word"})
KNOWN_COLUMNS: Final = frozenset({
    *NUMBERS, *TEXTS, "shorthand", "release", "provider_name", "provider_kind", "consultant_name", "indicator_label",
    "indicator_version", "unit", "polarity", "decimals", "period_start", "period_end", "value_kind", "interval_level",
    "benchmark_scope", "limits_method", "quality_flags", "rank_lower", "rank_upper", "ranked_of",
    "legal_basis", "risk_model", "disclosure_rule", "summary", "robustness_paths", "robustness_agreeing",
    "robustness_share", "robustness_differing", "reply_status", "reply_author", "reply_received", "reply_text",
    "reply_invited_until", "word", "reported_as_id", "reported_as_name",
})  # fmt: skip


class NotRows(ValueError):
    """An answer that is not what its address promises."""


def parsed(body: bytes) -> Any:
    """JSON with its numbers as texts. Raises NotRows."""
    try:
        return json.loads(body, parse_float=str, parse_int=str)
    except ValueError as error:
        raise NotRows(f"not JSON: {error}") from None


def key_of(row: Mapping[str, str]) -> tuple[str, str, str, str]:
    return row["level"], row["subject"], row["indicator"], row["period"]


def from_body(body: Mapping[str, Any]) -> Row:
    """A row of JSON or NDJSON. Raises NotRows."""
    try:
        subject, period = body["subject"], body["period"]
        person = subject["level"] == "consultant"
        row = {
            "result_id": body["id"], "status": body["status"], "level": subject["level"],
            "subject": subject.get("reported_as", subject)["id"],  # of one period a successor may have several rows
            "indicator": body["indicator"]["id"], "period": period["id"],
        }  # fmt: skip
    except (KeyError, TypeError) as error:
        raise NotRows(f"a row without {error}") from None
    place = subject.get("provider", {}).get("id", "") if person else subject["id"]
    value, comparison = body.get("value", {}), body.get("comparison", {})
    told: dict[str, Any] = {"partition": body.get("partition"), "provider_id": place}
    told["reason"] = body.get("absence", {}).get("reason")
    told |= {name: value.get(key) for key, name in _VALUE.items()}
    told |= {name: comparison.get(key) for key, name in _COMPARISON.items()}
    told |= _ends("interval", value.get("interval", {})) | {"interval_method": value.get("interval", {}).get("method")}
    told["case_ascertainment"] = body.get("quality", {}).get("case_ascertainment")
    told["benchmark_value"] = comparison.get("benchmark", {}).get("value")
    for name in ("warning", "control"):
        told |= _ends(name, comparison.get("limits", {}).get(name, {}))
    told |= {name: body.get("certainty", {}).get(name) for name in NUMBERS[-3:]}
    return row | {name: str(one) for name, one in told.items() if one is not None and one != ""}


def _ends(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}_lower": body.get("lower"), f"{name}_upper": body.get("upper")}


def from_ndjson(body: bytes) -> list[Row]:
    """Without the line that says that it is whole. Raises NotRows where that is missing."""
    lines = [parsed(line) for line in body.splitlines() if line.strip()]
    if not lines or lines[-1].get("status") != "end":
        raise NotRows("NDJSON that was cut: the line `end` is missing")
    return [from_body(line) for line in lines[:-1]]


def from_csv(body: bytes) -> tuple[list[Row], list[str]]:
    """The rows, and the columns that this program does not know. Raises NotRows."""
    text = body.decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = list(reader.fieldnames or ())
    if not {"result_id", "level", "indicator_id", "period_start", "period_end"} <= set(header):
        raise NotRows("CSV without the columns that name a row")
    return [_of_line(line) for line in reader], [name for name in header if name not in KNOWN_COLUMNS]


def _of_line(line: Mapping[str, str]) -> Row:
    level = line["level"]
    told = {name: line[name] for name in (*TEXTS, *NUMBERS) if line.get(name) and name not in _IN_KEY}
    return told | {
        "level": level,
        "subject": line["consultant_id"]
        if level == "consultant"
        else line.get("reported_as_id") or line["provider_id"],
        "indicator": line["indicator_id"],
        "period": f"{line['period_start'][:7]}_{line['period_end'][:7]}",
    }


_IN_KEY: Final = ("indicator_id", "consultant_id")


def differences(one: Row, other: Row, names: Iterable[str]) -> Iterator[str]:
    """Names of what the two say differently; numbers are compared as numbers."""
    for name in names:
        left, right = one.get(name), other.get(name)
        if left != right and not (left and right and name in NUMBERS and float(left) == float(right)):
            yield name
