"""From episodes to results: counts, merged levels, expected numbers, gates, and the same bytes on every run."""

from datetime import date

import polars as pl
import pytest

from services.ratings.assembly.recipes import from_counts, from_patterns
from services.ratings.assembly.schema import RESULT_KEY, BuildRefused, Computed
from services.ratings.casemix.counting import count_patterns, main_provider, members
from services.ratings.casemix.fitting import fit_counts
from services.ratings.indicators.loading import load_catalogue
from services.ratings.indicators.risk_model import Factor, RiskModel
from services.ratings.methods.power import power_to_detect_doubling
from services.ratings.methods.separation import SeparationFound
from shared.kit.frames import content_digest
from tests.unit.test_ratings_rig import small_world

CATALOGUE = load_catalogue()
LOADED = CATALOGUE["vascular-surgery-mortality-30d"]
assert LOADED.model is not None
MODEL = LOADED.model
DEFINITION = LOADED.definition
assert DEFINITION.period is not None
PERIOD = DEFINITION.period


@pytest.fixture(scope="module")
def episodes() -> pl.DataFrame:
    return small_world().episodes


def computed(episodes: pl.DataFrame) -> Computed:
    found = from_patterns(count_patterns(episodes.lazy(), MODEL, PERIOD), DEFINITION, MODEL)
    assert found is not None
    return found


def episode(number: int, consultant: str, provider: str = "ZZ001", **changes: object) -> dict[str, object]:
    return {
        "episode": f"E{number}", "provider": provider, "consultant": consultant, "specialty": "vascular-surgery",
        "date": date(2024, 1, 1), "age_band": "18-49", "sex": "female", "urgency": "elective", "comorbidity": "0",
        "died_30_days": 0,
    } | changes  # fmt: skip


def test_the_period_has_both_its_ends() -> None:
    days = [date(2023, 3, 31), date(2023, 4, 1), date(2026, 3, 31), date(2026, 4, 1)]
    rows = pl.DataFrame([episode(number, "1", date=day) for number, day in enumerate(days)])
    assert count_patterns(rows.lazy(), MODEL, PERIOD)["cases"].to_list() == [2]


def test_nobody_gets_a_row_for_cases_without_a_consultant() -> None:
    rows = pl.DataFrame([episode(1, "1"), episode(2, ""), episode(3, "1").copy() | {"consultant": None}])
    counts = count_patterns(rows.lazy(), MODEL, PERIOD)
    assert counts["cases"].sum() == 3
    assert members(counts).rows() == [("ZZ001", "1", 1)]


def test_a_consultant_belongs_where_most_of_their_cases_are_ties_by_code() -> None:
    where = [("1", "ZZ002", 5), ("1", "ZZ001", 4), ("2", "ZZ009", 3), ("2", "ZZ003", 3)]
    membership = pl.DataFrame(where, schema=["consultant", "provider", "cases"], orient="row")
    assert main_provider(membership).sort("consultant").rows() == [("1", "ZZ002"), ("2", "ZZ003")]


def test_the_same_episodes_in_any_order_give_the_same_digest(episodes: pl.DataFrame) -> None:
    first, second = computed(episodes), computed(episodes.sample(fraction=1.0, shuffle=True, seed=7))
    assert content_digest(first.results, RESULT_KEY) == content_digest(second.results, RESULT_KEY)
    assert first.members.equals(second.members)
    assert first.comparisons.equals(second.comparisons)


@pytest.mark.parametrize("level", ["provider", "consultant"])
def test_expected_adds_up_to_observed_at_each_level(episodes: pl.DataFrame, level: str) -> None:
    results = computed(episodes).results.filter(pl.col("level") == level)
    own = episodes.filter(pl.col("specialty") == "vascular-surgery")
    assert results["cases"].sum() == own.height
    assert results["observed"].sum() == own["died_30_days"].sum()
    assert results["expected"].sum() == pytest.approx(float(own["died_30_days"].sum()), abs=1e-6)


def test_grey_where_power_is_low_but_never_beyond_the_control_limits() -> None:
    """One consultant with thirty cases and 25 deaths, one with thirty and a single death, beside ordinary ones."""
    rows = [
        episode(1000 * unit + number, f"9{unit:06}", f"ZZ{unit:03}", died_30_days=int(number % 20 == 0))
        for unit in range(1, 13)
        for number in range(200)
    ]
    rows += [episode(90_000 + number, "9999999", "ZZ099", died_30_days=int(number < 25)) for number in range(30)]
    rows += [episode(99_000 + number, "9999998", "ZZ098", died_30_days=int(number < 1)) for number in range(30)]
    mixed = [row | {"sex": "male" if index % 2 else "female"} for index, row in enumerate(rows)]
    results = computed(pl.DataFrame(mixed)).results.filter(pl.col("level") == "consultant")
    found = {row["subject"]: row for row in results.iter_rows(named=True)}
    assert power_to_detect_doubling([found["9999999"]["expected"]])[0] < 0.5
    assert (found["9999999"]["position"], found["9999999"]["comparison_status"]) == ("above_control", "rated")
    grey = found["9999998"]
    assert (grey["position"], grey["comparison_status"], grey["not_rated_reason"]) == ("", "not_rated", "too_few_cases")
    assert found["9000001"]["position"] == "within"


def test_the_variance_is_published_as_it_was_used(episodes: pl.DataFrame) -> None:
    found = computed(episodes)
    for variance in found.comparisons["between_provider_variance"].drop_nulls():
        assert variance == round(variance, 3)


