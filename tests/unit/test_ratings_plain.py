"""Figures that others have published: what is shown of them, what is refused, and why a figure is absent."""

import io
import re
from datetime import date
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

from services.gateway.view.compile import compile_view
from services.ingest.columns import Reason
from services.ratings.assembly.absences import OF_PUBLISHERS, STATUS_OF
from services.ratings.assembly.plain import from_published
from services.ratings.assembly.recipes import from_counts
from services.ratings.assembly.registers import checked_registers, in_order, providers_of_counts
from services.ratings.assembly.schema import BuildRefused, Computed
from services.ratings.console.own import told
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.loading import (
    FOLDER,
    Catalogue,
    FileRefused,
    Loaded,
    NotRiskAdjusted,
    load_catalogue,
    parse_indicator,
)
from services.ratings.view.baking import Ingredients, bake
from services.ratings.view.built import Built
from shared.contracts.public.reasons import ABSENCE_REASONS
from shared.contracts.public.rendering import result_body
from shared.contracts.views import IndicatorEntry

AE, CQC, RTT, PROMS, SHMI = (
    "ae-major-within-4-hours", "cqc-practice-rating", "rtt-waits-over-18-weeks", "proms-hip-replacement-oxford-gain",
    "shmi-trust-mortality",
)  # fmt: skip
CANCER = "cancer-diagnosis-within-28-days"
CATALOGUE = load_catalogue()
JANUARY = {"period_start": date(2025, 1, 1), "period_end": date(2025, 1, 31)}
Rows = list[dict[str, Any]]


def definition(name: str, pattern: str = "", by: str = "") -> Definition:
    """A reviewed file, or what it says when one thing in it is another."""
    text = (FOLDER / f"{name}.toml").read_text()
    if pattern:
        text, times = re.subn(pattern, by, text, flags=re.MULTILINE)
        assert times == 1
    return parse_indicator(text, name)


def month(provider: str, attended: Any, late: Any, booked: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "provider": provider, "provider_name": f"Trust {provider}", "parent_org": "London", **JANUARY,
        "a_e_attendances_type_1": attended, "a_e_attendances_booked_appointments_type_1": booked,
        "attendances_over_4hrs_type_1": late, "attendances_over_4hrs_booked_appointments_type_1": 0, **more,
    }  # fmt: skip


def published(rows: Rows, name: str = AE, pattern: str = "", by: str = "") -> Computed:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    counts = [one for one in frame.columns if frame[one].dtype == pl.Null]
    found = from_published(frame.with_columns(pl.col(counts).cast(pl.Int64)), definition(name, pattern, by))
    assert found is not None
    return found


def by_subject(computed: Computed, *columns: str) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in computed.results.select("subject", *columns).iter_rows()}


def test_a_share_is_worked_out_from_sums_of_counts_with_wilsons_interval() -> None:
    found = by_subject(published([month("RAA", 900, 400, booked=100)]), "estimate", "observed", "cases",
                       "interval_lower", "interval_upper", "interval_method", "position", "benchmark")  # fmt: skip
    estimate, observed, cases, lower, upper, *rest = found["RAA"]
    assert (estimate, observed, cases) == (60.0, 600, 1000)
    assert (round(lower, 4), round(upper, 4)) == (56.9309, 62.9925)
    assert rest == ["wilson", None, None], "nobody is judged by us"


def test_counts_that_are_missing_or_contradict_each_other_give_no_figure() -> None:
    rows = [month("RAA", None, 1), month("RBB", 10, 11), month("RCC", 10, -1), month("RDD", 0, 0)]
    found = by_subject(published(rows, AE, "^only_where_done = true", ""), "status", "reason", "estimate", "cases")
    assert found == {
        "RAA": ("not_available", "not_given", None, None),
        "RBB": ("not_available", "data_quality", None, None),
        "RCC": ("not_available", "data_quality", None, None),
        "RDD": ("not_available", "not_applicable", None, None),
    }
    assert set(by_subject(published(rows))) == {"RAA", "RBB", "RCC"}, "no row where it is not done, if the file says so"


def test_a_row_that_is_said_twice_is_one_and_two_different_figures_are_none() -> None:
    found = by_subject(
        published([month("RAA", 10, 1), month("RAA", 10, 1), month("RBB", 10, 1), month("RBB", 10, 2)]), "status",
        "reason",
    )  # fmt: skip
    assert found == {"RAA": ("published", ""), "RBB": ("not_available", "data_quality")}


def test_a_slice_without_rows_is_nothing_and_a_missing_column_says_its_name() -> None:
    frame = pl.DataFrame([month("RAA", 10, 1)])
    assert from_published(frame.clear(), definition(AE)) is None
    with pytest.raises(BuildRefused, match="ae-monthly has no column attendances_over_4hrs_type_1"):
        from_published(frame.drop("attendances_over_4hrs_type_1"), definition(AE))


