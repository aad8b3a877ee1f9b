"""The bodies of the public API, against their contract."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from shared.contracts.public.codes import CodeListEntry, CodeListList, ProblemPage
from shared.contracts.public.files import FileList
from shared.contracts.public.funnel import Funnel
from shared.contracts.public.indicators import Indicator, IndicatorList
from shared.contracts.public.proof import Proof
from shared.contracts.public.releases import ChangePage, ReleaseEntry, ReleaseList, Service
from shared.contracts.public.results import Result, ResultPage
from shared.contracts.public.subjects import Consultant, ConsultantPage, Provider, ProviderPage
from tests.unit.test_gateway_baked import ADAMS, FIXED, MIXED, PERIOD
from tests.unit.test_gateway_world import asked

BODIES: list[tuple[str, Any]] = [
    ("/v1", Service),
    ("/v1/releases", ReleaseList),
    ("/v1/releases/latest", ReleaseEntry),
    ("/v1/releases/2026-09-30", ReleaseEntry),
    ("/files", FileList),
    ("/indicators", IndicatorList),
    (f"/indicators/{MIXED}", Indicator),
    (f"/indicators/{MIXED}/funnel?period={PERIOD}&level=provider", Funnel),
    (f"/indicators/{FIXED}/funnel", Funnel),
    ("/results", ResultPage),
    ("/results?fields=value,comparison", ResultPage),
    ("/results/r-000000000003", Result),
    ("/results/r-000000000006", Result),
    ("/providers", ProviderPage),
    ("/providers/ZZ001", Provider),
    ("/providers/ZZ001/results", ResultPage),
    ("/consultants", ConsultantPage),
    (f"/consultants/{ADAMS}", Consultant),
    (f"/consultants/{ADAMS}/results", ResultPage),
    ("/v1/codelists", CodeListList),
    ("/v1/codelists/absence-reasons", CodeListEntry),
    ("/v1/problems/unknown-parameter", ProblemPage),
    ("/v1/changes", ChangePage),
    ("/v1/proof", Proof),
]


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def no_constant(text: str) -> Any:
    raise AssertionError(f"{text} is not a number of JSON")


def test_every_body_is_of_its_contract_without_null_or_nan(tmp_path: Path) -> None:
    for (path, body), answer in zip(BODIES, asked(tmp_path, *(path for path, _ in BODIES)), strict=True):
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["content-type"] == "application/json"
        found = json.loads(answer.content, parse_constant=no_constant)
        assert None not in leaves(found), path
        TypeAdapter(body).validate_python(found)


def test_a_published_row(tmp_path: Path) -> None:
    found = asked(tmp_path, "/results/r-000000000004")[0].json()
    base = "/v1/releases/2026-09-30"
    assert found == {
        "id": "r-000000000004",
        "status": "published",
        "partition": "fixed",
        "indicator": {"id": FIXED, "label": f"Deaths, {FIXED}", "version": "2026.1", "unit": "percent",
                      "polarity": "lower_is_better", "decimals": 2},
        "subject": {"level": "provider", "id": "ZZ001", "name": "Éxample Hospital ZZ001", "kind": "hospital"},
        "period": {"id": PERIOD, "start": "2023-04-01", "end": "2026-03-31"},
        "value": {"kind": "risk_adjusted_rate", "estimate": 2.1, "observed": 56, "expected": 61.25,
                  "interval": {"level": 0.95, "lower": 1.58, "upper": 2.72, "method": "byar"},
                  "denominator": 2310, "standardised_ratio": 0.92, "crude": 2.42},
        "comparison": {"status": "rated", "benchmark": {"scope": "England", "value": 2.29}, "position": "within",
                       "band": "as_expected",
                       "limits": {"method": "exact_poisson", "warning": {"lower": 1.44, "upper": 3.65},
                                  "control": {"lower": 1.1, "upper": 4.77}}},
        "certainty": {"reliability": 0.71, "power_to_detect_doubling": 0.99, "min_detectable_ratio": 1.39},
        "quality": {"flags": []},
        "words": {"summary": "Within the range expected.", "certainty": "Enough operations."},
        "reply": {"status": "none"},
        "basis": {"legal_basis": "public_task"},
        "method": {"release": "2026-09-30", "disclosure_rule": "2026.1"},
        "links": {"self": f"{base}/results/r-000000000004", "indicator": f"{base}/indicators/{FIXED}",
                  "subject": f"{base}/providers/ZZ001"},
    }  # fmt: skip


def test_a_persons_row_is_not_rated_and_never_crude(tmp_path: Path) -> None:
    found = asked(tmp_path, "/results/r-000000000006")[0].json()
    assert found["subject"] == {"level": "consultant", "id": ADAMS, "name": "Dr Ann Adams",
                                "provider": {"id": "ZZ001", "name": "Éxample Hospital ZZ001"}}  # fmt: skip
    assert "crude" not in found["value"]
    assert {"position", "band"}.isdisjoint(found["comparison"])
    assert found["comparison"]["reason"] == "too_few_cases"
    assert found["comparison"]["explanation"]


def test_an_absent_row_has_a_reason_and_no_value(tmp_path: Path) -> None:
    found = asked(tmp_path, "/results/r-000000000003")[0].json()
    assert found["absence"] == {
        "reason": "small_numbers", "shorthand": "[c]", "data_absent_reason": "masked", "may_change": True,
        "explanation": "Too few cases to publish without pointing at patients.",
    }  # fmt: skip
    assert {"value", "comparison", "words"}.isdisjoint(found)


def test_a_consultant_comes_with_the_units_results(tmp_path: Path) -> None:
    found = asked(tmp_path, f"/consultants/{ADAMS}")[0].json()
    assert found == {
        "id": ADAMS, "name": "Dr Ann Adams", "specialties": ["orthopaedic-surgery"],
        "providers": [{"id": "ZZ001", "name": "Éxample Hospital ZZ001"}], "unit_results": ["r-000000000001"],
        "commentary": {"status": "none"},
        "links": {"self": f"/v1/releases/2026-09-30/consultants/{ADAMS}",
                  "results": f"/v1/releases/2026-09-30/consultants/{ADAMS}/results"},
    }  # fmt: skip


def test_a_funnel(tmp_path: Path) -> None:
    found = asked(tmp_path, f"/indicators/{FIXED}/funnel")[0].json()
    assert [(one["provider"], one["x"], one["y"], one["position"]) for one in found["points"]] == [
        ("ZZ001", 61.25, 0.92, "within"), ("ZZ002", 61.25, 0.92, "above_control"),
    ]  # fmt: skip
    assert found["limits"]["curve"] == [
        {"x": 10.0, "warning": {"lower": 0.5, "upper": 1.8}, "control": {"lower": 0.3, "upper": 2.5}}
    ]
    assert found["summary"] == {"within": 1, "above_warning": 0, "above_control": 1, "below_warning": 0,
                                "below_control": 0, "not_rated": 0}  # fmt: skip
    assert found["words"] == "1 of 2 hospitals is inside the control limits; one is above."


def test_the_document_declares_what_routes_answer(tmp_path: Path) -> None:
    found = asked(tmp_path, "/v1/openapi.json")[0].json()
    assert found["openapi"] == "3.1.0"
    assert found["security"] == []
    assert all(path.startswith("/v1") for path in found["paths"])
    operations = [one for item in found["paths"].values() for one in item.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names)) == len(operations)
    assert all({"200", "404", "422"} <= set(one["responses"]) for one in operations)
    results = found["paths"]["/v1/releases/{release}/results"]["get"]
    assert "503" in results["responses"]
    assert {one["name"] for one in results["parameters"]} >= {"indicator", "estimate[gte]", "cursor", "release"}
