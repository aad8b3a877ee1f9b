"""One row of a view as a CSV line. One header for every CSV of results; new columns only at its end. Pure."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

from shared.contracts.public.reasons import ABSENCE_REASONS
from shared.contracts.views import IndicatorEntry

HEADER: Final[tuple[str, ...]] = (
    "result_id", "status", "reason", "shorthand", "partition", "release", "level", "provider_id", "provider_name",
    "provider_kind", "consultant_id", "consultant_name", "indicator_id", "indicator_label", "indicator_version",
    "unit", "polarity", "decimals", "period_start", "period_end", "value_kind", "estimate", "interval_level",
    "interval_lower", "interval_upper", "interval_method", "observed", "expected", "denominator",
    "standardised_ratio", "crude", "benchmark_scope", "benchmark_value", "comparison_status", "not_rated_reason",
    "position", "band", "limits_method", "warning_lower", "warning_upper", "control_lower", "control_upper",
    "reliability", "power_to_detect_doubling", "min_detectable_ratio", "case_ascertainment", "quality_flags",
    "rank_lower", "rank_upper", "ranked_of", "legal_basis", "risk_model", "disclosure_rule", "summary",
    "robustness_paths", "robustness_agreeing", "robustness_share", "robustness_differing",
    "reply_status", "reply_author", "reply_received", "reply_text", "reply_invited_until",
    "word", "reported_as_id", "reported_as_name",
)  # fmt: skip
RANK_COLUMNS: Final = ("rank_lower", "rank_upper", "ranked_of")
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_row(release: str, row: Mapping[str, Any], indicator: IndicatorEntry, *, ranked: bool = False) -> list[str]:
    """Cells in the order of HEADER; numbers as numbers, text made harmless to spreadsheets, empty where absent.

    `ranked`: with the interval of the place, which is filled on request only."""
    entry = ABSENCE_REASONS.entry(row["reason"]) if row["reason"] is not None else None
    extra = {
        "result_id": row["id"],
        "shorthand": entry.mark if entry else None,
        "release": release,
        "indicator_label": indicator.label,
        "indicator_version": indicator.version,
        "unit": indicator.unit,
        "polarity": indicator.polarity,
        "decimals": indicator.decimals,
        "crude": None if row["level"] == "consultant" else row["crude"],
        **({} if ranked else dict.fromkeys(RANK_COLUMNS)),
    }
    return [cell(extra[name] if name in extra else row.get(name)) for name in HEADER]


def cell(value: str | float | int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return repr(value)


def csv_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """RFC 4180: commas, CRLF, quotes where needed, no byte-order mark."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
