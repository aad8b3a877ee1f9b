"""New York State's own table, sent to ingest and read back from the view that gateways load (methods, section 3.1)."""

import math
from collections.abc import Iterator

import polars as pl
import pytest

from tests.system.published import VERDICT, Key, PublishedRow, published_rows
from tests.unit.test_ratings_rig import NEW_YORK, Rig, rig_in

pytestmark = pytest.mark.skipif(not NEW_YORK.is_file(), reason="../shared/data is not beside this checkout")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("new-york")) as running:
        running.send("ny-cardiac", NEW_YORK.read_bytes())
        built = running.build("2026-09-30")
        assert built["build"] == "done", built
        running.publish(built["release"])
        yield running


@pytest.fixture(scope="module")
def rows(rig: Rig) -> pl.DataFrame:
    return rig.table("2026-09-30", "rows")


@pytest.fixture(scope="module")
def printed() -> dict[Key, PublishedRow]:
    return published_rows(NEW_YORK)


def found_key(row: dict[str, object]) -> Key:
    return str(row["provider_id"]), str(row["indicator_id"]), str(row["period_start"]), str(row["period_end"])


def test_every_figure_and_verdict_of_1578(rows: pl.DataFrame, printed: dict[Key, PublishedRow]) -> None:
    found = {found_key(row): row for row in rows.iter_rows(named=True)}
    assert found.keys() == printed.keys()
    assert len(found) == rows.height == 1578
    wrong = [
        key for key, row in found.items()
        if not printed[key].agrees((row["estimate"], row["interval_lower"], row["interval_upper"]))
        or row["position"] not in VERDICT[printed[key].verdict]
        or row["summary"] != printed[key].verdict
        or (row["observed"], row["denominator"]) != (printed[key].deaths, printed[key].cases)
    ]  # fmt: skip
    assert wrong == []


def test_the_verdicts_are_counted_as_published(rows: pl.DataFrame) -> None:
    assert dict(rows["band"].value_counts().iter_rows()) == {
        "as_expected": 1467, "worse_than_expected": 67, "better_than_expected": 44,
    }  # fmt: skip


def test_nothing_of_it_depends_on_anybody(rig: Rig, rows: pl.DataFrame) -> None:
    assert set(rows["partition"]) == {"fixed"}
    assert set(rows["status"]) == {"published"}
    assert set(rows["legal_basis"]) == {"not_applicable"}
    assert rig.table("2026-09-30", "quarantine").is_empty()
    assert rig.table("2026-09-30", "consultants").is_empty()
    assert not any(entry["revocable"] for entry in rig.entries("2026-09-30", "indicators"))


def test_rounded_once_half_away_with_the_publishers_cap(rows: pl.DataFrame) -> None:
    of_2011 = rows.filter(pl.col("interval_upper") > 100)
    assert set(of_2011["period_end"].dt.year()) == {2011, 2012}
    assert rows.filter(pl.col("interval_upper") == 100).height == 3
    for name in ("estimate", "interval_lower", "interval_upper", "warning_upper", "expected", "crude"):
        assert (rows[name] == rows[name].round(2)).all(), name
    assert rows.filter(pl.col("observed") == 0)["interval_lower"].to_list() == [0.0] * 102


def test_no_figure_is_missing_without_a_word(rows: pl.DataFrame) -> None:
    only_some = ("reliability", "robustness_share", "case_ascertainment")
    figures = [name for name, kind in rows.schema.items() if kind == pl.Float64 and name not in only_some]
    assert rows.select(pl.col(figures).null_count()).sum_horizontal().item() == 0
    assert set(rows.filter(pl.col("reliability").is_null())["quality_flags"]) <= {"dispersion_not_estimated"}
    assert set(rows.filter(pl.col("reliability").is_not_null())["quality_flags"]) == {""}


def test_a_hospital_has_the_name_of_its_latest_period(rig: Rig, rows: pl.DataFrame) -> None:
    providers = rig.entries("2026-09-30", "providers")
    assert len({entry["id"] for entry in providers}) == len(providers) == rows["provider_id"].n_unique()
    assert {entry["kind"] for entry in providers} == {"hospital"}
    assert not any(entry["synthetic"] for entry in providers)


def test_there_are_curves_for_every_measure_and_period(rig: Rig, rows: pl.DataFrame) -> None:
    funnels = rig.entries("2026-09-30", "funnels")
    assert {(one["indicator"], one["period"]) for one in funnels} == set(rows["indicator_id", "period_id"].iter_rows())
    assert len(funnels) == 31
    for funnel in funnels:
        for point in funnel["curve"]:
            assert 0 <= point["control_lower"] <= point["warning_lower"] <= 1
            assert 1 <= point["warning_upper"] <= point["control_upper"]


def test_every_place_comes_as_an_interval(rows: pl.DataFrame) -> None:
    sizes = rows.select(pl.len().over("indicator_id", "period_id"))["len"]
    assert rows["ranked_of"].to_list() == sizes.to_list()
    assert (rows["rank_lower"] >= 1).all()
    assert (rows["rank_lower"] <= rows["rank_upper"]).all()
    assert (rows["rank_upper"] <= rows["ranked_of"]).all()
    worst = rows.filter((pl.col("indicator_id") == "ny-all-pci-mortality") & (pl.col("position") == "above_control"))
    assert worst.height > 0
    assert (worst["rank_lower"] > worst["ranked_of"] / 3).all()
    assert (worst["rank_upper"] == worst["ranked_of"]).all()


def test_where_no_spread_was_found_everyone_has_nearly_all_places(rows: pl.DataFrame) -> None:
    """The same variance that reliability is made of: rounded to nothing in 7 of 31 comparisons."""
    sets = rows.group_by("indicator_id", "period_id").agg(pl.col("reliability").max())
    assert (sets.height, sets.filter(pl.col("reliability") == 0).height) == (31, 7)
    undivided = rows.join(sets.filter(pl.col("reliability") == 0), on=["indicator_id", "period_id"], how="semi")
    of = undivided["ranked_of"].to_list()
    assert undivided["rank_lower"].to_list() == [math.ceil(number / 40) for number in of]
    assert undivided["rank_upper"].to_list() == [number - number // 40 for number in of]


def test_each_flag_says_under_how_many_methods_it_holds(rows: pl.DataFrame) -> None:
    """At the level at which the publisher gives a word; the words stay the publisher's."""
    flagged = rows.filter(pl.col("position") != "within")
    assert flagged.height == 111
    assert rows.filter(pl.col("robustness_paths").is_not_null()).equals(flagged)
    assert set(flagged["robustness_paths"]) == {4}
    share = (flagged["robustness_agreeing"] / flagged["robustness_paths"]).to_list()
    assert flagged["robustness_share"].to_list() == share, "quarters need no rounding"
    for row in flagged.iter_rows(named=True):
        differing = row["robustness_differing"].split()
        assert len(differing) == row["robustness_paths"] - row["robustness_agreeing"]
        assert "interval_byar" not in differing, "the publisher's own method"
    # the exact interval changes one verdict of 1,578 (methods, 3.1), and that one was not different
    assert not flagged["robustness_differing"].str.contains("interval_exact").any()
