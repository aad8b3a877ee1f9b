"""Rating schemes as data, and their panels (methods 5, 5.2, 5.3)."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.methods.composites.moderation import (
    Moderation,
    NotModerated,
    PanelDecision,
    distribution,
    moderated,
    moves,
)
from services.ratings.methods.composites.scheme import By, Combine, Cuts, Floor, From, OnMissing, Part, Scheme
from services.ratings.methods.composites.schemes import rate

LEVELS = ("inadequate", "requires improvement", "good", "outstanding")
POSITIONS = {"below_control": 0.0, "below_warning": 0.0, "within": 1.0, "above_warning": 2.0, "above_control": 2.0}
CANCER = Scheme(
    "cancer-area",
    "2026.1",
    LEVELS,
    Combine(By.MEAN, cuts=(0.6, 1.0, 1.4), on_missing=OnMissing.REDISTRIBUTE, minimum_parts=3),
    (
        Part(("early-diagnosis", "one-year-survival"), From.POSITION, POSITIONS),
        Part(("sixty-two-day-wait",), From.VALUE, Cuts((0.80, 0.85), (0, 1, 2))),
    ),
    (Floor("registry-completeness", below=0.90, level_at_most="requires improvement"),),
)
"""The example of methods 5.3: schemes/cancer-area.toml."""


def results(rows: Sequence[tuple[str, str, str | None, float | None]]) -> pl.DataFrame:
    table = pl.DataFrame(rows, ["provider", "indicator", "position", "value"], orient="row")
    return table.with_columns(
        pl.col("position").cast(pl.String), pl.col("value").cast(pl.Float64), z_value=pl.col("value")
    )


def cancer(
    provider: str, early: str | None, survival: str | None, wait: float | None, complete: float | None
) -> pl.DataFrame:
    return results(
        [
            (provider, "early-diagnosis", early, None),
            (provider, "one-year-survival", survival, None),
            (provider, "sixty-two-day-wait", None, wait),
            (provider, "registry-completeness", None, complete),
        ]
    )


def test_the_example_scheme() -> None:
    """Methods 5.3: mean of three parts; a value at a cut and a mean at a cut take the upper side; the floor holds."""
    whole = rate(
        CANCER,
        pl.concat(
            [
                cancer("a", "within", "within", 0.85, 0.95),  # (1 + 1 + 2) / 3
                cancer("b", "above_control", "within", 0.85, 0.90),  # 5 / 3; completeness at the floor is enough
                cancer("c", "above_control", "within", 0.85, 0.899),  # the same, forced down
                cancer("d", "within", "within", 0.84, 0.95),  # 1, which is a cut
                cancer("e", "below_warning", "below_control", 0.7, 0.95),
            ]
        ),
    ).whole
    assert whole["provider"].to_list() == list("abcde")
    assert whole["points"].to_list() == pytest.approx([4 / 3, 5 / 3, 5 / 3, 1.0, 0.0])
    assert whole["level_before_floors"].to_list() == ["good", "outstanding", "outstanding", "good", "inadequate"]
    assert whole["level"].to_list() == ["good", "outstanding", "requires improvement", "good", "inadequate"]
    assert whole["floors"].to_list() == [[], [], [1], [], []]
    assert whole["parts"].to_list() == [3] * 5
    assert set(whole["status"]) == {"rated"}


def test_agreement_is_the_weight_share_of_parts_within_one_level_of_the_whole() -> None:
    """Methods 2.15. Parts' own levels: 0 -> inadequate, 1 -> good, 2 -> outstanding."""
    rated = rate(CANCER, cancer("a", "below_control", "above_control", 0.9, 1.0))
    assert rated.whole["level"].to_list() == ["good"]  # (0 + 2 + 2) / 3
    assert rated.whole["agreement"].to_list() == pytest.approx([2 / 3])
    assert rated.parts["level"].to_list() == ["inadequate", "outstanding", "outstanding"]
    assert rated.parts["points"].to_list() == [0.0, 2.0, 2.0]
    assert rated.parts["weight"].to_list() == pytest.approx([1 / 3] * 3)