def test_a_sum_over_all_is_nobodys_row() -> None:
    rows = [month("RAA", 10, 1, aggregate=False), month("TOTAL", 10, 1, aggregate=True)]
    assert set(by_subject(published(rows))) == {"RAA"}


def waiting(provider: str, late: int | None, whole: int | None, pathway: str, absent: str | None) -> dict[str, Any]:
    return {"provider": provider, "provider_name": provider, **JANUARY, "pathway": pathway, "waiting_18_weeks": late,
            "total_waiting_list": whole, "waiting_18_weeks_absent": absent}  # fmt: skip


def test_who_told_nothing_has_a_row_that_says_so() -> None:
    rows = [
        waiting("RAA", 30, 100, "incomplete-pathways", None),
        waiting("RAA", 1, 2, "new-rtt-periods-all-patients", None),
        waiting("RBB", None, None, "none", "not_collected"),
    ]
    assert by_subject(published(rows, RTT), "status", "reason", "estimate") == {
        "RAA": ("published", "", 30.0), "RBB": ("not_available", "not_submitted", None),
    }  # fmt: skip


def told_in_time(
    provider: str, within: float | None, whole: float | None, standard: str = "28-days-fds"
) -> dict[str, Any]:
    return {"provider": provider, "provider_name": provider, **JANUARY, "standard": standard, "within_standard": within,
            "total_treated": whole, "total_treated_absent": "not_collected" if whole is None else None}  # fmt: skip


def test_of_cancer_waits_only_the_standard_is_shown_that_counts_people_once() -> None:
    rows = [
        told_in_time("RAA", 75.0, 100.0), told_in_time("RAA", 12.5, 13.0, "62-days"),
        told_in_time("RBB", None, None, "none"), told_in_time("RCC", 2.0, 2.0, "31-days"),
    ]  # fmt: skip
    assert by_subject(published(rows, CANCER), "status", "reason", "observed", "cases", "estimate") == {
        "RAA": ("published", "", 75, 100, 75.0), "RBB": ("not_available", "not_submitted", None, None, None),
    }  # fmt: skip


@pytest.mark.parametrize(("within", "whole"), [(12.5, 13.0), (12.0, 13.5), (0.5, 0.5)])
def test_halves_of_a_person_have_no_interval_of_counts(within: float, whole: float) -> None:
    with pytest.raises(BuildRefused, match="parts of a person"):
        published([told_in_time("RAA", within, whole), told_in_time("RBB", None, None, "none")], CANCER)


def test_every_reason_of_a_publisher_has_one_public_reason() -> None:
    assert set(OF_PUBLISHERS) == set(get_args(Reason))
    assert set(OF_PUBLISHERS.values()) <= set(STATUS_OF) <= set(ABSENCE_REASONS.codes)


def gain(provider: str, value: float | None, records: int | None, outlier: str) -> dict[str, Any]:
    return {"provider": provider, "provider_name": provider, "procedure": "Hip Replacement Primary",
            "measure": "Oxford Hip Score", "adjusted_health_gain_2018": value, "modelled_records_2018": records,
            "outlier_2018": outlier}  # fmt: skip


def test_a_publishers_figure_and_verdict_are_shown_as_they_are() -> None:
    rows = [
        gain("RAA", 22.3456, 41, "Negative outlier (95%)"),
        gain("RBB", None, None, "Insufficient records"),
        gain("RCC", None, 0, "No procedures"),
    ]
    found = published(rows, PROMS)
    assert by_subject(found, "status", "reason", "estimate", "cases", "verdict", "position", "interval_lower") == {
        "RAA": ("published", "", 22.3456, 41, "Negative outlier (95%)", None, None),
        "RBB": ("suppressed", "small_numbers", None, None, None, None, None),
        "RCC": ("not_available", "not_applicable", None, None, None, None, None),
    }
    assert found.results["period_id"].unique().to_list() == ["2018-04_2019-03"], "the file has no period: its own"


def test_a_verdict_that_is_not_in_the_list_stops_the_build() -> None:
    with pytest.raises(BuildRefused, match="outlier_2018 says Splendid, which is not in the indicator's list"):
        published([gain("RAA", 22.3, 41, "Splendid")], PROMS)


def test_published_ends_of_an_interval_are_shown_and_none_is_made_up() -> None:
    rows = [gain("RAA", 22.3, 41, "Not an outlier") | {"low": 21.0, "high": 23.6}]
    found = published(rows, PROMS, "^decimals = 3", 'decimals = 3\nlower = "low"\nupper = "high"')
    assert by_subject(found, "interval_lower", "interval_upper", "interval_method") == {
        "RAA": (21.0, 23.6, "as_published")
    }


