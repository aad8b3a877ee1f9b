"""The view of the small invented world: rows, words, quarantine and parts."""

import io
import json
from dataclasses import dataclass, replace
from datetime import date

import polars as pl
import pytest

from services.ratings.assembly.recipes import from_patterns
from services.ratings.assembly.registers import checked_registers, consultants_of_register, providers_of_register
from services.ratings.assembly.schema import BuildRefused, as_declared
from services.ratings.casemix.counting import count_patterns
from services.ratings.indicators.loading import load_catalogue
from services.ratings.view.baking import Baked, Ingredients, Permitted, Secrets, bake
from services.ratings.view.built import Built
from services.ratings.view.words import bands, summaries
from shared.contracts.consent import Named, Regime
from shared.contracts.views import ROW_COLUMNS, ROW_TYPES
from tests.unit.test_ratings_rig import small_world

CATALOGUE = load_catalogue()
SPECIALTIES = ("adult-cardiac-surgery", "vascular-surgery", "colorectal-surgery")
SECRETS = Secrets(b"salt" * 8, b"order" * 8)
TYPES = {"int": pl.Int64, "text": pl.String, "float": pl.Float64, "date": pl.Date}


def key_of(gmc: str) -> str:
    return gmc.zfill(32)


@dataclass(frozen=True, eq=False)
class Scene:
    """What is baked, and the view that comes of it."""

    given: Ingredients
    baked: Baked

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(io.BytesIO(self.baked.parts[f"{name}.parquet"].data))

    @property
    def rows(self) -> pl.DataFrame:
        return self.table("rows")

    def without(self, *gone: str) -> "Scene":
        """Baked anew when these may no longer be named, with what has been hidden remembered."""
        permitted = {
            programme: {gmc: named for gmc, named in people.items() if gmc not in gone}
            for programme, people in self.given.permitted.items()
        }
        given = replace(self.given, permitted=permitted, memory=self.baked.memory)
        return Scene(given, bake(given))


def built() -> Built:
    world = small_world()
    found = []
    for specialty in SPECIALTIES:
        loaded = CATALOGUE[f"{specialty}-mortality-30d"]
        assert loaded.model is not None
        assert loaded.definition.period is not None
        counts = count_patterns(world.episodes.lazy(), loaded.model, loaded.definition.period)
        computed = from_patterns(counts, loaded.definition, loaded.model)
        assert computed is not None
        found.append(computed)
    results = as_declared([one.results for one in found], "results")
    places, people = checked_registers(
        [providers_of_register(world.providers, "synthetic", True)],
        [consultants_of_register(world.consultants)],
        results,
    )
    return Built(
        results,
        as_declared([one.comparisons for one in found], "comparisons"),
        as_declared([one.members for one in found], "members"),
        as_declared([one.models for one in found], "models"),
        places,
        people,
    )


def permitted(everybody: bool) -> Permitted:
    world = small_world()
    answers = world.returns if everybody else world.returns.filter(pl.col("act") == "given")
    people: dict[str, dict[str, Named]] = {}
    for programme, gmc in answers.select("programme", "gmc").iter_rows():
        named = Named(subject=gmc, key=key_of(gmc), basis=Regime.CONSENT)
        people.setdefault(programme, {})[gmc] = named
    return people


@pytest.fixture(scope="module")
def kept() -> Built:
    return built()


def scene_of(kept: Built, everybody: bool) -> Scene:
    given = Ingredients(kept, CATALOGUE, permitted(everybody), {}, SECRETS, date(2026, 7, 1))
    return Scene(given, bake(given))


@pytest.fixture(scope="module")
def scene(kept: Built) -> Scene:
    return scene_of(kept, everybody=False)


@pytest.fixture(scope="module")
def open_scene(kept: Built) -> Scene:
    """Nobody refused; only small numbers hide."""
    return scene_of(kept, everybody=True)


def test_rows_have_the_columns_types_and_order_of_the_contract(scene: Scene) -> None:
    rows = scene.rows
    assert tuple(rows.columns) == ROW_COLUMNS
    assert {name: rows.schema[name] for name in ROW_COLUMNS} == {name: TYPES[ROW_TYPES[name]] for name in ROW_COLUMNS}
    assert rows["row"].to_list() == list(range(rows.height))
    key = rows.select("level", pl.coalesce("consultant_id", "provider_id"), "indicator_id", "period_id")
    assert key.rows() == sorted(key.rows())
    assert rows["id"].is_unique().all()
    assert rows["id"].str.contains(r"^r-[a-z2-7]{12}$").all()


