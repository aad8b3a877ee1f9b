"""What counts as agreement: the rows of the specification, as many as it requires, and no other exception."""

import numpy as np
import polars as pl
import pytest

from services.ratings.indicators.loading import load_catalogue
from services.ratings.proof.agreement import Agreement, Claim, Frames, keys_of, near
from services.ratings.proof.suite import Recipe, entries_of, suite

CLAIM = Claim("a-publisher", "rates", "equal", ("a", "b"), of=4, required=3, why="one was misprinted")
NAMED = Claim("a-publisher", "verdicts", "equal", ("a",), of=4, required=3, named=frozenset({"second"}))
KEYS = ["first", "second", "third", "fourth"]
AGREES = np.array([True, False, True, True])


def test_a_row_of_the_table() -> None:
    assert CLAIM.met_by(KEYS, AGREES).as_row() == {
        "source": "a-publisher", "what": "rates", "tolerance": "equal", "rows": 4, "required": 3, "reached": 3,
        "ok": True, "exceptions": ["second"], "why": "one was misprinted", "entries": ["a", "b"],
    }  # fmt: skip


@pytest.mark.parametrize("agrees", [[True, False, True, False], [False] * 4])
def test_one_row_short_is_short(agrees: list[bool]) -> None:
    assert not CLAIM.met_by(KEYS, np.array(agrees)).ok


def test_where_the_specification_names_the_exceptions_no_other_row_may_differ() -> None:
    assert NAMED.met_by(KEYS, AGREES).ok
    assert not NAMED.met_by(KEYS, AGREES[::-1]).ok
    assert not NAMED.met_by(KEYS, np.full(4, True)).ok  # a difference that is gone is news, too


def test_every_row_must_be_there() -> None:
    assert not CLAIM.met_by(KEYS[:3], np.full(3, True)).ok
    assert not CLAIM.met_by([*KEYS, "fifth"], np.full(5, True)).ok
    with pytest.raises(ValueError, match="3 keys for 4 rows"):
        CLAIM.met_by(KEYS[:3], AGREES)


def test_a_row_that_comes_twice_does_not_stand_for_one_that_is_gone() -> None:
    with pytest.raises(ValueError, match="two rows have one key"):
        CLAIM.met_by(["first", "second", "third", "third"], AGREES)


def test_figures_are_compared_one_by_one() -> None:
    claim = Claim("a-publisher", "figures", "to the digit", ("a",), of=2, required=2, named=frozenset())
    wanted = {"phi": (1.5, 0.01), "kept": (44.0, 0.0)}
    assert claim.figures_met_by({"phi": 1.505, "kept": 44.0}, wanted).ok
    assert claim.figures_met_by({"phi": 1.52, "kept": 44.0}, wanted).exceptions == ("phi",)
    assert claim.figures_met_by({"phi": 1.5}, wanted).exceptions == ("kept",)


def test_a_missing_figure_agrees_with_nothing() -> None:
    assert near(np.array([1.0, np.nan, 1.0]), np.array([1.0, 1.0, np.nan]), 1e9).tolist() == [True, False, False]


def test_keys_are_words_with_spaces_between() -> None:
    assert keys_of(pl.DataFrame({"a": ["x"], "b": [3]}), "a", "b") == ["x 3"]


def agreed(_frames: Frames) -> list[Agreement]:
    return [CLAIM.met_by(KEYS, AGREES)]


def refused(_frames: Frames) -> list[Agreement]:
    raise ValueError("expected must be above 0")


def without_a_column(frames: Frames) -> list[Agreement]:
    return [CLAIM.met_by(frames["a"]["provider"].to_list(), AGREES)]


HERE: Frames = {"a": pl.DataFrame({"cases": [1]}), "b": pl.DataFrame()}


def test_what_cannot_be_compared_is_not_met_and_says_why() -> None:
    assert [one.ok for one in Recipe((CLAIM,), agreed).run(HERE)] == [True]
    for recipe, frames, why in (
        (Recipe((CLAIM, NAMED), agreed), {"b": pl.DataFrame()}, "There is no a to compare."),
        (Recipe((CLAIM, NAMED), refused), HERE, "It could not be computed: expected must be above 0"),
        (Recipe((CLAIM, NAMED), without_a_column), HERE, "It could not be computed: "),
    ):
        rows = [one.as_row() for one in recipe.run(frames)]
        assert [(row["rows"], row["reached"], row["ok"]) for row in rows] == [(0, 0, False)] * 2
        assert all(str(row["why"]).startswith(why) for row in rows)


def test_the_suite_states_all_its_claims_even_without_data() -> None:
    recipes = suite(loaded.definition for loaded in load_catalogue().indicators.values())
    unmet = [one for recipe in recipes for one in recipe.run({})]
    assert [one.claim for one in unmet] == [claim for recipe in recipes for claim in recipe.claims]
    assert not any(one.ok for one in unmet)
    assert all(claim.required <= claim.of for recipe in recipes for claim in recipe.claims)
    assert "ny-hospitals" in entries_of(recipes)
