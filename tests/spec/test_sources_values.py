"""Values of the real files that programs ruin: each is what the file says, or absent for the reason that it gives."""

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from services.ingest.domain import snapshot_rows
from services.ingest.fates import resolve, state_schema
from services.ingest.reading.read import read
from services.ratings.assembly.succession import links_of
from shared.contracts.ingest import Fate
from tests.spec.real_files import SOURCES, needs_data, path_of, refused, take, taken

pytestmark = needs_data
ROOT = Path(__file__).resolve().parents[2]
HES = "artificial_hes_apc_0102.csv"
PUBLISHED = "provcomm_hip_and_knee_1819.csv"
OUTCOMES = "outcome-of-care-measures.csv"
WORKBOOK = "ae_by_provider_2025-06.xlsx"


def absent(name: str) -> dict[str, int]:
    """How many cells of a file's kept figures are absent, by reason."""
    rows = taken(name).rows
    told = [rows[column] for column in rows.columns if column.endswith("_absent")]
    counted = pl.concat(told, rechunk=True).drop_nulls().value_counts(name="cells").iter_rows()
    return dict(counted)


def one_row(name: str, **key: object) -> dict[str, object]:
    rows = taken(name).rows.filter(**key)
    assert rows.height == 1
    return rows.row(0, named=True)


def test_codes_keep_their_zeros() -> None:
    assert {"R0A", "R0B", "R0D"} <= set(taken("etr_2022.csv").rows["provider"])
    hospitals = taken(OUTCOMES).rows["provider"]
    assert hospitals.str.len_chars().unique().to_list() == [6]
    assert hospitals.str.starts_with("0").sum() == 713 + hospitals.str.contains("^0.*[A-Z]$").sum()
    assert "01014F" in hospitals
    assert (
        one_row("hospital_general_information_2017-07.csv", provider="010005")["name"]
        == "MARSHALL MEDICAL CENTER SOUTH"
    )
    assert taken("medpar.csv").rows["provnum"].min() == "030001"


def test_zip_codes_keep_their_zeros() -> None:
    codes = taken("hospital_general_information_2017-07.csv").rows["postcode"]
    assert codes.str.len_chars().unique().to_list() == [5]
    assert codes.min() == "00603"


def test_two_extracts_of_new_york_have_one_name_for_a_hospital() -> None:
    """`0116` and `0.00` in one, `116` and `0` in the other: all 41 lines say again what the other says."""
    source = SOURCES["ny-cardiac"]
    first = read(path_of("hospital_2008_2015.csv"), source)
    state = resolve(first.rows, pl.DataFrame(schema=state_schema(source)), "a" * 64, False, source).state
    second = read(path_of("hospital_cabg_2011_extract_2015.csv"), source)
    assert "0116" in second.rows["provider"]
    again = resolve(second.rows, state, "b" * 64, False, source)
    assert {fate: lines for fate, lines in again.fates.items() if lines} == {Fate.DUPLICATE: 41}
    assert snapshot_rows(again.state, source).equals(taken("hospital_2008_2015.csv").rows)


def test_a_day_that_stands_for_none_is_no_day() -> None:
    rows = taken(HES).rows
    told = {
        name: rows[f"{name}_absent"].value_counts().rows() for name in ("admidate", "disdate", "epistart", "epiend")
    }
    assert ("not_known", 1) in told["admidate"]
    assert ("not_known", 1) in told["epistart"]
    assert ("not_known", 1) in told["epiend"]
    assert set(told["disdate"]) >= {("not_known", 1), ("missing", 80)}
    assert rows["elecdate_absent"].eq("not_known").sum() == 42
    days = rows.select(pl.selectors.date()).unpivot()["value"]
    assert days.drop_nulls().is_between(date(1900, 1, 1), date(2003, 1, 1)).all()
    assert rows["admidate"].min() == date(1996, 5, 23)


def test_dashes_and_signs_of_episodes_are_reasons() -> None:
    """A dash says that nothing was done, an ampersand that it is not known: neither is a code."""
    rows = taken(HES).rows
    texts = rows.select(pl.selectors.string())
    assert not texts.select(pl.any_horizontal(pl.all().str.contains("^[-&] *$").any())).item()
    assert rows["opertn_4_01"].null_count() >= 989
    assert rows["gpprac"].null_count() == 11
    assert rows["mainspef"].null_count() == 2
    assert rows["tretspef"].null_count() == 86