def test_ids_belong_to_a_release(scene: Scene) -> None:
    other = bake(replace(scene.given, secrets=Secrets(b"else" * 8, SECRETS.order)))
    again = pl.read_parquet(io.BytesIO(other.parts["rows.parquet"].data))
    assert not set(again["id"]) & set(scene.rows["id"])
    assert again.drop("id").equals(scene.rows.drop("id"))


def test_the_same_ingredients_give_the_same_bytes(scene: Scene) -> None:
    assert {name: part.data for name, part in bake(scene.given).parts.items()} == {
        name: part.data for name, part in scene.baked.parts.items()
    }


def test_no_crude_figure_and_no_gap_for_a_person(scene: Scene) -> None:
    people = scene.rows.filter(pl.col("level") == "consultant")
    assert people["crude"].null_count() == people.height > 0
    assert set(people["status"]) == {"published"}
    assert set(people["legal_basis"]) == {"consent"}
    assert people["denominator"].min() >= 10  # type: ignore[operator]  # a column of integers
    assert set(scene.rows["partition"]) == {"revocable"}
    units = scene.rows.filter((pl.col("level") == "provider") & (pl.col("status") == "published"))
    assert units["crude"].null_count() == 0 < units.height


def test_no_column_is_empty_without_a_reason(scene: Scene) -> None:
    for row in scene.rows.iter_rows(named=True):
        if row["status"] != "published":
            assert row["reason"]
            assert row["summary"]
            assert (
                row["estimate"] is row["observed"] is row["expected"] is row["denominator"] is row["position"] is None
            )
        else:
            assert row["reason"] is None
            assert row["observed"] is not None
            assert (row["position"] is None) == (row["not_rated_reason"] is not None) == (row["band"] is None)


def test_no_total_of_the_audit_is_told(scene: Scene) -> None:
    published = scene.rows.filter(pl.col("status") == "published")
    assert set(published["benchmark_value"]) == {1.0}
    assert set(published["benchmark_scope"]) == {"All hospitals in the audit"}


def test_every_hidden_person_hides_their_units(scene: Scene) -> None:
    shown = {
        (row["indicator_id"], row["provider_id"])
        for row in scene.rows.iter_rows(named=True)
        if row["level"] == "provider" and row["status"] == "published"
    }
    people = set(scene.rows.filter(pl.col("level") == "consultant").select("indicator_id", "consultant_id").iter_rows())
    for indicator, unit, person in scene.given.built.members.select("indicator", "provider", "consultant").iter_rows():
        if (indicator, person) not in people:
            assert (indicator, unit) not in shown
    assert shown


@pytest.mark.parametrize("which", ["scene", "open_scene"])
def test_what_is_left_after_a_withdrawal_is_what_a_fresh_bake_shows_or_less(
    which: str, request: pytest.FixtureRequest
) -> None:
    """Rows that stay are the same, figure for figure, in the view baked without that person."""
    now: Scene = request.getfixturevalue(which)
    rows, quarantine = now.rows, now.table("quarantine")
    people = sorted(set(rows["consultant_id"].drop_nulls()))[::4]
    for gmc in people:
        hidden = quarantine.filter(pl.col("key") == key_of(gmc))["row"]
        left = rows.filter(~pl.col("row").is_in(hidden.to_list())).drop("row")
        fresh = now.without(gmc).rows.drop("row")
        assert gmc not in fresh["consultant_id"]
        assert gmc not in left["consultant_id"]
        figures = left.filter(pl.col("status") == "published")
        assert figures.join(fresh, on=figures.columns, how="anti", nulls_equal=True).is_empty()


def test_everybody_shown_has_a_quarantine_and_nobody_else(scene: Scene) -> None:
    people = scene.rows["consultant_id"].drop_nulls().unique()
    assert set(scene.table("quarantine")["key"]) == {key_of(gmc) for gmc in people}
    assert set(scene.table("consultants")["gmc"]) == set(people)
    assert scene.table("quarantine")["row"].max() < scene.rows.height  # type: ignore[operator]  # integers


def test_who_withdraws_is_gone_from_every_file(open_scene: Scene) -> None:
    gmc = open_scene.rows["consultant_id"].drop_nulls()[0]
    later = open_scene.without(gmc)
    for name, part in later.baked.parts.items():
        text = pl.read_parquet(io.BytesIO(part.data)).write_csv() if name.endswith("parquet") else part.data.decode()
        assert gmc not in text


