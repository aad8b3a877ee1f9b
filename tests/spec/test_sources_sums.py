"""Sums that files give of themselves, read with Python's csv or from another sheet: the rows taken add up to them."""

import csv
from collections import Counter

import polars as pl
import pytest

from services.ingest.reading.read import read
from services.ingest.source import Source
from tests.spec.real_files import SOURCES, needs_data, path_of, taken

pytestmark = needs_data
MONTHS = (
    "2024-06", "2024-07", "2024-08", "2024-09", "2024-10", "2024-11", "2024-12", "2025-01", "2025-02", "2025-03",
)  # fmt: skip
WORKBOOK = "ae_by_provider_2025-06.xlsx"
COUNTED = [
    f"{what}_{kind}"
    for what in ("attendances", "within_4_hours", "over_4_hours")
    for kind in ("type_1", "type_2", "type_3", "all")
]


def lines_of(name: str) -> list[list[str]]:
    with path_of(name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]


@pytest.mark.parametrize("month", MONTHS)
def test_a_month_adds_up_to_its_total(month: str) -> None:
    """Eighteen columns each."""
    (total,) = [line for line in lines_of(f"ae_{month}.csv") if line[0].strip().lower() == "total"]
    rows = taken(f"ae_{month}.csv").rows
    counts = rows.select(pl.selectors.integer())
    assert counts.width == 18
    assert counts.sum().row(0) == tuple(int(text) for text in total[4:22])


def test_booked_and_other_appointments_are_all_appointments() -> None:
    """Two other sheets of the workbook, by provider: attendances, those within four hours, and those of more."""
    both, others, booked = taken(WORKBOOK).rows, _sheet("Non-Booked Data"), _booked()
    joined = both.join(others, on="provider", suffix="_other").join(booked, on="provider", suffix="_booked")
    assert joined.height == both.height == 201
    for name in COUNTED:
        assert (joined[name] == joined[f"{name}_other"] + joined[f"{name}_booked"]).all(), name


def test_the_workbook_adds_up_to_england() -> None:
    rows = taken(WORKBOOK).rows
    england = {
        "attendances_type_1": 1_428_563, "attendances_all": 2_350_478, "over_4_hours_all": 574_809,
        "admissions_all": 402_443, "emergency_admissions": 536_896, "waited_12_hours_from_decision": 38_683,
    }  # fmt: skip
    assert {name: rows[name].sum() for name in england} == england


def _sheet(name: str) -> pl.DataFrame:
    """The sheet of the same layout."""
    source = SOURCES["ae-provider-workbook"]
    other = Source.model_validate(source.model_dump(by_alias=True) | {"form": {**dict(source.form), "sheet": name}})
    return read(path_of(WORKBOOK), other, WORKBOOK).rows


def _booked() -> pl.DataFrame:
    """The sheet of booked appointments, whose layout is its own, by a library that knows nothing of ours."""
    cells = pl.read_excel(
        path_of(WORKBOOK), sheet_name="Booked Appointments Data", engine="calamine", has_header=False,
        read_options={"header_row": None}, infer_schema_length=0,
    )  # fmt: skip
    table = cells.filter(pl.nth(0).is_not_null() & pl.nth(3).str.contains("^[0-9]+$") & (pl.nth(0) != "-"))
    places = [*range(3, 7), *range(23, 27), *range(7, 11)]
    return table.select(
        pl.nth(0).alias("provider"),
        *(pl.nth(place).cast(pl.Int64).alias(name) for place, name in zip(places, COUNTED, strict=True)),
    )


def test_the_state_is_the_sum_of_its_hospitals() -> None:
    """31 statewide lines of New York, each of a procedure and a period."""
    rows = taken("hospital_2008_2015.csv").rows
    key = ["measure", "period_start", "period_end"]
    hospitals = rows.filter(~pl.col("aggregate")).group_by(key).agg(pl.sum("cases", "observed"))
    state = rows.filter("aggregate").join(hospitals, on=key, suffix="_of_hospitals")
    assert state.height == 31
    assert (state["cases"] == state["cases_of_hospitals"]).all()
    assert (state["observed"] == state["observed_of_hospitals"]).all()


def test_three_years_of_new_york() -> None:
    rows = taken("hospital_cabg_2003.csv").rows
    assert (rows["cases"].sum(), rows["deaths"].sum()) == (47_795, 973)


def test_who_improved_and_who_did_not_are_all() -> None:
    rows = taken("key_facts_hip_and_knee_1819.csv").rows.drop_nulls(["improved", "unchanged", "worsened", "total"])
    assert rows.height == 5707
    assert (rows["improved"] + rows["unchanged"] + rows["worsened"] == rows["total"]).all()


def test_who_waited_within_the_standard_and_who_did_not_are_all() -> None:
    rows = taken("cancer_wait_times_trust_2022.csv").rows.drop_nulls("total_treated")
    assert rows.height == 1400 - 73
    assert (rows["within_standard"] + rows["breaches"] == rows["total_treated"]).all()


def test_shares_of_waiting_lists_are_shares() -> None:
    rows = taken("rtt_trust_2022.csv").rows.drop_nulls("total_waiting_list")
    assert rows.height == 828 - 44
    for weeks in (18, 52):
        shares = rows[f"waiting_{weeks}_weeks"] / rows["total_waiting_list"]
        assert ((shares - rows[f"share_{weeks}_weeks"]).abs() < 1e-12).all()


def test_the_list_of_a_practice_is_its_men_and_women() -> None:
    rows = taken("practice_profile_2023.csv").rows
    assert (rows["total_male"] + rows["total_female"] == rows["total_patients"]).all()
    for sex in ("male", "female"):
        bands = rows.select(pl.sum_horizontal(pl.selectors.matches(f"^{sex}_patients_"))).to_series()
        assert (bands == rows[f"total_{sex}"]).all()


def test_ratings_are_as_many_as_the_readme_counts() -> None:
    """Those taken, and those of the 42 lines without a practice."""
    taken_ones = Counter(taken("cqc_gp_ratings_2024.csv").rows["latest_rating"])
    without = Counter(line[5] for line in lines_of("cqc_gp_ratings_2024.csv") if line[0] == "NA")
    assert without.total() == 42
    assert taken_ones + without == {"Outstanding": 294, "Good": 5586, "Requires improvement": 292, "Inadequate": 57}


def test_statuses_are_as_many_as_the_readme_counts() -> None:
    """A trust that ended in two halves has two lines, and one row."""
    found = Counter(taken("dspt_status_2022_02.csv").rows["final_status"])
    assert found["20/21 Standards Met"] == 237 - 1
    assert found.total() == 356
    kinds = Counter(taken("dspt_status_2022_02.csv").rows["kind"])
    assert kinds == {"area": 135, "trust": 217 - 1, "other": 5}


def test_observed_over_expected_is_what_the_publisher_printed() -> None:
    for release in ("2011-october", "2013-april"):
        rows = taken(f"shmi-{release}.csv").rows
        assert ((rows["observed"] / rows["expected"] - rows["value"]).abs() < 5e-5).all()


def test_the_standard_population_is_a_hundred_thousand() -> None:
    assert taken("esp2013.csv").rows["population"].sum() == 100_000
