"""Composites: clusters on a line, the CMS star rating, Oversight Framework segments (methods 2.15, 3.4)."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.methods.composites.cms_april_2021 import CMS_APRIL_2021
from services.ratings.methods.composites.kmeans import TooFewValues, cms_two_pass, one_dimensional_kmeans
from services.ratings.methods.composites.segments import place_points, quarters, segments
from services.ratings.methods.composites.star_rating import MeasureGroup, StarRecipe, star_rating
from services.ratings.methods.ordering import TooFewProviders

FOLDER = Path(__file__).resolve().parents[3] / "shared/data/us-cms"
COLUMNS = {  # group: published value, shared-out weight, number of measures
    "mortality": ("Std_Outcomes_Mortality_score", "weight_Outcomes_Mortality", "Outcomes_Mortality_cnt"),
    "safety": ("Std_Outcomes_Safety_score", "weight_Outcomes_Safety", "Outcomes_safety_cnt"),
    "readmission": ("Std_Outcomes_Readmission_score", "weight_Outcomes_Readmission", "Outcomes_Readmission_cnt"),
    "experience": ("Std_PatientExp_score", "weight_PatientExperience", "Patient_Experience_cnt"),
    "timely": ("Std_Process_score", "weight_Process", "Process_cnt"),
}


@pytest.fixture(scope="module")
def hospitals() -> pl.DataFrame:
    """What we compute, beside what CMS published (columns `published_*` as text)."""
    names = ("star_rating_2021-04_input.csv", "star_rating_2021-04_output.csv")
    if not all((FOLDER / name).exists() for name in names):
        pytest.skip("reference data is not beside this checkout")
    given_, published = (pl.read_csv(FOLDER / name, infer_schema_length=0, null_values=["NA"]) for name in names)
    measures = [measure for group in CMS_APRIL_2021.groups for measure in group.measures]
    found = star_rating(given_.with_columns(pl.col(measures).cast(pl.Float64)), CMS_APRIL_2021, "PROVIDER_ID")
    beside = published.rename(lambda name: name if name == "PROVIDER_ID" else f"published_{name}")
    return found.join(beside, on="PROVIDER_ID", how="inner", maintain_order="left")


def published(hospitals: pl.DataFrame, name: str) -> pl.Series:
    return hospitals[f"published_{name}"].cast(pl.Float64)


def test_every_star(hospitals: pl.DataFrame) -> None:
    """Methods 3.4: 3,355 of 3,355 stars, 204 / 690 / 1,018 / 988 / 455, and 4,536 of 4,536 reported or not."""
    stars = published(hospitals, "star")
    assert hospitals.height == 4536
    assert (hospitals["star"].is_null() == stars.is_null()).sum() == 4536
    assert (hospitals["star"] == stars).sum() == 3355
    assert [(hospitals["star"] == star).sum() for star in range(1, 6)] == [204, 690, 1018, 988, 455]
    assert set(hospitals.filter(pl.col("star").is_null())["reason"]) == {"too_few_parts"}


@pytest.mark.parametrize("group", COLUMNS)
def test_every_group_value_count_and_weight(hospitals: pl.DataFrame, group: str) -> None:
    """Methods 3.4: values to 5e-9, measure counts 4,536 of 4,536, weights to 6e-10."""
    value, weight, count = (published(hospitals, name) for name in COLUMNS[group])
    assert (hospitals[f"{group}_value"].is_null() == value.is_null()).all()
    assert _widest(hospitals[f"{group}_value"], value) <= 5e-9
    assert (hospitals[f"{group}_measures"] == count).sum() == 4536
    assert _widest(hospitals[f"{group}_weight"], weight.fill_null(0.0)) <= 6e-10


def test_every_summary_and_peer_group(hospitals: pl.DataFrame) -> None:
    """Methods 3.4: summary value 4,536 of 4,536 to 6e-10; peer groups of 337, 553 and 2,465 reported hospitals."""
    assert _widest(hospitals["summary"], published(hospitals, "summary_score")) <= 6e-10
    assert (hospitals["summary"].is_null() == published(hospitals, "summary_score").is_null()).sum() == 4536
    rated = hospitals.filter(pl.col("star").is_not_null())
    assert [(rated["peer_group"] == peers).sum() for peers in (3, 4, 5)] == [337, 553, 2465]


def _widest(one: pl.Series, other: pl.Series) -> float:
    return float(np.abs((one - other).drop_nulls().to_numpy()).max())


@pytest.mark.parametrize(
    ("peers", "agreeing", "within"),
    [(3, (270, 325, 337), (14.7835, 15.5729)), (4, (527, 544, 553), (18.8100, 19.1898)),
     (5, (2459, 2463, 2465), (44.4769, 44.4807))],
)  # fmt: skip
def test_the_published_rule_is_not_the_optimum(
    hospitals: pl.DataFrame, peers: int, agreeing: tuple[int, int, int], within: tuple[float, float]
) -> None:
    """Methods 3.4: stars that the exact optimum, one pass and two passes give (3,256, 3,332 and 3,355 in all)."""
    rated = hospitals.filter(pl.col("star").is_not_null() & (pl.col("peer_group") == peers))
    stars, summary = published(rated, "star").to_numpy(), rated["summary"].to_numpy()
    best, two_passes = one_dimensional_kmeans(summary, 5), cms_two_pass(summary)
    found = [best, cms_two_pass(summary, farthest=None), two_passes]
    assert tuple((each.label == stars).sum() for each in found) == agreeing
    assert (best.within, two_passes.within) == pytest.approx(within, abs=5.1e-5)


def test_clusters_by_hand() -> None:
    """Methods 2.15: 1 2 10 11 20, k = 3: {1 2}{10 11}{20}, sum of squares 1; 0 1 2, k = 2: {0}{1 2}."""
    found = one_dimensional_kmeans([20, 1, 11, 2, 10], 3)
    assert (found.label.tolist(), found.within) == ([3, 1, 2, 1, 2], 1.0)
    assert found.centres.tolist() == [1.5, 10.5, 20.0]
    assert one_dimensional_kmeans([0, 1, 2], 2).label.tolist() == [1, 2, 2]
    assert one_dimensional_kmeans([0.1, 0.2, 0.3], 2).label.tolist() == [1, 2, 2]  # a tie but for rounding


def test_equal_values_share_a_cluster() -> None:
    assert one_dimensional_kmeans([5, 5, 5, 5, 6, 7], 2).label.tolist() == [1, 1, 1, 1, 2, 2]
    assert one_dimensional_kmeans([4, 4, 4], 1).within == 0.0


def _brute_force(values: Sequence[int], clusters: int) -> tuple[Fraction, list[int]]:
    """Every way to cut the distinct values; smallest exact sum of squares, then the leftmost last cut, and so on."""
    distinct = sorted(set(values))
    ways = []
    for cuts in combinations(range(1, len(distinct)), clusters - 1):
        bounds = [0, *cuts, len(distinct)]
        groups = [distinct[start:end] for start, end in pairwise(bounds)]
        cost = Fraction(0)
        label: dict[int, int] = {}
        for number, group in enumerate(groups, start=1):
            members = [value for value in values if value in group]
            mean = Fraction(sum(members), len(members))
            cost += sum((value - mean) ** 2 for value in members)
            label |= dict.fromkeys(group, number)
        ways.append((cost, cuts[::-1], [label[value] for value in values]))
    cost, _, labels = min(ways)
    return cost, labels


@settings(max_examples=150)
@given(st.lists(st.integers(-15, 15), min_size=1, max_size=12), st.data())
def test_the_optimum_is_that_of_brute_force(values: list[int], data: st.DataObject) -> None:
    """Methods 2.15, property, n <= 12."""
    clusters = data.draw(st.integers(1, len(set(values))))
    cost, labels = _brute_force(values, clusters)
    found = one_dimensional_kmeans(values, clusters)
    assert found.label.tolist() == labels
    assert found.within == pytest.approx(float(cost), abs=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=40, unique=True), st.randoms())
def test_the_order_of_values_changes_nothing(values: list[float], random: Random) -> None:
    order = list(range(len(values)))
    random.shuffle(order)
    one, two = one_dimensional_kmeans(values, 3), one_dimensional_kmeans([values[i] for i in order], 3)
    assert one.label[order].tolist() == two.label.tolist()
    assert (one.within, one.centres.tolist()) == (two.within, two.centres.tolist())


@pytest.mark.parametrize(("values", "clusters"), [([1, 1, 1], 2), ([], 1), ([3], 5)])
def test_fewer_distinct_values_than_clusters(values: list[float], clusters: int) -> None:
    with pytest.raises(TooFewValues):
        one_dimensional_kmeans(np.array(values, dtype=float), clusters)
    with pytest.raises(TooFewValues):
        cms_two_pass(np.array(values, dtype=float), clusters)


def test_no_cluster_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        one_dimensional_kmeans([1.0], 0)


def test_a_value_far_from_every_centre_moves_none_in_the_second_pass() -> None:
    values = [each + tenth for each in (0, 10, 20, 30, 40) for tenth in (0.0, 0.1, 0.2, 0.3)] + [41.5]
    one, two = cms_two_pass(values, farthest=None), cms_two_pass(values)
    assert one.centres[-1] == pytest.approx(40.42)  # 41.5 lies 1.08 from it
    assert two.centres[-1] == pytest.approx(40.15)
    assert one.label.tolist() == two.label.tolist()


SMALL = StarRecipe(
    (MeasureGroup("one", ("a", "b"), 0.5, essential=True), MeasureGroup("two", ("c",), 0.5)),
    frozenset({"a"}),
    dropped_up_to=0,
    minimum_measures=1,
    minimum_groups=1,
    stars=2,
)


def test_a_small_star_rating_by_hand() -> None:
    """a is turned, b missing for x; z of a: 1 0 -1, of b: . -.7071 .7071; group one: mean of those present."""
    frame = pl.DataFrame({"p": ["x", "y", "z"], "a": [1, 2, 3], "b": [None, 1, 2], "c": [None, None, None]})
    found = star_rating(frame, SMALL, "p")
    raw = np.array([1.0, (0 - np.sqrt(0.5)) / 2, (-1 + np.sqrt(0.5)) / 2])
    expected = (raw - raw.mean()) / raw.std(ddof=1)
    assert found["one_value"].to_list() == pytest.approx(expected.tolist())
    assert found["one_measures"].to_list() == [1, 2, 2]
    assert found["two_value"].null_count() == 3
    assert (found["one_weight"].to_list(), found["two_weight"].to_list()) == ([1.0] * 3, [0.0] * 3)
    assert found["summary"].to_list() == found["one_value"].to_list()
    assert found["star"].to_list() == [2, 1, 1]


def test_a_measure_that_too_few_report_is_dropped() -> None:
    """Methods 3.4: a measure reported by 100 hospitals or fewer; here 2. b has two reports, c three."""
    frame = pl.DataFrame({"p": ["x", "y", "z"], "a": [1, 2, 3], "b": [None, 1, 2], "c": [3, 1, 2]})
    found = star_rating(frame, replace(SMALL, dropped_up_to=2), "p")
    assert (found["one_measures"].to_list(), found["two_measures"].to_list()) == ([1] * 3, [1] * 3)


@pytest.mark.parametrize(
    ("a", "reason"),
    [([None, None], "too_few_parts"), ([4, None], "too_few_parts"), ([4, 4], "too_few_parts")],
)
def test_nobody_one_and_all_equal_have_no_star(a: list[int | None], reason: str) -> None:
    frame = pl.DataFrame({"p": ["x", "y"], "a": a, "b": [None, None], "c": [None, None]})
    found = star_rating(frame, SMALL, "p")
    assert found["star"].to_list() == [None, None]
    assert found["reason"].to_list() == [reason, reason]
    assert found["summary"].null_count() == 2


def test_a_peer_group_too_small_for_its_stars() -> None:
    frame = pl.DataFrame({"p": ["x", "y"], "a": [1, 2], "b": [2, 1], "c": [5, 6]})
    recipe = StarRecipe(SMALL.groups, SMALL.lower_is_better, 0, 1, 1, stars=3)
    assert star_rating(frame, recipe, "p")["reason"].to_list() == ["too_few_values"] * 2


@given(st.randoms())
@settings(max_examples=10)
def test_the_order_of_hospitals_changes_no_bit(random: Random) -> None:
    generator = np.random.default_rng(4)
    frame = pl.DataFrame({"p": [f"{i:02}" for i in range(30)], **{c: generator.normal(size=30) for c in "abc"}})
    order = list(range(30))
    random.shuffle(order)
    assert star_rating(frame[order], SMALL, "p").sort("p").equals(star_rating(frame, SMALL, "p"))


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"p": ["x", "x"], "a": [1, 2], "b": [1, 2], "c": [1, 2]}),
        pl.DataFrame({"p": ["x", None], "a": [1, 2], "b": [1, 2], "c": [1, 2]}),
        pl.DataFrame({"p": ["x", "y"], "a": [1.0, float("nan")], "b": [1, 2], "c": [1, 2]}),
    ],
)
def test_a_frame_that_cannot_be_rated_is_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"once|finite"):
        star_rating(frame, SMALL, "p")


@pytest.mark.parametrize(
    ("groups", "lower"),
    [
        ((MeasureGroup("one", ("a",), 1.0), MeasureGroup("two", ("a",), 1.0)), frozenset[str]()),
        ((MeasureGroup("one", ("a",), 1.0),), frozenset({"b"})),
        ((MeasureGroup("one", ("a",), 0.0),), frozenset[str]()),
        ((MeasureGroup("one", ("a",), 1.0), MeasureGroup("one", ("b",), 1.0)), frozenset[str]()),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(groups: tuple[MeasureGroup, ...], lower: frozenset[str]) -> None:
    with pytest.raises(ValueError, match=r"measure|weight|names"):
        StarRecipe(groups, lower)


def test_segments_of_four_means() -> None:
    """Methods 2.15: means 1.2 1.8 2.5 3.1: segments 1 2 3 4; the first in deficit: 3."""
    points = [[1.2], [1.8], [2.5], [3.1]]
    assert segments(points, [False] * 4).segment.tolist() == [1, 2, 3, 4]
    found = segments(points, [True, False, False, False])
    assert found.segment.tolist() == [3, 2, 3, 4]
    assert found.place.tolist() == [2, 1, 3, 4]  # ordered by segment, then by mean
    assert found.mean.tolist() == [1.2, 1.8, 2.5, 3.1]


def test_points_by_place() -> None:
    """Methods 2.15: 1 + 3 (place - 1) / (n - 1); section 1: ties share the average place."""
    assert place_points([10, 40, 20, 30], higher_is_better=True).tolist() == [4.0, 1.0, 3.0, 2.0]
    assert place_points([10, 40, 20, 20], higher_is_better=False).tolist() == [1.0, 4.0, 2.5, 2.5]
    assert place_points([5, 5, 5], higher_is_better=True).tolist() == [2.5] * 3


def test_tied_means_take_the_lower_place_whatever_the_order_of_their_parts() -> None:
    found = segments([[1.1, 1.2, 1.3], [1.3, 1.1, 1.2], [1.0, 1.6, 1.0], [3.0, 3.0, 3.0]], [False] * 4)
    assert (found.segment.tolist(), found.place.tolist()) == ([1, 1, 1, 4], [1, 1, 1, 4])


def test_providers_that_are_all_equal_are_in_the_first_segment() -> None:
    found = segments([[2.5]] * 9, [False] * 9)
    assert (set(found.segment.tolist()), set(found.place.tolist())) == ({1}, {1})


@given(st.lists(st.integers(0, 30), min_size=2, max_size=60), st.randoms())
def test_segments_do_not_depend_on_the_order_and_split_no_tie(values: list[int], random: Random) -> None:
    order = list(range(len(values)))
    random.shuffle(order)
    found = quarters(values)
    assert found[order].tolist() == quarters([values[i] for i in order]).tolist()
    below = [sum(other < value for other in values) for value in values]
    assert found.tolist() == [min(4, 4 * place // len(values) + 1) for place in below]


def test_one_provider_has_no_segment() -> None:
    for attempt in (
        lambda: segments([[1.0]], [False]),
        lambda: place_points([1.0], higher_is_better=True),
        lambda: quarters([1.0]),
    ):
        with pytest.raises(TooFewProviders):
            attempt()


@pytest.mark.parametrize(
    ("points", "deficit"),
    [([[1.0], [float("nan")]], [False, False]), ([[1.0], [2.0]], [False]), ([[], []], [False] * 2)],
)
def test_points_that_make_no_segment_are_refused(points: list[list[float]], deficit: list[bool]) -> None:
    with pytest.raises(ValueError, match=r"points|lengths"):
        segments(points, deficit)