def test_whole_numbers_written_with_a_point_are_whole() -> None:
    rows = taken(HES).rows
    assert rows.schema["diag_count"] == pl.Int64
    assert rows["diag_count"].null_count() == 3
    assert (rows["diag_count"].min(), rows["diag_count"].max()) == (1, 6)
    assert taken("surgeon_excerpt.csv").rows["number_of_cases"].max() == 362


def test_ages_of_less_than_a_year_are_the_publishers() -> None:
    assert taken(HES).rows["startage"].max() == 7007


def test_patients_have_keys_of_ours_alone() -> None:
    rows = taken(HES).rows
    assert rows["patient"].n_unique() == 994
    assert not rows.select(pl.any_horizontal(pl.selectors.string().str.contains("TEST").any())).item()
    assert "mydob" not in rows.columns


def test_the_two_forms_of_the_episodes_are_the_same_episodes() -> None:
    """As text and as Parquet: not one value differs, nor a pseudonym."""
    assert taken(HES).rows.equals(taken("artificial_hes_apc_0102.parquet").rows)


def test_asterisks_are_suppressed_and_dashes_are_nobody() -> None:
    assert absent(PUBLISHED) == {"suppressed": 10_575, "no_procedures": 14 * 10}
    series = taken("time_series_hip_and_knee_1819_without_2016_2017.csv").rows
    dashes = taken(PUBLISHED).rows.filter(pl.col("modelled_records_absent") == "no_procedures")
    key = ["provider", "procedure", "measure"]
    both = dashes.filter(organisation_type="Provider").join(series, on=key)
    assert both.height == 6
    assert both["outlier_2018"].unique().to_list() == ["No procedures"]


def test_shares_lose_their_sign_and_nothing_else() -> None:
    facts = taken("key_facts_hip_and_knee_1819.csv").rows
    lines = path_of("key_facts_hip_and_knee_1819.csv").read_text()
    assert "89.80%" in lines
    assert 89.8 in facts["improved_percent"]
    assert facts["improved_percent"].max() == 100
    assert facts["improved_percent_absent"].eq("suppressed").sum() == 2298


def test_a_colon_is_not_available() -> None:
    assert absent("qof_vaccination_2023_24.csv") == {"not_available": 27}


def test_too_small_is_no_verdict_and_not_available_no_rate() -> None:
    assert absent(OUTCOMES) == {"small_numbers": 4978, "not_available": 23_504}
    verdict = "comparison_to_u_s_rate_hospital_30_day_death_mortality_rates_from_heart_attack"
    assert taken(OUTCOMES).rows[verdict].drop_nulls().unique().sort().to_list() == [
        "Better than U.S. National Rate", "No Different than U.S. National Rate", "Worse than U.S. National Rate",
    ]  # fmt: skip


def test_a_trust_that_told_nothing_is_there_and_says_so() -> None:
    rows = taken("cancer_wait_times_trust_2022.csv").rows.filter(standard="none")
    assert rows.height == 73
    assert rows["total_treated_absent"].unique().to_list() == ["not_collected"]
    assert absent("cancer_wait_times_trust_2022.csv") == {"not_collected": 3 * 73}
    assert absent("rtt_trust_2022.csv") == {"not_collected": 5 * 44}
    assert taken("rtt_trust_2022.csv").rows.filter(pathway="none").height == 44


def test_half_a_patient_is_half_a_patient() -> None:
    key = {"provider": "R0A", "standard": "62-days-screening"}
    row = one_row("cancer_wait_times_trust_2022.csv", **key)
    assert (row["total_treated"], row["within_standard"], row["breaches"]) == (31.5, 21.0, 10.5)
    assert (row["period_start"], row["period_end"]) == (date(2022, 4, 1), date(2022, 4, 30))