def test_a_level_without_deaths_is_merged_as_the_file_says_and_recorded() -> None:
    rows = [
        episode(number, "1", age_band=band, died_30_days=int(deadly and number % 5 == 0))
        for number, (band, deadly) in enumerate([("18-49", True), ("50-59", True), ("60-69", False)] * 100)
    ]
    counts = count_patterns(pl.DataFrame(rows).lazy(), MODEL, PERIOD)
    fit = fit_counts(counts, MODEL)
    assert [(one.column, one.level, one.into) for one in fit.merges] == [("age_band", "60-69", "50-59")]
    assert fit.expected_of("provider")["expected"].to_list() == pytest.approx([counts["observed"].sum()])


def test_a_reference_level_without_deaths_takes_in_its_neighbour() -> None:
    rows = [
        episode(number, "1", age_band=band, died_30_days=int(deadly and number % 7 == 0))
        for number, (band, deadly) in enumerate([("18-49", False), ("50-59", True), ("60-69", True)] * 100)
    ]
    fit = fit_counts(count_patterns(pl.DataFrame(rows).lazy(), MODEL, PERIOD), MODEL)
    assert [(one.level, one.into) for one in fit.merges] == [("50-59", "18-49")]


def test_where_the_file_names_no_neighbour_nothing_is_guessed() -> None:
    rows = [
        episode(number, "1", sex=sex, died_30_days=int(sex == "male" and number % 5 == 0))
        for number, sex in enumerate(["female", "male"] * 200)
    ]
    with pytest.raises(SeparationFound):
        fit_counts(count_patterns(pl.DataFrame(rows).lazy(), MODEL, PERIOD), MODEL)


def test_counts_without_the_row_of_the_whole_set_are_refused() -> None:
    one = {
        "provider": "0001", "provider_name": "A", "region": "R", "measure": "cabg", "period_start": date(2012, 1, 1),
        "period_end": date(2012, 12, 31), "cases": 100, "observed": 3, "expected_percent": 2.0, "aggregate": False,
    }  # fmt: skip
    definition = CATALOGUE["ny-cabg-mortality"].definition
    with pytest.raises(BuildRefused, match="2012-01_2012-12"):
        from_counts(pl.DataFrame([one]), definition)
    whole = one | {"provider": "0000", "cases": 1000, "observed": 25, "aggregate": True}
    idle = one | {"provider": "0002", "cases": 0, "observed": 0}
    found = from_counts(pl.DataFrame([one, whole, idle]), definition)
    assert found is not None
    rows = {row["subject"]: row for row in found.results.iter_rows(named=True)}
    assert rows.keys() == {"0001", "0002"}
    assert rows["0001"]["estimate"] == pytest.approx(3 / 2 * 2.5)
    assert (rows["0002"]["status"], rows["0002"]["reason"]) == ("not_available", "not_applicable")
    assert rows["0002"]["estimate"] is None


def counts_of_levels(column: str, cells: dict[str, tuple[int, int]]) -> pl.DataFrame:
    """One hospital and consultant; everything but one column at its reference level, with these cases and events."""
    rows = [{column: level, "cases": cases, "observed": observed} for level, (cases, observed) in cells.items()]
    other = {factor.column: factor.reference for factor in MODEL.factor if factor.column != column}
    units = {"specialty": "vascular-surgery", "provider": "ZZ001", "consultant": "1"}
    return pl.DataFrame([units | other | row for row in rows])


def rare_model(cases: int, events: int) -> RiskModel:
    return MODEL.model_copy(update={"minimum_cases": cases, "minimum_events": events})


def test_a_rare_level_is_counted_with_its_neighbour_before_any_fit() -> None:
    counts = counts_of_levels("age_band", {"18-49": (500, 20), "50-59": (19, 6), "60-69": (900, 60), "70-79": (90, 4)})
    fit = fit_counts(counts, rare_model(20, 5))
    assert [(one.level, one.into, one.why) for one in fit.merges] == [
        ("50-59", "18-49", "rare"),  # 19 cases are too few
        ("70-79", "60-69", "rare"),  # 4 events are too few
    ]
    assert fit.model.names == ("intercept", "age_band=60-69")
    assert fit.model.cases == 500 + 19 + 900 + 90


def test_a_level_at_the_minimum_is_not_rare() -> None:
    counts = counts_of_levels("age_band", {"18-49": (500, 20), "50-59": (20, 5)})
    assert fit_counts(counts, rare_model(20, 5)).merges == ()
    assert len(fit_counts(counts, rare_model(21, 5)).merges) == len(fit_counts(counts, rare_model(20, 6)).merges) == 1


def test_rare_levels_go_on_until_none_is_left_and_a_rare_reference_takes_its_neighbour_in() -> None:
    counts = counts_of_levels("age_band", {"18-49": (9, 1), "50-59": (9, 2), "60-69": (9, 2), "70-79": (400, 30)})
    fit = fit_counts(counts, rare_model(20, 5))
    assert [(one.level, one.into) for one in fit.merges] == [("50-59", "18-49"), ("60-69", "18-49")]
    assert fit.model.names == ("intercept", "age_band=70-79")


def test_a_rare_level_without_a_neighbour_in_the_file_stays() -> None:
    counts = counts_of_levels("sex", {"female": (500, 20), "male": (5, 2)})
    fit = fit_counts(counts, rare_model(20, 5))
    assert (fit.merges, fit.model.names) == ((), ("intercept", "sex=male"))


def test_neighbours_that_go_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="circle"):
        Factor(column="x", levels=["a", "b", "c"], reference="a", merge_into={"b": "c", "c": "b"})