def test_a_rate_has_the_interval_of_its_count() -> None:
    changed = (FOLDER / f"{AE}.toml").read_text().replace('kind = "proportion"', 'kind = "rate"')
    changed = changed.replace('unit = "percent"', 'unit = "per_100000"')
    found = from_published(pl.DataFrame([month("RAA", 1000, 995)]), parse_indicator(changed, AE))
    assert found is not None
    estimate, lower, upper, method = by_subject(
        found, "estimate", "interval_lower", "interval_upper", "interval_method"
    )["RAA"]
    assert (estimate, method) == (500.0, "exact")
    assert (round(lower, 3), round(upper, 3)) == (162.349, 1166.833)  # exact Poisson limits of 5 events


def practice(code: str, rating: str, year: int) -> dict[str, Any]:
    days = {"period_start": date(year, 1, 1), "period_end": date(year, 12, 31)}
    return {"provider": code, "provider_name": f"Practice {code}", "icb_name": "Wessex", "latest_rating": rating} | days


def test_a_word_is_one_of_the_publishers_list() -> None:
    found = published([practice("A81001", "Good", 2017), practice("A81002", "Inadequate", 2023)], CQC)
    assert by_subject(found, "word", "period_id", "estimate", "cases") == {
        "A81001": ("Good", "2017-01_2017-12", None, None), "A81002": ("Inadequate", "2023-01_2023-12", None, None),
    }  # fmt: skip
    with pytest.raises(BuildRefused, match="latest_rating says Quite good"):
        published([practice("A81001", "Quite good", 2017)], CQC)