def test_what_is_missing_has_a_reason_in_every_table_of_practices() -> None:
    assert absent("cqc_gp_ratings_2024.csv") == {"missing": 2 * (76 - _without_code("cqc_gp_ratings_2024.csv"))}
    said_once = sorted(set(path_of("practice_profile_2023.csv").read_text().splitlines()[1:]))
    cells = [cell for line in csv.reader(said_once) for cell in (line[10], *line[30:])]
    assert absent("practice_profile_2023.csv") == {"missing": cells.count("NA")}
    assert absent("qof_cvd_2023_24.csv") == {"missing": 25_156 - 28}  # the line of NA throughout is set aside


def _without_code(name: str) -> int:
    """Lines without a practice and without its deprivation."""
    lines = [line.split(",") for line in path_of(name).read_text().splitlines()]
    return sum(line[0] in ("NA", '"NA"') and "NA" in (line[-2], line[-3]) for line in lines)


def test_stars_that_are_not_given_are_not_available() -> None:
    rating = taken("hospital_general_information_2017-07.csv").rows
    assert rating["hospital_overall_rating_absent"].eq("not_available").sum() == 1245
    assert rating["hospital_overall_rating"].drop_nulls().is_between(1, 5).all()


def test_line_ends_inside_a_cell_stay_inside_it() -> None:
    found = taken("hospital_general_information_2017-07.csv")
    assert (found.lines, found.rows.height) == (14_437, 4812)
    row = one_row("hospital_general_information_2017-07.csv", provider="010005")
    assert row["location"] == "2505 U S HIGHWAY 431 NORTH\nBOAZ, AL\n"
    assert found.rows["location"].str.count_matches("\n").unique().to_list() == [2]


def test_a_slip_of_the_publishers_program_costs_no_hospital() -> None:
    """153 footnotes have U+0092 for an apostrophe; a control that the source does not know still sets a line aside."""
    raw = path_of("hospital_general_information_2017-07.csv").read_bytes()
    assert raw.count(b"\xc2\x92") == 153


def test_another_control_is_still_set_aside(tmp_path: Path) -> None:
    raw = path_of("hospital_general_information_2017-07.csv").read_bytes()
    spoilt = tmp_path / "hospital_general_information.csv"
    spoilt.write_bytes(raw.replace(b"\xc2\x92", b"\xc2\x93", 1))
    found = take(spoilt)
    assert found.fates["quarantined"] == 3  # the lines of one cell
    assert found.aside["found"].unique().to_list() == ["U+0093"]


def test_the_footer_of_another_encoding_is_a_footer() -> None:
    found = taken("shmi-2013-april.csv")
    assert path_of("shmi-2013-april.csv").read_bytes().count(b"\xa9") == 1
    assert (found.encoding, found.fates["footer"], found.fates["blank"]) == ("windows-1252", 1, 1)
    assert found.aside.is_empty()


def test_a_code_that_changed_with_a_merger_is_both_codes() -> None:
    """Each release says what it says; which trust took over is told by a file of its own."""
    codes = {
        release: [code for code in ("5QT", "R1F") if code in taken(f"shmi-{release}.csv").rows["provider"]]
        for release in ("2011-october", "2012-october", "2013-january", "2013-april")
    }
    assert codes == {
        "2011-october": ["5QT"], "2012-october": ["5QT"], "2013-january": ["R1F"], "2013-april": ["R1F"],
    }  # fmt: skip
    row = one_row("shmi-2013-january.csv", provider="R1F")
    assert (row["period_start"], row["period_end"]) == (date(2011, 7, 1), date(2012, 6, 30))


def test_who_took_over_is_a_source_of_our_own() -> None:
    """What no register at hand says, reviewed: the releases around each change know one code and then the other."""
    found = take(ROOT / "docs" / "organisation-successions.csv")
    assert found.source == "organisation-successions"
    assert ("5QT", "R1F", date(2012, 4, 1)) in found.rows.select("provider", "successor", "since").rows()
    first, last = (set(taken(f"shmi-{release}.csv").rows["provider"]) for release in ("2011-october", "2013-april"))
    assert set(found.rows["provider"]) <= first - last
    assert set(found.rows["successor"]) <= last - first
    assert set(found.rows["successor"]) <= set(taken("etr_2022.csv").rows["provider"])


def test_successors_are_read_from_the_table_of_statuses() -> None:
    source = SOURCES["dspt-successions"]
    rows = read(path_of("dspt_status_2022_02.csv"), source).rows
    assert (rows.height, rows["successor"].drop_nulls().len()) == (357, 42)
    links = links_of([rows.select(list(source.canonical))], date(2022, 2, 8))
    assert links["RXH"] == {"RYR": None}
    assert set(links["RW6"]) == {"RM3", "R0A"}
    assert len(links) == 41