def test_a_hidden_unit_stays_hidden_in_its_release(open_scene: Scene) -> None:
    gmc = open_scene.rows["consultant_id"].drop_nulls()[0]
    without = open_scene.without(gmc)
    back = bake(replace(open_scene.given, memory=without.baked.memory))
    for key, hidden in without.baked.hidden.items():
        assert hidden.units <= back.hidden[key].units
        assert gmc not in back.hidden[key].people


def test_curves_use_the_variance_that_is_published(scene: Scene) -> None:
    funnels = json.loads(scene.baked.parts["funnels.json"].data)
    assert len(funnels) == 2 * len(SPECIALTIES)
    rows = scene.rows
    for funnel in funnels:
        own = rows.filter(
            (pl.col("indicator_id") == funnel["indicator"])
            & (pl.col("level") == funnel["level"])
            & (pl.col("status") == "published")
        )
        xs = [point["x"] for point in funnel["curve"]]
        assert (len(xs), xs[0], xs[-1], xs) == (90, 0.25, 4000.0, sorted(xs))
        assert set(own["limits_method"]) == {funnel["limits_method"]}
        if funnel["level"] == "consultant":  # one person's own cases are tested for chance alone
            assert "between_provider_variance" not in funnel
            assert funnel["limits_method"] == "exact_poisson"
        else:
            variance = funnel["between_provider_variance"]
            assert variance == round(variance, 3)
            assert funnel["limits_method"] == ("overdispersed" if variance else "exact_poisson")


def test_curves_say_nothing_about_expected_numbers(scene: Scene) -> None:
    """Two bakes that differ in the largest expected number, hidden or shown, have the same funnels."""
    results = scene.given.built.results
    other = results.with_columns(
        pl.when(pl.col("expected") == pl.col("expected").max().over("indicator", "level"))
        .then(pl.col("expected") * 3)
        .otherwise("expected")
        .alias("expected")
    )
    assert not other.equals(results)
    again = bake(replace(scene.given, built=replace(scene.given.built, results=other)))
    assert again.parts["rows.parquet"].data != scene.baked.parts["rows.parquet"].data
    assert again.parts["funnels.json"] == scene.baked.parts["funnels.json"]


def test_a_subject_without_a_name_stops_the_build(kept: Built) -> None:
    with pytest.raises(BuildRefused, match="1 people"):
        checked_registers([kept.providers], [kept.consultants.slice(1)], kept.results)
    with pytest.raises(BuildRefused, match="two names"):
        consultants_of_register(pl.DataFrame({"gmc": ["9900001"] * 2, "name": ["A", "B"]}))


def test_words_follow_polarity_and_the_publishers_come_first() -> None:
    demo = CATALOGUE["vascular-surgery-mortality-30d"].definition
    assert summaries(demo)["above_control"] == "Worse than expected: a signal to look closer, not proof of poor care"
    assert summaries(demo)["within"] == "As expected"
    assert summaries(demo)["not_rated"] == "Cannot tell: too few operations"
    assert bands(demo)["above_warning"] == "as_expected"
    turned = demo.model_copy(update={"polarity": "higher_is_better"})
    assert (bands(turned)["above_control"], bands(turned)["below_control"]) == (
        "better_than_expected", "worse_than_expected",
    )  # fmt: skip
    neutral = demo.model_copy(update={"polarity": "neutral"})
    assert summaries(neutral)["above_control"] == "Higher than expected"
    assert bands(neutral)["below_control"] == "lower_than_expected"
    state = CATALOGUE["ny-tavr-mortality"].definition
    assert summaries(state)["below_warning"] == "Rate significantly lower than Statewide Rate"
    assert bands(state)["above_warning"] == "worse_than_expected"


def test_certainty_says_what_the_numbers_can_show(scene: Scene) -> None:
    rows = scene.rows.filter(pl.col("status") == "published")
    for row in rows.iter_rows(named=True):
        if row["power_to_detect_doubling"] >= 0.51:
            assert row["certainty"].startswith("Enough operations to notice a death rate about ")
            percent = int(row["certainty"].split("about ")[1].split(" ")[0])
            assert abs(percent - (row["min_detectable_ratio"] - 1) * 100) <= 5.5
        elif row["power_to_detect_doubling"] <= 0.49:
            assert row["certainty"] == "Too few operations to notice even a doubling of the death rate."
    assert rows["power_to_detect_doubling"].max() <= 0.99  # type: ignore[operator]  # a column of floats