@pytest.mark.parametrize(
    ("name", "pattern", "by", "why"),
    [
        (AE, r'^kind = "proportion"', 'kind = "level"', "no published figure of kind level"),
        (AE, r'^kind = "proportion"', 'kind = "ratio"', "no published figure of kind ratio"),
        (AE, r'^unit = "percent"', 'unit = "points"', "points is no unit of a proportion"),
        (AE, r'^unit = "percent"', 'unit = "percent"\nword = "b"', "give one of a word, a value"),
        (AE, r"^denominator = .*\]$", "", "numerator needs a denominator|give one of"),
        (AE, r'^recipe = "published"', "", "a comparison needs value, limits"),
        (AE, r"^units = ", 'gates = { minimum_cases = "none" }\nunits = ', "a published figure has no gates"),
        (AE, r"^units = ", 'patient_rule = "counts-1-7"\nunits = ', "under its publisher's rule"),
        (CQC, r"^words = .*", "", "a word has its list of words"),
        (CQC, r"fewest_doctors = 2", "fewest_doctors = 1", "fewest_doctors"),
        (CQC, r'"ods-practices", "practice-profile"', '"ods-practices"', "counts doctors, and is not among"),
        (PROMS, r"^verdicts = \[\n(?:.*\n)*?\]", "", "a verdict has its list"),
        (PROMS, r"^decimals = 3", 'decimals = 3\nlower = "low"', "a published interval has two ends"),
        (SHMI, r"^expected = .*", "", "without an expected number"),
        (SHMI, r"^where = .*", "", "need a measure, or where they stand"),
        (SHMI, r"^units = ", 'figure = { word = "a", words = ["b"], unit = "word" }\nunits = ', "and no other, has"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(name: str, pattern: str, by: str, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        definition(name, pattern, by)


@pytest.mark.parametrize("name", [AE, CQC, PROMS, SHMI])
def test_no_plain_figure_of_a_person(name: str) -> None:
    with pytest.raises(NotRiskAdjusted):
        definition(name, r'^units = \["provider"\]', 'units = ["provider", "consultant"]')


def test_expected_numbers_that_stand_in_the_data_need_no_row_of_the_whole() -> None:
    rows = [
        {
            "indicator_code": "I00699",
            "provider": code,
            "denominator": 1000,
            "observed": seen,
            "expected": 50.0,
            **JANUARY,
        }
        for code, seen in (("RAA", 50), ("RBB", 70))
    ]
    found = from_counts(pl.DataFrame(rows), definition(SHMI))
    assert found is not None
    assert by_subject(found, "estimate", "expected", "benchmark") == {"RAA": (1.0, 50.0, 1.0), "RBB": (1.4, 50.0, 1.0)}
    assert found.results["place_lower"].null_count() == 2, "the publisher says that nobody may be ranked"
    with pytest.raises(BuildRefused, match="one provider has two rows"):
        from_counts(pl.DataFrame([*rows, rows[0]]), definition(SHMI))


def baked(computed: Computed, name: str, tmp_path: Path) -> tuple[pl.DataFrame, IndicatorEntry]:
    """Rows and entry of a view with this indicator alone, as the gateway takes it."""
    one = CATALOGUE[name]
    rows = pl.DataFrame(
        {"provider": code, "provider_name": f"Called {code}"} for code in computed.results["subject"].unique().sort()
    )
    source = one.definition.source
    places, people = checked_registers(
        [in_order([], [providers_of_counts(rows, "made up", source.provider_kinds, source.provider_kind)]).providers],
        [], computed.results, {name},
    )  # fmt: skip
    built = Built(computed.results, computed.comparisons, computed.members, computed.cells, computed.models, places,
                  people)  # fmt: skip
    only = Catalogue({name: Loaded(one.definition, None, one.digest)})
    parts = bake(Ingredients(built, only, {}, {}, b"salt" * 8, date(2026, 7, 1)))
    compile_view({part: made.data for part, made in parts.items()}, tmp_path / "view.sqlite")
    (entry,) = map(IndicatorEntry.model_validate, pl.read_json(io.BytesIO(parts["indicators.json"].data)).to_dicts())
    assert parts["funnels.json"].rows == 0
    return pl.read_parquet(io.BytesIO(parts["rows.parquet"].data)), entry


def test_the_view_of_words_is_one_that_gateways_take(tmp_path: Path) -> None:
    rows, entry = baked(published([practice("A81001", "Good", 2017)], CQC), CQC, tmp_path)
    (row,) = rows.iter_rows(named=True)
    told = {name: value for name, value in row.items() if value is not None}
    assert told.pop("id")
    assert told == {
        "row": 0, "status": "published", "partition": "fixed", "level": "provider", "provider_id": "A81001",
        "provider_name": "Called A81001", "provider_kind": "gp-practice", "indicator_id": CQC,
        "period_id": "2017-01_2017-12", "period_start": date(2017, 1, 1), "period_end": date(2017, 12, 31),
        "value_kind": "word", "word": "Good", "summary": "Good", "quality_flags": "", "legal_basis": "not_applicable",
        "disclosure_rule": "2026.1",
    }  # fmt: skip
    assert (entry.recipe, entry.words, entry.unit) == (
        "published", ["Outstanding", "Good", "Requires improvement", "Inadequate"], "word"
    )  # fmt: skip
    assert entry.risk_model is None
    assert not entry.revocable


def test_the_view_of_figures_rounds_once_and_judges_nobody(tmp_path: Path) -> None:
    rows, entry = baked(published([month("RAA", 900, 401), month("RBB", None, 3)]), AE, tmp_path)
    first, second = rows.iter_rows(named=True)
    assert (first["estimate"], first["interval_lower"], first["interval_upper"]) == (55.4, 52.2, 58.7)
    assert (first["observed"], first["denominator"], first["interval_level"]) == (499, 900, 0.95)
    assert (first["crude"], first["comparison_status"], first["band"], first["position"]) == (None, None, None, None)
    assert (second["status"], second["reason"], second["estimate"]) == ("not_available", "not_given", None)
    assert (entry.interval_method, entry.limits_method, entry.test, entry.source) == (
        "wilson", "none", "none", "NHS England, A&E Attendances and Emergency Admissions"
    )  # fmt: skip
    verdicts, entry = baked(published([gain("RAA", 22.3456, 41, "Negative outlier (95%)")], PROMS), PROMS, tmp_path)
    (row,) = verdicts.iter_rows(named=True)
    assert (row["estimate"], row["summary"], row["interval_level"], row["risk_model"], row["denominator"]) == (
        22.346, "Negative outlier (95%)", None, "as-published", 41
    )  # fmt: skip
    assert entry.words[0] == "Positive outlier (99.8%)"


@pytest.mark.parametrize(
    ("name", "row", "figure", "words"),
    [
        (CQC, practice("A81001", "Good", 2017), "Good", "Good"),
        (PROMS, gain("RAA", 22.3456, 41, "Not an outlier"), "22.346 points", "Not an outlier"),
        (AE, month("RAA", 900, 401), "55.4%", ""),
    ],
)
def test_whose_figure_it_is_reads_it_as_the_public_will(
    name: str, row: dict[str, Any], figure: str, words: str, tmp_path: Path
) -> None:
    rows, entry = baked(published([row], name), name, tmp_path)
    (one,) = rows.iter_rows(named=True)
    cells = told(result_body("2026-09-30", one | {"subject_id": one["provider_id"]}, entry))
    assert (cells["figure"], cells["words"]) == (figure, words)
