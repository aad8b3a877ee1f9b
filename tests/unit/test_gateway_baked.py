"""Small release views for the gateway's tests, baked by hand after the contract."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import polars as pl

from shared.contracts.cards import (
    Coefficient,
    Disclosure,
    Group,
    HosmerLemeshow,
    Merged,
    ModelCard,
    Performance,
)
from shared.contracts.views import (
    ROW_COLUMNS,
    ROW_TYPES,
    VIEW_SCHEMA,
    Commentary,
    Correction,
    CurvePoint,
    FunnelCurves,
    IndicatorEntry,
    ProviderEntry,
    RiskModelEntry,
    ViewFile,
    ViewManifest,
)

STORE = "store-a"
PERIOD = "2023-04_2026-03"
FIXED, MIXED = "cabg-new-york", "hip-death-30-days"
ADAMS, BAKER, CLARK = "9900001", "9900002", "9900003"
DAY = date(2026, 9, 1)


def key_of(gmc: str) -> str:
    return hashlib.sha256(f"key {gmc}".encode()).hexdigest()[:32]


def indicator(name: str, revocable: bool) -> IndicatorEntry:
    return IndicatorEntry(
        id=name, version="2026.1", status="synthetic", label=f"Deaths, {name}", unit="percent",
        polarity="lower_is_better", decimals=2, rounding="half_even", numerator="Deaths within 30 days",
        denominator="Operations", why_it_matters="Most people survive.", does_not_show=["quality of life"],
        levels=["provider", "consultant"] if revocable else ["provider"], periods=["2020-04_2023-03", PERIOD],
        specialty="orthopaedic-surgery" if revocable else None, interval_level=0.95, interval_method="byar",
        limits_method="exact_poisson", test="two-sided", min_denominator="10", min_expected="1", min_power="none",
        risk_model=RiskModelEntry(id="hip-2026.1", variables=["age", "sex"], carded=True, c_statistic=0.74,
                                  calibration_slope=0.97, brier=0.021) if revocable else None,
        ranked=not revocable,
        authored_by="A Author", checked_by="B Checker", next_review=date(2027, 6, 1), revocable=revocable,
        synthetic=True, source="demonstration",
    )  # fmt: skip


def card(name: str) -> ModelCard:
    """A card with every kind of coefficient and group."""
    coefficients = [
        Coefficient(factor="intercept", status="estimated", estimate=-4.1, standard_error=0.12),
        Coefficient(factor="age", level="under 60", status="reference"),
        Coefficient(factor="age", level="60 to 79", status="estimated", estimate=0.693, standard_error=0.14,
                    odds_ratio=2.0, lower=1.52, upper=2.63),
        Coefficient(factor="age", level="80 and over", status="suppressed"),
        Coefficient(factor="sex", level="female", status="reference"),
        Coefficient(factor="sex", level="male", status="merged", into="female"),
        Coefficient(factor="sex", level="missing", status="no_cases"),
    ]  # fmt: skip
    shown = {"status": "published", "cases": 1800, "events": 40, "lower": 0.72, "upper": 1.37}
    tenths = [Group.model_validate({"group": str(tenth), "risk_from": tenth * 0.4, "ratio": 0.7 + tenth / 20, **shown})
              for tenth in range(2, 11)]  # fmt: skip
    return ModelCard(
        indicator=name, period=PERIOD, period_start=date(2023, 4, 1), period_end=date(2026, 3, 31), model="hip",
        model_version="2026.1", outcome="died_30_days", outcome_label="Deaths within 30 days", link="logit",
        method="logistic", method_version="2026.1", inputs=[f"sha256:{'0' * 64}"],
        files={"models/hip.toml": f"sha256:{'2' * 64}"}, cases=18000, events=420, patterns=30,
        coefficients=coefficients,
        merged=[Merged(factor="sex", level="male", into="female", why="rare", words="male was counted with female.")],
        on="hospitals_left_out", folds=5,
        own_data=Performance(c_statistic=0.75, brier=0.021, slope=1.0, intercept=0.0,
                             hosmer_lemeshow=HosmerLemeshow(statistic=7.1, df=8, p_value=0.525, groups=10)),
        left_out=Performance(c_statistic=0.74, brier=0.021, slope=0.97, intercept=-0.01),
        deciles=[Group(group="1", status="suppressed", risk_to=0.8), *tenths],
        subgroups=[Group.model_validate({"factor": "age", "group": "60 to 79", "ratio": 1.02, **shown}),
                   Group(factor="age", group="80 and over", status="suppressed"),
                   Group.model_validate({"factor": "sex", "group": "female", "ratio": 0.97, **shown})],
        disclosure=Disclosure(rule="2026.1", cases_to=200, events_to=20, fewest_events=20, fewest_cases=200,
                              fewest_behind_a_coefficient=10, words="Numbers are made coarse."),
        words={"hospitals_left_out": "Predicted by others.", "own_data": "Its own.", "own": "1 by construction.",
               "hosmer_lemeshow": "Never a gate."},
    )  # fmt: skip


def provider(name: str, region: str = "London") -> ProviderEntry:
    return ProviderEntry(id=name, name=f"Éxample Hospital {name}", kind="hospital", region=region,
                         register_source="demo", register_as_of=DAY, synthetic=True)  # fmt: skip


def row_of(number: int, **given: Any) -> dict[str, Any]:
    """A published, rated row of a provider, and whatever is `given`."""
    row: dict[str, Any] = dict.fromkeys(ROW_COLUMNS)
    row |= {
        "row": number, "id": f"r-{number:012x}", "status": "published", "partition": "fixed", "level": "provider",
        "provider_kind": "hospital", "indicator_id": MIXED, "period_id": PERIOD, "period_start": date(2023, 4, 1),
        "period_end": date(2026, 3, 31), "value_kind": "risk_adjusted_rate", "estimate": 2.1, "interval_level": 0.95,
        "interval_lower": 1.58, "interval_upper": 2.72, "interval_method": "byar", "observed": 56, "expected": 61.25,
        "denominator": 2310, "standardised_ratio": 0.92, "benchmark_scope": "England", "benchmark_value": 2.29,
        "comparison_status": "rated", "position": "within", "band": "as_expected", "limits_method": "exact_poisson",
        "warning_lower": 1.44, "warning_upper": 3.65, "control_lower": 1.1, "control_upper": 4.77,
        "reliability": 0.71, "power_to_detect_doubling": 0.99, "min_detectable_ratio": 1.39, "quality_flags": "",
        "legal_basis": "public_task", "disclosure_rule": "2026.1", "summary": "Within the range expected.",
        "certainty": "Enough operations.",
    }  # fmt: skip
    row |= given
    if row["provider_id"] is not None:
        row["provider_name"] = f"Éxample Hospital {row['provider_id']}"
    return row


def person(number: int, gmc: str, at: str, name: str) -> dict[str, Any]:
    return row_of(number, level="consultant", partition="revocable", consultant_id=gmc, consultant_name=name,
                  provider_id=at, legal_basis="consent", provider_kind=None, comparison_status="not_rated",
                  not_rated_reason="too_few_cases", position=None, band=None)  # fmt: skip


def absent_row(number: int, at: str) -> dict[str, Any]:
    found = row_of(number, provider_id=at, status="suppressed", reason="small_numbers")
    kept = {"row", "id", "status", "reason", "partition", "level", "provider_id", "provider_name", "provider_kind",
            "indicator_id", "period_id", "period_start", "period_end", "legal_basis", "disclosure_rule"}  # fmt: skip
    return {name: value if name in kept else None for name, value in found.items()}


@dataclass
class Baked:
    """Rows in any order; quarantine by GMC number."""

    rows: list[dict[str, Any]]
    quarantine: dict[str, list[str]]
    release: str = "2026-09-30"
    view: int = 1
    consent_revision: int = 10
    status: str = "published"
    supersedes: str | None = None
    store: str = STORE
    schema: int = VIEW_SCHEMA
    consultants: dict[str, tuple[str, str]] = field(default_factory=dict)
    correction: Correction | None = None
    published: datetime = datetime(2026, 9, 30, 8, 30, tzinfo=UTC)
    commentaries: Sequence[Commentary] = ()

    def files(self) -> dict[str, bytes]:
        ordered = sorted(self.rows, key=lambda r: (r["level"], r["consultant_id"] or r["provider_id"],
                                                   r["indicator_id"], r["period_id"]))  # fmt: skip
        rows = [{**row, "row": place} for place, row in enumerate(ordered)]
        place = {row["id"]: row["row"] for row in rows}
        schema = {name: {"int": pl.Int64(), "float": pl.Float64(), "text": pl.String(), "date": pl.Date()}[kind]
                  for name, kind in ROW_TYPES.items()}  # fmt: skip
        keys = [(key_of(gmc), place[one]) for gmc, ids in self.quarantine.items() for one in ids if one in place]
        people = sorted({(row["consultant_id"], row["consultant_name"], "orthopaedic-surgery") for row in rows
                         if row["consultant_id"]})  # fmt: skip
        curve = [CurvePoint(x=10.0, warning_lower=0.5, warning_upper=1.8, control_lower=0.3, control_upper=2.5)]
        curves = [FunnelCurves(indicator=name, period=PERIOD, level="provider", target=1.0,
                               limits_method="exact_poisson", curve=curve) for name in (FIXED, MIXED)]  # fmt: skip
        providers = [provider("ZZ001"), provider("ZZ002", "Wessex"), provider("ZZ003", "Wessex")]
        return {
            "rows.parquet": _parquet(pl.DataFrame(rows, schema=schema)),
            "quarantine.parquet": _parquet(
                pl.DataFrame(keys, schema={"key": pl.String, "row": pl.Int64}, orient="row")
            ),
            "consultants.parquet": _parquet(
                pl.DataFrame(people, schema={"gmc": pl.String, "name": pl.String, "specialty": pl.String}, orient="row")
            ),
            "providers.json": _json(providers),
            "indicators.json": _json([indicator(FIXED, False), indicator(MIXED, True)]),
            "funnels.json": _json(curves),
            "models.json": _json([card(MIXED)]),
            "commentaries.json": _json(self.commentaries),
        }

    def manifest(self, files: dict[str, bytes]) -> bytes:
        named = [ViewFile(name=name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), rows=0)
                 for name, data in files.items()]  # fmt: skip
        return ViewManifest(
            view_schema=self.schema, release=self.release, view=self.view, consent_store=self.store,
            consent_revision=self.consent_revision, published=self.published, supersedes=self.supersedes,
            correction=self.correction, synthetic=True, method_version="1", inputs=[f"sha256:{'0' * 64}"],
            results_digest=f"sha256:{'1' * 64}", code="candour 0.1.0", files=named,
        ).model_dump_json().encode()  # fmt: skip


def _parquet(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def _json(entries: Sequence[Any]) -> bytes:
    return json.dumps([entry.model_dump(mode="json") for entry in entries]).encode()


def first_view(**given: Any) -> Baked:
    """ZZ001 has Adams and Baker and a revocable total; ZZ002 has Clark; New York's rows depend on nobody."""
    rows = [
        row_of(1, provider_id="ZZ001", partition="revocable"),
        row_of(2, provider_id="ZZ002"),
        absent_row(3, "ZZ003"),
        row_of(4, provider_id="ZZ001", indicator_id=FIXED, crude=2.42),
        row_of(5, provider_id="ZZ002", indicator_id=FIXED, position="above_control", band="worse_than_expected"),
        person(6, ADAMS, "ZZ001", "Dr Ann Adams"),
        person(7, BAKER, "ZZ001", "Dr Ben Baker"),
        person(8, CLARK, "ZZ002", "Dr Cy Clark"),
    ]
    quarantine = {ADAMS: [f"r-{6:012x}", f"r-{1:012x}"], BAKER: [f"r-{7:012x}"], CLARK: [f"r-{8:012x}"]}
    return Baked(rows, quarantine, **given)


def test_the_views_are_of_the_contract() -> None:
    files = first_view().files()
    assert tuple(pl.read_parquet(BytesIO(files["rows.parquet"])).columns) == ROW_COLUMNS
    assert re.fullmatch(r"[0-9a-f]{32}", key_of(ADAMS))