def test_a_mean_at_a_cut_is_not_pushed_below_it_by_rounding() -> None:
    scheme = replace(
        CANCER,
        parts=tuple(
            Part((name,), From.VALUE, Cuts((), (points,)), 0.1) for name, points in (("a", 0.1), ("b", 0.2), ("c", 0.9))
        ),
        combine=Combine(By.MEAN, cuts=(0.4, 1.0, 1.4)),
        floors=(),
    )
    whole = rate(scheme, results([("p", name, None, 0.0) for name in "abc"])).whole
    assert whole["level"].to_list() == ["requires improvement"]  # (.1 + .2 + .9) / 3 is .4, in floats less


def test_an_absent_part_is_shared_out_until_too_few_are_left() -> None:
    """Methods 5: `redistribute` with `minimum_parts`; a row without a figure and a missing row are the same."""
    two = replace(CANCER, combine=replace(CANCER.combine, minimum_parts=2))
    frame = pl.concat(
        [
            cancer("a", "within", None, 0.9, 1.0),
            cancer("b", "within", None, None, 1.0),
            cancer("c", None, "above_warning", 0.9, 1.0).filter(pl.col("indicator") != "early-diagnosis"),
        ]
    )
    rated = rate(two, frame)
    assert rated.whole["points"].to_list() == [1.5, None, 2.0]
    assert rated.whole["reason"].to_list() == ["", "too_few_parts", ""]
    assert rated.whole["status"].to_list() == ["rated", "not_rated", "rated"]
    assert rated.whole["level"].to_list() == ["outstanding", None, "outstanding"]
    assert rated.whole["agreement"].to_list() == [1.0, None, 1.0]
    assert rated.parts["weight"].to_list() == pytest.approx([0.5, 0, 0.5, 1, 0, 0, 0, 0.5, 0.5])


def test_not_rated_where_a_part_is_absent() -> None:
    strict = replace(CANCER, combine=replace(CANCER.combine, on_missing=OnMissing.NOT_RATED))
    whole = rate(strict, cancer("a", "within", None, 0.9, 1.0)).whole
    assert (whole["status"].to_list(), whole["reason"].to_list()) == (["not_rated"], ["absent_part"])


def test_a_floor_that_cannot_be_checked_leaves_the_provider_not_rated() -> None:
    whole = rate(CANCER, cancer("a", "within", "within", 0.9, None)).whole
    assert (whole["level"].to_list(), whole["reason"].to_list()) == ([None], ["absent_part"])


def test_floors_apply_in_order_and_lift_as_well_as_lower() -> None:
    lifted = replace(CANCER, floors=(Floor("registry-completeness", at_least=0.99, level_at_least="good"),))
    frame = pl.concat(
        [cancer(who, "below_control", "below_control", 0.1, share) for who, share in (("a", 0.99), ("b", 0.98))]
    )
    whole = rate(lifted, frame).whole
    assert whole["level"].to_list() == ["good", "inadequate"]
    assert whole["agreement"].to_list() == [0.0, 1.0]  # no part is near the level that the floor gave
    both = replace(
        lifted, floors=(*lifted.floors, Floor("registry-completeness", at_least=0.5, level_at_most="inadequate"))
    )
    assert rate(both, frame).whole["floors"].to_list() == [[1, 2], []]


def _of_values(by: By, cuts: tuple[float, ...], weights: tuple[float, ...] = (1, 1, 1)) -> Scheme:
    parts = tuple(
        Part((name,), From.Z_VALUE, Cuts((-1, 0, 1), (0, 1, 2, 3)), weight)
        for name, weight in zip("abc", weights, strict=True)
    )
    return Scheme("s", "1", LEVELS, Combine(by, cuts, on_missing=OnMissing.REDISTRIBUTE), parts)