@pytest.mark.parametrize(
    ("release", "first", "last"),
    [
        ("2011-october", date(2010, 4, 1), date(2011, 3, 31)),
        ("2012-january", date(2010, 7, 1), date(2011, 6, 30)),
        ("2012-april", date(2010, 10, 1), date(2011, 9, 30)),
        ("2012-july", date(2011, 1, 1), date(2011, 12, 31)),
        ("2012-october", date(2011, 4, 1), date(2012, 3, 31)),
        ("2013-january", date(2011, 7, 1), date(2012, 6, 30)),
        ("2013-april", date(2011, 10, 1), date(2012, 9, 30)),
    ],
)
def test_the_name_of_a_release_tells_its_period(release: str, first: date, last: date) -> None:
    rows = taken(f"shmi-{release}.csv").rows
    assert rows["period_start"].unique().to_list() == [first]
    assert rows["period_end"].unique().to_list() == [last]


def test_six_more_columns_change_no_figure_of_september() -> None:
    rows = taken("ae_2024-09.csv").rows
    assert rows.columns == taken("ae_2024-06.csv").rows.columns
    assert rows.height == 197
    row = one_row("ae_2024-09.csv", provider="RAS")
    assert (row["a_e_attendances_type_1"], row["other_emergency_admissions"]) == (6077, 125)


def test_a_value_under_a_heading_without_meaning_is_set_aside(tmp_path: Path) -> None:
    raw = path_of("ae_2024-09.csv").read_text()
    spoilt = tmp_path / "ae_2024-09.csv"
    line = next(line for line in raw.splitlines() if ",RAS," in line)
    spoilt.write_text(raw.replace(line, line + "7"))
    found = take(spoilt)
    assert (found.fates["quarantined"], found.aside["found"].to_list()) == (1, ["7"])


@pytest.mark.parametrize(
    ("month", "word"), [("2024-06", "TOTAL,TOTAL,"), ("2024-07", "Total,Total,"), ("2024-09", "Total,Total ,")]
)
def test_the_nation_is_no_provider_however_it_is_written(month: str, word: str) -> None:
    assert f"\n{word}" in path_of(f"ae_{month}.csv").read_text()
    found = taken(f"ae_{month}.csv")
    assert found.fates["aggregate"] == 1
    assert not found.rows["provider"].str.contains("(?i)total").any()


def test_months_are_periods() -> None:
    rows = taken("ae_2025-02.csv").rows
    assert rows["period_start"].unique().to_list() == [date(2025, 2, 1)]
    assert rows["period_end"].unique().to_list() == [date(2025, 2, 28)]
    rows = taken("ae_attendances.csv").rows
    assert (rows["period_start"].min(), rows["period_end"].max()) == (date(2016, 4, 1), date(2019, 3, 31))


def test_a_region_has_no_space_behind_it() -> None:
    assert ",NHS ENGLAND SOUTH EAST ," in path_of("ae_2024-06.csv").read_text()
    assert "NHS ENGLAND SOUTH EAST" in taken("ae_2024-06.csv").rows["parent_org"]


def test_limits_above_a_hundred_percent_stay() -> None:
    assert one_row("hospital_2008_2015.csv", provider="1178", published_upper=140.57)["published_upper"] == 140.57
    assert taken("surgeon_excerpt.csv").rows["upper_limit_of_confidence_interval"].max() == 100.0


def test_days_in_the_forms_of_registers() -> None:
    assert taken("gp_practice_mapping_2022_01.csv").rows["told_on"].unique().to_list() == [date(2022, 1, 1)]
    practices = taken("epraccur_2019_q3.csv").rows
    assert practices["opened"].min() == date(1974, 4, 1)
    assert practices["closed"].null_count() == 11_876
    row = one_row("etr_2022.csv", provider="R0A")
    assert (row["kind"], row["region"], row["parent"]) == ("trust", "North West", "QOP")
    assert taken("etr_2022.csv").rows["closed"].drop_nulls().len() == 6
    published = taken("dspt_status_2022_02.csv").rows["published_on"]
    assert (published.min(), published.max()) <= (date(2021, 6, 30), date(2022, 2, 8))


