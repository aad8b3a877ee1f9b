"""A release with what others have published: words, shares, verdicts, absences with reasons, and merged trusts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from services.gateway.view.compile import compile_view
from shared.contracts.base import Contract
from shared.contracts.views import IndicatorEntry, ProviderEntry, Succession
from tests.unit.test_gateway_baked import DAY, FIXED, MIXED, PERIOD, Baked, first_view, indicator, provider, row_of

RATING, WAITS, GAIN = "cqc-rating", "ae-within-4-hours", "hip-health-gain"
NEWER, BEFORE, SPLIT, PRACTICE, BOARD, CLOSED, ALONE = "R1F", "5QT", "5AA", "A81001", "QRL", "RXX", "RZZ"
APRIL: Final = date(2012, 4, 1)
ISLE, PCT = "Isle of Wight NHS Trust", "Isle of Wight NHS Primary Care Trust"
EARLIER_PERIOD: Final = "2010-04_2011-03"
WORDS: Final = ["Inadequate", "Requires improvement", "Good", "Outstanding"]
REGULATOR, ENGLAND = "Care Quality Commission", "NHS England"


def plain(name: str, label: str, unit: str, decimals: int, source: str, **given: Any) -> IndicatorEntry:
    entry = indicator(name, False)
    return entry.model_copy(update={
        "label": label, "unit": unit, "decimals": decimals, "source": source, "recipe": "published",
        "status": "reproduced", "synthetic": False, "ranked": False, "periods": [EARLIER_PERIOD, PERIOD],
        "interval_method": "published", "limits_method": "published", "min_denominator": "none",
        "min_expected": "none", **given,
    })  # fmt: skip


def of(code: str, name: str, kind: str, region: str = "South East", **given: Any) -> ProviderEntry:
    return ProviderEntry(id=code, name=name, kind=kind, region=region, register_source="ODS", register_as_of=DAY,
                         synthetic=False, **given)  # fmt: skip


def places() -> list[ProviderEntry]:
    became = {"relation": "successor", "id": NEWER, "name": ISLE, "since": APRIL}
    came = {"relation": "predecessor", "id": BEFORE, "name": PCT, "since": APRIL}
    split = Succession(relation="successor", id=BOARD, name="Hampshire Board")
    return [
        *(provider(f"ZZ00{n}", region) for n, region in ((1, "London"), (2, "Wessex"), (3, "Wessex"))),
        of(NEWER, ISLE, "trust", town="Newport", postcode="PO30 5TG", active=True, opened=APRIL, parent=BOARD,
           succession=[Succession.model_validate(came)]),
        of(BEFORE, PCT, "trust", "Not stated", active=False, closed=date(2012, 3, 31),
           succession=[Succession.model_validate(became)]),
        of(SPLIT, "Hampshire Primary Care Trust", "area", active=False, succession=[split]),
        of(BOARD, "Hampshire Board", "area",
           succession=[Succession(relation="predecessor", id=SPLIT, name="Hampshire Primary Care Trust")]),
        of(PRACTICE, "The Densham Surgery", "gp-practice", "North East", town="Stockton-on-Tees", postcode="TS18 1HU"),
        of(CLOSED, "Côte Walk-in Centre", "other", active=False, closed=date(2020, 1, 31), postcode="PO3 0AA"),
        of(ALONE, "A Trust of Which Nothing Is Shown", "trust", active=True),
    ]  # fmt: skip


def figure(number: int, at: str, name: str, **given: Any) -> dict[str, Any]:
    """A row of an indicator that others publish: nothing of ours in it."""
    row = row_of(number, indicator_id=name, provider_id=at)
    nothing = dict.fromkeys(
        ["observed", "expected", "standardised_ratio", "benchmark_scope", "benchmark_value", "comparison_status",
         "position", "band", "limits_method", "warning_lower", "warning_upper", "control_lower", "control_upper",
         "reliability", "power_to_detect_doubling", "min_detectable_ratio", "summary", "certainty", "interval_level",
         "interval_lower", "interval_upper", "interval_method", "estimate", "denominator"]
    )  # fmt: skip
    entries = {one.id: one for one in places()}
    named = {"provider_name": entries[at].name, "provider_kind": entries[at].kind, "legal_basis": "not_applicable"}
    return row | nothing | named | given


def earlier(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"period_id": EARLIER_PERIOD, "period_start": date(2010, 4, 1), "period_end": date(2011, 3, 31)}


def absent(number: int, at: str, name: str, reason: str) -> dict[str, Any]:
    return figure(number, at, name, status="not_available", reason=reason, value_kind=None, quality_flags=None)


def rows() -> list[dict[str, Any]]:
    share = {"value_kind": "proportion", "interval_level": 0.95, "interval_method": "wilson"}
    before = {"reported_as_id": BEFORE, "reported_as_name": PCT}
    return [
        figure(20, NEWER, RATING, value_kind="word", word="Requires improvement", summary="Requires improvement"),
        figure(21, PRACTICE, RATING, value_kind="word", word="Outstanding"),
        figure(22, NEWER, WAITS, estimate=71.4, interval_lower=70.1, interval_upper=72.7, denominator=4026,
               observed=2875, **share),
        earlier(figure(23, NEWER, WAITS, estimate=95.2, interval_lower=94.6, interval_upper=95.8, denominator=3900,
                       observed=3713, **share, **before)),
        absent(24, CLOSED, WAITS, "not_applicable"),
        figure(25, NEWER, GAIN, value_kind="mean", estimate=20.5, denominator=212,
               summary="Positive outlier (99.8%)", quality_flags=""),
        earlier(figure(26, NEWER, RATING, value_kind="word", word="Good", **before)),
        absent(27, PRACTICE, WAITS, "not_submitted"),
        row_of(28, provider_id=NEWER, indicator_id=FIXED, case_ascertainment=0.97)
        | {"provider_name": ISLE, "provider_kind": "trust"},
        row_of(29, provider_id=NEWER, indicator_id=FIXED, case_ascertainment=0.62, comparison_status="not_rated",
               not_rated_reason="case_ascertainment_low", position=None, band=None, summary=None)
        | {"provider_name": ISLE, "provider_kind": "trust", **before},
    ]  # fmt: skip


@dataclass
class Plain(Baked):
    """Baked as any other view, with its own organisations and indicators."""

    def files(self) -> dict[str, bytes]:
        entries = [
            indicator(FIXED, False), indicator(MIXED, True),
            plain(RATING, "Rating by the regulator", "word", 0, REGULATOR, words=WORDS, polarity="higher_is_better"),
            plain(WAITS, "Seen within four hours", "percent", 1, ENGLAND),
            plain(GAIN, "Health gain after a hip replacement", "points", 1, ENGLAND, licence="PUBLIC_DOMAIN"),
        ]  # fmt: skip
        own: dict[str, Sequence[Contract]] = {"providers.json": places(), "indicators.json": entries}
        written = {
            name: json.dumps([one.model_dump(mode="json", exclude_none=True) for one in given]).encode()
            for name, given in own.items()
        }
        return super().files() | written


def plain_view(**given: Any) -> Plain:
    first = first_view()
    return Plain([*first.rows, *rows()], first.quarantine, **given)


def test_the_gateway_takes_such_a_view(tmp_path: Path) -> None:

    compile_view(plain_view().files(), tmp_path / "view.sqlite")
    assert (tmp_path / "view.sqlite").stat().st_size > 0