def test_sum_and_worst_of() -> None:
    """Points 0 2 3. An absent part counts in a sum as the others do: (2 + 3) x 3/2."""
    frame = results(
        [("p", "a", None, -2), ("p", "b", None, 0.5), ("p", "c", None, 1), ("q", "b", None, 0.5), ("q", "c", None, 4)]
    )
    summed = rate(_of_values(By.SUM, (3, 5, 7)), frame)
    assert summed.whole["points"].to_list() == [5.0, 7.5]
    assert summed.whole["level"].to_list() == ["good", "outstanding"]
    assert summed.parts["level"].to_list() == ["inadequate", "good", "outstanding", None, "good", "outstanding"]
    assert rate(_of_values(By.SUM, (3, 5, 7), (2, 1, 1)), frame).whole["points"].to_list() == [5.0, 10.0]
    worst = rate(_of_values(By.WORST_OF, (1, 2, 3)), frame).whole
    assert (worst["points"].to_list(), worst["level"].to_list()) == ([0.0, 2.0], ["inadequate", "good"])
    assert worst["agreement"].to_list() == pytest.approx([1 / 3, 1.0])


def test_matrix_of_two_bands() -> None:
    """Methods 5.2: dementia and learning disability = a matrix of two indicator bands."""
    bands = Cuts((10, 20, 30), (0, 1, 2, 3))
    i, r, g, o = LEVELS
    scheme = Scheme(
        "dementia",
        "1",
        LEVELS,
        Combine(By.MATRIX, matrix=((i, i, r, r), (i, r, r, g), (r, r, g, g), (r, g, g, o))),
        (Part(("diagnosis", "care-plans"), From.VALUE, bands),),
    )
    pairs = {"p": (5, 35), "q": (30, 30), "s": (20, 9.9)}
    frame = results(
        [
            (who, name, None, value)
            for who, pair in pairs.items()
            for name, value in zip(("diagnosis", "care-plans"), pair, strict=True)
        ]
    )
    rated = rate(scheme, pl.concat([frame, results([("t", "diagnosis", None, 50.0)])]))
    assert rated.whole["level"].to_list() == [r, o, r, None]
    assert rated.whole["points"].to_list() == [1.0, 3.0, 1.0, None]
    assert rated.whole["reason"].to_list() == ["", "", "", "absent_part"]


def test_place_quartile() -> None:
    """Section 1: all tied rows take the lower place. Fewer than four providers have no quarters."""
    scheme = Scheme(
        "quarters",
        "1",
        LEVELS,
        Combine(By.MEAN, cuts=(1, 2, 3)),
        (Part(("a",), From.PLACE_QUARTILE, {"1": 0, "2": 1, "3": 2, "4": 3}),),
    )
    values = {"p": 9.0, "q": 1.0, "r": 4.0, "s": 4.0, "t": None}
    whole = rate(scheme, results([(who, "a", None, value) for who, value in values.items()])).whole
    assert whole["points"].to_list() == [3.0, 0.0, 1.0, 1.0, None]
    three = rate(scheme, results([(who, "a", None, 1.0) for who in "pqr"])).whole
    assert three["reason"].to_list() == ["absent_part"] * 3


def test_one_provider_alone_is_rated_by_its_own_figures() -> None:
    assert rate(CANCER, cancer("a", "within", "within", 0.9, 1.0)).whole["level"].to_list() == ["good"]


def test_nobody_to_rate() -> None:
    rated = rate(CANCER, cancer("a", "within", "within", 0.9, 1.0).clear())
    assert (rated.whole.height, rated.parts.height) == (0, 0)


@settings(max_examples=25)
@given(st.randoms())
def test_the_order_of_rows_changes_no_bit(random: Random) -> None:
    generator = np.random.default_rng(8)
    words = [*POSITIONS, None]
    frame = pl.concat(
        [
            cancer(
                f"{i:02}", words[generator.integers(6)], words[generator.integers(6)], generator.uniform(0.7, 1), 0.95
            )
            for i in range(20)
        ]
    )
    order = list(range(frame.height))
    random.shuffle(order)
    one, two = rate(CANCER, frame), rate(CANCER, frame[order])
    assert one.whole.equals(two.whole)
    assert one.parts.equals(two.parts)


