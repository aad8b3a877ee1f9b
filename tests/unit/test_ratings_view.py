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
from services.ratings.disclosure import Memory
from services.ratings.indicators.loading import load_catalogue
from services.ratings.policy.loading import FOLDER, load_disclosure, pinned_of
from services.ratings.view.baking import Ingredients, Part, Permitted, bake, named_for
from services.ratings.view.built import Built
from services.ratings.view.fates import DISCLOSURE_RULE
from services.ratings.view.joint import Answer, Question, answer
from services.ratings.view.roster import Ground, IndicatorPeriod, rosters
from services.ratings.view.words import bands, summaries
from shared.contracts.consent import Named, Regime
from shared.contracts.views import ROW_COLUMNS, ROW_TYPES
from tests.unit.test_ratings_rig import small_world

CATALOGUE = load_catalogue()
SPECIALTIES = ("adult-cardiac-surgery", "vascular-surgery", "colorectal-surgery")
DISCLOSURE = load_disclosure(FOLDER, CATALOGUE, demonstration=True)
RELEASE, SALT, ORDER = "2026-09-30", b"salt" * 8, b"order" * 8
TYPES = {"int": pl.Int64, "text": pl.String, "float": pl.Float64, "date": pl.Date}


def key_of(gmc: str) -> str:
    return gmc.zfill(32)


@dataclass(frozen=True, eq=False)
class Scene:
    """What is baked, what was decided for it, and the parts of the view that comes of it."""

    given: Ingredients
    answers: dict[IndicatorPeriod, Answer]
    parts: dict[str, Part]

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(io.BytesIO(self.parts[f"{name}.parquet"].data))

    @property
    def rows(self) -> pl.DataFrame:
        return self.table("rows")

    def without(self, *gone: str) -> "Scene":
        """Baked anew when these may no longer be named, with what has been hidden remembered."""
        permitted = {
            programme: {gmc: named for gmc, named in people.items() if gmc not in gone}
            for programme, people in self.given.permitted.items()
        }
        return self.when(permitted, gone)

    def when(self, permitted: Permitted, gone: tuple[str, ...] = ()) -> "Scene":
        """The next view under these permissions."""
        memory = {key: one.memory for key, one in self.answers.items()}
        return decided(replace(self.given, permitted=permitted), memory, gone)


def decided(given: Ingredients, memory: dict[IndicatorPeriod, Memory], gone: tuple[str, ...] = ()) -> Scene:
    """What the workflow does with one release, without a store."""
    ground = Ground(RELEASE, DISCLOSURE, ORDER, pinned_of(DISCLOSURE.pinned(DISCLOSURE_RULE)))
    answers = {}
    for key, roster in rosters(given.built, CATALOGUE, ground, {}).items():
        nameable = frozenset(named_for(CATALOGUE, given.permitted, key[0]))
        live = frozenset({RELEASE} if memory else ())
        asked = Question(key[0], {RELEASE: roster}, nameable, memory.get(key, Memory()), ORDER, live, gone)
        answers[key] = answer(asked, DISCLOSURE.policy)
    whole = replace(given, fates={key: one.fates[RELEASE] for key, one in answers.items()})
    return Scene(whole, answers, bake(whole))


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
        as_declared([one.cells for one in found], "cells"),
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
    given = Ingredients(kept, CATALOGUE, permitted(everybody), {}, SALT, date(2026, 7, 1), DISCLOSURE_RULE)
    return decided(given, {})


@pytest.fixture(scope="module")
def scene(kept: Built) -> Scene:
    return scene_of(kept, everybody=False)


@pytest.fixture(scope="module")
def open_scene(kept: Built) -> Scene:
    """Nobody refused; only few cases hide."""
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
    other = bake(replace(scene.given, salt=b"else" * 8))
    again = pl.read_parquet(io.BytesIO(other["rows.parquet"].data))
    assert not set(again["id"]) & set(scene.rows["id"])
    assert again.drop("id").equals(scene.rows.drop("id"))


def test_the_same_ingredients_give_the_same_bytes(scene: Scene) -> None:
    assert bake(scene.given) == scene.parts


def test_no_crude_figure_and_no_gap_for_a_person(scene: Scene) -> None:
    people = scene.rows.filter(pl.col("level") == "consultant")
    assert people["crude"].null_count() == people.height > 0
    assert set(people["status"]) == {"published"}
    assert set(people["legal_basis"]) == {"consent"}
    assert people["denominator"].min() >= 10  # type: ignore[operator]  # a column of integers
    assert set(people["partition"]) == {"revocable"}
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


