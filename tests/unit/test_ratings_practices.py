"""A practice with one doctor is a person: it has no figure of ours, and of others only where two doctors are known."""

import polars as pl
import pytest

from services.ratings.assembly.practices import KEPT, Practices, doctors_of, held_back
from services.ratings.assembly.registers import checked_registers
from services.ratings.assembly.schema import BuildRefused
from tests.unit.test_ratings_plain import CQC, practice
from tests.unit.test_ratings_plain import published as published_by


def register(kind: str) -> pl.DataFrame:
    rows = {"id": ["A12345"], "name": ["A synthetic practice"], "kind": [kind], "region": ["Wessex"]}
    return pl.DataFrame(rows | {"register_source": ["made up"], "synthetic": [True]})


def results(*providers: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"provider_id": list(providers), "consultant_id": [None] * len(providers)},
        schema={"provider_id": pl.String, "consultant_id": pl.String},
    )


@pytest.mark.parametrize("kind", ["hospital", "trust"])
def test_others_are_built(kind: str) -> None:
    places, _ = checked_registers([register(kind)], [], results("A12345"))
    assert places["kind"].to_list() == [kind]


def test_a_practice_with_results_stops_the_build_and_says_why() -> None:
    with pytest.raises(BuildRefused, match="1 GP practices have results: one with a single partner is a person"):
        checked_registers([register("gp-practice")], [], results("A12345"))


def test_a_practice_without_results_is_only_a_name() -> None:
    places, _ = checked_registers([register("gp-practice")], [], results())
    assert places.height == 1


FIGURES = published_by([practice(code, "Good", 2017) for code in ("A12345", "B12345", "RAA")], CQC)
PLACES = pl.DataFrame({"id": ["A12345", "B12345", "RAA"], "kind": ["gp-practice", "gp-practice", "trust"]})


def shown(doctors: dict[str, int], fewest: int = 2) -> dict[str, tuple[str, str, str | None]]:
    held = held_back(FIGURES.results, PLACES, {CQC: Practices(fewest, doctors)})
    assert held.schema == FIGURES.results.schema
    assert held.select(KEPT).equals(FIGURES.results.select(KEPT))
    return {subject: (status, reason, word) for subject, status, reason, word in
            held.select("subject", "status", "reason", "word").iter_rows()}  # fmt: skip


def test_a_figure_that_was_published_is_shown_where_two_doctors_are_known() -> None:
    published_row, held_row = ("published", "", "Good"), ("not_published", "not_published", None)
    assert shown({"A12345": 2, "B12345": 1}) == {"A12345": published_row, "B12345": held_row, "RAA": published_row}
    assert shown({"A12345": 2}, fewest=3)["A12345"] == held_row


def test_a_practice_whose_doctors_nobody_has_counted_has_no_figure() -> None:
    assert {row[0] for subject, row in shown({}).items() if subject != "RAA"} == {"not_published"}


def test_nothing_is_left_of_a_figure_that_is_held_back() -> None:
    held = held_back(FIGURES.results, PLACES, {CQC: Practices(2, {})})
    (row,) = held.filter(pl.col("subject") == "A12345").iter_rows(named=True)
    told = {name for name, value in row.items() if value is not None}
    assert told == {*KEPT, "status", "reason"} - {"consultant_id"}


def test_an_absence_is_held_back_like_a_figure() -> None:
    """Why a practice of one doctor has no figure is about that doctor, too."""
    absent = FIGURES.results.with_columns(
        pl.lit("suppressed").alias("status"), pl.lit("small_numbers").alias("reason"), pl.lit(None).alias("word")
    )
    held = held_back(absent, PLACES, {CQC: Practices(2, {})})
    assert held["reason"].to_list() == ["not_published", "not_published", "small_numbers"]


def test_other_indicators_are_left_alone() -> None:
    assert held_back(FIGURES.results, PLACES, {"another": Practices(2, {})}).equals(FIGURES.results)


def test_the_fewest_doctors_that_are_said_count() -> None:
    told = pl.DataFrame({"provider": ["A12345", "A12345", "B12345"], "total_gp_hc": [4, 1, None]})
    assert doctors_of(told, "total_gp_hc") == {"A12345": 1}
    with pytest.raises(BuildRefused, match="stand in gps"):
        doctors_of(told, "gps")