@pytest.mark.parametrize(
    "frame",
    [
        pl.concat([cancer("a", "within", "within", 0.9, 1.0)] * 2),
        cancer("a", "good", "within", 0.9, 1.0),
        cancer("a", "within", "within", float("nan"), 1.0),
    ],
)
def test_results_that_cannot_be_rated_are_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"once|unknown position|finite"):
        rate(CANCER, frame)


@pytest.mark.parametrize(
    "change",
    [
        {"levels": ("one",)},
        {"levels": ("a", "a", "b", "c")},
        {"combine": Combine(By.MEAN, cuts=(0.6, 1.0))},
        {"combine": Combine(By.MEAN, cuts=(1.0, 0.6, 1.4))},
        {"combine": replace(CANCER.combine, minimum_parts=4)},
        {"combine": Combine(By.MATRIX, matrix=(("good",),))},
        {"floors": (Floor("a", below=1, level_at_most="splendid"),)},
        {"parts": (*CANCER.parts, CANCER.parts[0])},
    ],
)
def test_a_scheme_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"level|cuts|minimum_parts|matrix|indicator"):
        replace(CANCER, **change)  # type: ignore[arg-type]


def test_parts_floors_and_cuts_that_contradict_themselves_are_refused() -> None:
    for attempt in (
        lambda: Part(("a",), From.POSITION, {"within": 1.0}),
        lambda: Part(("a",), From.VALUE, POSITIONS),
        lambda: Part((), From.POSITION, POSITIONS),
        lambda: Part(("a",), From.POSITION, POSITIONS, 0.0),
        lambda: Floor("a", below=1, at_least=2, level_at_most="good"),
        lambda: Floor("a", below=1),
        lambda: Cuts((1, 1), (0, 1, 2)),
        lambda: Cuts((1, 2), (0, 1)),
        lambda: Scheme(
            "m",
            "1",
            LEVELS,
            Combine(By.MATRIX, matrix=(("good",),)),
            (Part(("a", "b"), From.VALUE, Cuts((1,), (0, 1))),),
        ),
    ):
        with pytest.raises(ValueError, match=r"points|part|floor|cuts"):
            attempt()


def test_a_panel_keeps_both_levels() -> None:
    """Methods 5: the statistical level and the panel's, with reason, quorum, declared interests and dissent."""
    rules = Moderation(panel_quorum=3, may_move_levels=1)
    decision = PanelDecision("good", ("p", "q", "r", "s"), "the audit was late", ("s",), ("q",))
    found = moderated(LEVELS, "outstanding", decision, rules)
    assert (found.statistical_level, found.panel_level, found.decision.dissent) == ("outstanding", "good", ("q",))
    assert moderated(LEVELS, "good", replace(decision, reason=""), rules).panel_level == "good"
    for level, changed in (
        ("inadequate", decision),
        ("outstanding", replace(decision, reason=" ")),
        ("outstanding", replace(decision, declared_interests=("r", "s"))),
        ("splendid", decision),
    ):
        with pytest.raises(NotModerated):
            moderated(LEVELS, level, changed, rules)


def test_distributions_and_moves() -> None:
    """Methods 5.2, dementia: 47 / 42 / 85 / 35, then 64 / 53 / 68 / 24, 68 up and 29 down of 209.

    Margins and moves are public, the table is not; this is one that has them (levels ascend).
    """
    moved = np.array([[15, 20, 0, 0], [9, 38, 21, 17], [0, 10, 22, 10], [0, 0, 10, 37]])
    before = np.repeat(np.array(LEVELS)[:, None], 4, axis=1).repeat(moved.ravel())
    after = np.tile(np.array(LEVELS), 4).repeat(moved.ravel())
    found = moves(LEVELS, before, after)
    assert found.tolist() == moved.tolist()
    assert (np.triu(found, 1).sum(), np.tril(found, -1).sum()) == (68, 29)
    assert distribution(LEVELS, before).tolist() == [35, 85, 42, 47]
    assert distribution(LEVELS, after).tolist() == [24, 68, 53, 64]
    with pytest.raises(ValueError, match="level"):
        distribution(LEVELS, ["splendid"])