def test_a_unit_with_somebody_hidden_hides_others_with_them_or_its_total(scene: Scene) -> None:
    """At least two more, or one more of another unit whose total is not known either: subtraction gives nobody."""
    rows = scene.rows
    units = rows.filter((pl.col("level") == "provider") & (pl.col("status") == "published"))
    totals = set(units.select("indicator_id", "provider_id").iter_rows())
    people = set(rows.filter(pl.col("level") == "consultant").select("indicator_id", "consultant_id").iter_rows())
    hidden: dict[tuple[str, str], set[str]] = {}
    for indicator, unit, person in scene.given.built.members.select("indicator", "provider", "consultant").iter_rows():
        if (indicator, person) not in people:
            hidden.setdefault((indicator, unit), set()).add(person)
    assert hidden
    assert not [unit for unit, those in hidden.items() if unit in totals and len(those) < 3]


def test_totals_that_nobody_can_touch_are_fixed_and_stay_byte_for_byte(scene: Scene, open_scene: Scene) -> None:
    """Whoever may be named: the rows are the same, their words and their rule too."""
    fixed = [one.rows.filter(pl.col("partition") == "fixed").drop("row") for one in (scene, open_scene)]
    assert fixed[0].equals(fixed[1])
    assert fixed[0].height > 0
    assert set(fixed[0]["disclosure_rule"]) == {DISCLOSURE_RULE}
    nobody = scene.when({programme: {} for programme in scene.given.permitted})
    last = nobody.rows.filter(pl.col("partition") == "fixed").drop("row")
    assert last.equals(fixed[0])
    assert set(nobody.rows.filter(pl.col("level") == "consultant")["id"]) == set()
    touched = set(scene.table("quarantine")["row"])
    assert not touched & set(scene.rows.filter(pl.col("partition") == "fixed")["row"])


def test_a_release_from_before_has_nothing_fixed_and_what_it_shows_now_says_so(scene: Scene) -> None:
    earlier = bake(replace(scene.given, fates={key: replace(one, fixed=frozenset())
                                               for key, one in scene.given.fates.items()}, rule="2026.1"))  # fmt: skip
    rows = pl.read_parquet(io.BytesIO(earlier["rows.parquet"].data))
    assert set(rows["partition"]) == {"revocable"}
    assert set(rows["disclosure_rule"]) == {DISCLOSURE_RULE}


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


def test_everybody_who_may_be_shown_has_a_quarantine_and_nobody_else(scene: Scene) -> None:
    """Partners too: their own row is not there, but those that would have to go with it are."""
    people = scene.rows["consultant_id"].drop_nulls().unique()
    secret = {(key[0], one) for key, found in scene.answers.items() for one in found.memory.secret_since}
    nameable = {
        key_of(person) for indicator, person in scene.given.built.members.select("indicator", "consultant").iter_rows()
        if (indicator, person) not in secret
    }  # fmt: skip
    keys = set(scene.table("quarantine")["key"])
    assert {key_of(gmc) for gmc in people} <= keys <= nameable
    assert set(scene.table("consultants")["gmc"]) == set(people)
    assert scene.table("quarantine")["row"].max() < scene.rows.height  # type: ignore[operator]  # integers


def test_who_withdraws_is_gone_from_every_file(open_scene: Scene) -> None:
    gmc = open_scene.rows["consultant_id"].drop_nulls()[0]
    later = open_scene.without(gmc)
    for name, part in later.parts.items():
        text = pl.read_parquet(io.BytesIO(part.data)).write_csv() if name.endswith("parquet") else part.data.decode()
        assert gmc not in text


def test_who_consents_again_is_shown_again_and_nobody_hidden_for_them_stays_hidden(open_scene: Scene) -> None:
    gmc = open_scene.rows["consultant_id"].drop_nulls()[0]
    first = open_scene.without(gmc).when(open_scene.given.permitted)
    assert gmc not in first.rows["consultant_id"], "once more hidden, so that gateways know what would have to go"
    back = first.when(open_scene.given.permitted)
    assert back.rows.equals(open_scene.rows)
    assert gmc not in {one for key in back.answers for one in back.answers[key].memory.secret_since}


def test_curves_use_the_variance_that_is_published(scene: Scene) -> None:
    funnels = json.loads(scene.parts["funnels.json"].data)
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
    assert again["rows.parquet"].data != scene.parts["rows.parquet"].data
    assert again["funnels.json"] == scene.parts["funnels.json"]


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
