"""Model cards and intervals of places in the public API, and what a row says of its robustness."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from services.gateway.api.csvrows import HEADER
from shared.contracts.public.indicators import Indicator
from shared.contracts.public.models import Model
from shared.contracts.public.results import Result, ResultPage
from tests.unit.test_gateway_api import leaves, no_constant
from tests.unit.test_gateway_baked import FIXED, MIXED, PERIOD, Baked, first_view
from tests.unit.test_gateway_world import Gateway, asked, world
from tests.unit.test_gateway_world import within as within_first

ROBUST = {"robustness_paths": 8, "robustness_agreeing": 6, "robustness_share": 0.75,
          "robustness_differing": "log_all_additive without_age_interval_exact"}  # fmt: skip
PLACED = {"rank_lower": 1, "rank_upper": 2, "ranked_of": 2}
RANKED = f"/results?indicator={FIXED}&period={PERIOD}&include=rank_interval"


def flagged_view(**given: Any) -> Baked:
    """The second fixed row is beyond the limits under six of eight methods; both have intervals of places."""
    baked = first_view(**given)
    for row in baked.rows:
        row.update(PLACED if row["indicator_id"] == FIXED else {})
        row.update(ROBUST if row["id"] == f"r-{5:012x}" else {})
    return baked


def of_flagged(folder: Path, *paths: str, **options: Any) -> list[Any]:
    async def run() -> list[Any]:
        async with made.gateway() as gateway:
            return [await gateway.get(path, **options) for path in paths]

    with world(folder, flagged_view()) as made:
        return asyncio.run(run())


def test_a_card_is_of_its_contract_fixed_and_linked(tmp_path: Path) -> None:
    card, entry, other = asked(tmp_path, f"/indicators/{MIXED}/model", f"/indicators/{MIXED}", f"/indicators/{FIXED}")
    assert card.status_code == 200, card.text
    assert card.headers["cache-control"] == "public, max-age=31536000, immutable"
    found = json.loads(card.content, parse_constant=no_constant)
    assert None not in leaves(found)
    TypeAdapter(Model).validate_python(found)
    assert (found["release"], found["indicator"], found["period"]["id"]) == ("2026-09-30", MIXED, PERIOD)
    assert found["size"] == {"cases": 18000, "events": 420, "patterns": 30}
    assert [one["status"] for one in found["coefficients"]] == [
        "estimated", "reference", "estimated", "suppressed", "reference", "merged", "no_cases",
    ]  # fmt: skip
    assert found["coefficients"][2]["interval"] == {"level": 0.95, "lower": 1.52, "upper": 2.63}
    assert found["calibration"]["deciles"][0] == {
        "group": "1", "status": "suppressed", "reason": "small_numbers", "risk_percent": {"upper": 0.8},
    }  # fmt: skip
    assert "hosmer_lemeshow" not in found["performance"]["left_out"]
    model = entry.json()
    TypeAdapter(Indicator).validate_python(model)
    assert model["links"]["model"] == found["links"]["self"]
    assert model["risk_model"] == {
        "id": "hip-2026.1", "variables": ["age", "sex"], "c_statistic": 0.74, "calibration_slope": 0.97, "brier": 0.021,
    }  # fmt: skip
    assert "model" not in other.json()["links"]


def test_an_indicator_without_a_fitted_model_says_so(tmp_path: Path) -> None:
    none, unknown, asked_more = asked(
        tmp_path,
        f"/indicators/{FIXED}/model",
        "/indicators/no-such/model",
        f"/indicators/{MIXED}/model?period={PERIOD}",
    )
    assert (none.status_code, none.json()["code"]) == (404, "no_model_card")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (asked_more.status_code, asked_more.json()["code"]) == (422, "unknown_parameter")


def test_a_card_needs_no_consent(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> int:
        gateway.app.state.answers.barrier = None  # whoever asks it, fails
        return (await gateway.get(f"/indicators/{MIXED}/model")).status_code

    assert within_first(tmp_path, scenario) == 200


def test_places_come_as_intervals_and_only_when_asked_for(tmp_path: Path) -> None:
    page, cut, one, plain = of_flagged(
        tmp_path, RANKED, f"{RANKED}&fields=subject,rank_interval", f"/indicators/{FIXED}/results?period={PERIOD}"
        "&level=provider&include=rank_interval&provider=ZZ001", f"/results?indicator={FIXED}&period={PERIOD}",
    )  # fmt: skip
    for answer in (page, cut, one, plain):
        assert answer.status_code == 200, answer.text
        TypeAdapter(ResultPage).validate_python(answer.json())
    interval = {"lower": 1, "upper": 2, "of": 2, "level": 0.95}
    assert [row["rank_interval"] for row in page.json()["data"]] == [interval, interval]
    assert [set(row) for row in cut.json()["data"]] == [{"id", "status", "subject", "rank_interval"}] * 2
    assert "include=rank_interval" in page.json()["links"]["self"]
    assert [row["rank_interval"] for row in one.json()["data"]] == [interval]
    assert not [row for row in plain.json()["data"] if "rank_interval" in row]


def test_where_places_are_not_defined(tmp_path: Path) -> None:
    refusals = {
        "/results?include=rank_interval": "rank_not_defined",
        f"/results?indicator={FIXED}&include=rank_interval": "rank_not_defined",  # in which of two periods?
        f"/results?indicator={FIXED}&indicator={MIXED}&period={PERIOD}&include=rank_interval": "rank_not_defined",
        f"/results?indicator={MIXED}&period={PERIOD}&level=provider&include=rank_interval": "rank_not_defined",
        f"/results?indicator={FIXED}&period={PERIOD}&include=rank": "value_not_allowed",
        f"/results?indicator={FIXED}&period={PERIOD}&fields=rank_interval": "value_not_allowed",
        f"/results?indicator={FIXED}&period={PERIOD}&sort=-estimate": "value_not_allowed",
    }
    for path, answer in zip(refusals, of_flagged(tmp_path, *refusals), strict=True):
        assert (answer.status_code, answer.json()["code"]) == (422, refusals[path]), path


def test_a_flag_says_under_how_many_methods_it_holds(tmp_path: Path) -> None:
    flagged, within = of_flagged(tmp_path, "/results/r-000000000005", "/results/r-000000000004")
    for answer in (flagged, within):
        TypeAdapter(Result).validate_python(answer.json())
    assert flagged.json()["comparison"]["robustness"] == {
        "paths": 8, "agreeing": 6, "share": 0.75, "differing": ["log_all_additive", "without_age_interval_exact"],
    }  # fmt: skip
    assert "robustness" not in within.json()["comparison"]


def test_csv_has_new_columns_at_its_end_and_places_on_request(tmp_path: Path) -> None:
    assert HEADER[-3:] == ("word", "reported_as_id", "reported_as_name")
    assert HEADER[-13:-8] == (
        "summary", "robustness_paths", "robustness_agreeing", "robustness_share", "robustness_differing",
    )  # fmt: skip
    assert HEADER[-8:-3] == (
        "reply_status", "reply_author", "reply_received", "reply_text", "reply_invited_until",
    )  # fmt: skip
    ranked, plain = of_flagged(tmp_path, RANKED.replace("/results", "/results.csv"), "/results.csv?partition=fixed")
    rows = list(csv.DictReader(io.StringIO(ranked.text)))
    assert [(row["rank_lower"], row["rank_upper"], row["ranked_of"]) for row in rows] == [("1", "2", "2")] * 2
    assert [row["robustness_share"] for row in rows] == ["", "0.75"]
    assert {row["rank_lower"] for row in csv.DictReader(io.StringIO(plain.text))} == {""}


def test_ndjson_has_places_on_request(tmp_path: Path) -> None:
    ranked, plain = of_flagged(
        tmp_path, RANKED.replace("/results", "/results.ndjson"), "/results.ndjson?partition=fixed"
    )
    rows = [json.loads(line) for line in ranked.text.splitlines()]
    assert [row["rank_interval"]["of"] for row in rows[:-1]] == [2, 2]
    assert not any("rank_interval" in json.loads(line) for line in plain.text.splitlines())