def test_practices_are_told_from_what_shares_their_register() -> None:
    rows = taken("epraccur_2019_q3.csv").rows
    assert rows["kind"].value_counts(sort=True).rows() == [("gp-practice", 8201), ("other", 6102)]
    assert taken("gp_practice_mapping_2022_01.csv").rows["parent_absent"].eq("not_applicable").sum() == 68


def test_commas_inside_names_divide_nothing() -> None:
    names = taken("time_series_hip_and_knee_1819_without_2016_2017.csv").rows["provider_name"]
    assert "NUFFIELD HEALTH, DERBY HOSPITAL" in names
    assert one_row("outcome-of-care-measures.csv", provider="010001")["state"] == "AL"


def test_a_byte_order_mark_is_no_part_of_the_first_heading() -> None:
    for name in ("ccg_to_icb.csv", "imd_by_practice.csv"):
        assert path_of(name).read_bytes().startswith(b"\xef\xbb\xbf")
        assert taken(name).fates["accepted"]


def test_lines_that_are_about_nobody_say_so() -> None:
    """What the README does not tell: a group without a code, a line of NA, ratings of branches without a practice."""
    told = {
        "ccg_to_icb.csv": ("not-of-form", ["n/a not SBS client at present"]),
        "qof_cvd_2023_24.csv": ("missing-value", ["NA"]),
        "cqc_gp_ratings_2024.csv": ("missing-value", ["NA"] * 42),
    }
    for name, (code, found) in told.items():
        aside = taken(name).aside
        assert aside["code"].unique().to_list() == [code]
        assert aside["found"].to_list() == found


def test_a_practice_rated_twice_has_both_ratings() -> None:
    rows = taken("cqc_gp_ratings_2024.csv").rows.filter(pl.col("provider") == "M84032").sort("period_start")
    assert rows.select(pl.col("period_start").dt.year(), "latest_rating").rows() == [
        (2016, "Outstanding"),
        (2019, "Good"),
    ]


def test_an_upload_that_lacks_columns_is_refused_as_a_whole() -> None:
    why = refused("upload-new-data-missing-columns.csv")
    assert why.code == "wrong-header"
    assert "CategoryTypeId, CategoryId" in why.detail


def test_good_uploads_are_the_same_rows_however_their_columns_are_called() -> None:
    plain = taken("upload-new-data.csv").rows
    assert plain["value"].to_list() == [35.3, 23.4]
    assert plain["count_absent"].unique().to_list() == ["not_applicable"]
    assert taken("upload-new-data-columns-different-case.csv").rows.equals(plain)
    assert taken("upload-new-data-columns-different-order.csv").rows.equals(plain)
    assert taken("upload-new-data-old-ci-names.csv").rows["lower_ci95_absent"].to_list() == ["not_available"]


def test_bad_uploads_are_set_aside_for_what_is_wrong_with_them() -> None:
    assert taken("upload-duplicate-rows.csv").fates == {"header": 1, "accepted": 1, "duplicate": 1}
    aside = taken("upload-non-numeric-data.csv").aside
    assert aside.select("code", "found").rows() == [("not-a-number", "#DIV/0!")]
    aside = taken("upload-new-data-null-value.xlsx").aside
    assert aside.select("line", "code", "column").rows() == [
        (2, "missing-value", "Quarter"), (3, "missing-value", "ValueNoteId"),
    ]  # fmt: skip


def test_the_workbook_is_its_providers() -> None:
    row = one_row(WORKBOOK, provider="RC9")
    assert (row["attendances_type_1"], row["attendances_all"], row["within_4_hours_share"]) == (
        16_839,
        25_273,
        18_512 / 25_273,
    )
    assert (row["within_4_hours_share_type_2"], row["within_4_hours_share_type_2_absent"]) == (None, "not_applicable")
    assert row["system"] == "NHS Bedfordshire, Luton And Milton Keynes Integrated Care Board"
    assert (row["period_start"], row["period_end"]) == (date(2025, 6, 1), date(2025, 6, 30))
    assert "England" not in taken(WORKBOOK).rows["provider_name"]
