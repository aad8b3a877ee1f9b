"""The demonstration audit: repeatable, whole, invented throughout, and true to the effects it says it has."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog
from scipy.stats import poisson

from cli.demonstration.effects import CONSULTANTS_WITH_MORE, UNITS_WITH_FEWER, UNITS_WITH_MORE
from cli.demonstration.files import write
from cli.demonstration.names import PLACES, REGIONS, SURNAMES
from cli.demonstration.sizes import DEFAULT_SEED, Sizes
from cli.demonstration.world import World, levels_without_events, make_world
from shared.kit.people import SUBJECTS

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "data"
LEVELS = {
    "age_band": ["18-49", "50-59", "60-69", "70-79", "80+"],
    "sex": ["female", "male"],
    "urgency": ["elective", "emergency", "urgent"],
    "comorbidity": ["0", "1", "2", "3+", "missing"],
}
HEADERS = {
    "providers.csv": "provider,name,kind,region",
    "consultants.csv": "gmc,name,specialty,provider",
    "episodes.csv": "episode,provider,consultant,specialty,date,age_band,sex,urgency,comorbidity,died_30_days",
    "register.csv": "gmc,name,programme",
    "returns.csv": "gmc,programme,purpose,act,notice_version,decided_on,evidence",
    "truth.csv": "level,provider,consultant,specialty,odds_multiplier,planted",
}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(DEFAULT_SEED, Sizes())


@pytest.fixture(scope="module")
def small() -> World:
    return make_world(DEFAULT_SEED, Sizes.small())


def with_true_risk(world: World) -> pl.DataFrame:
    """Episodes with two columns more, worked out from the published truth: `from_case_mix` and `risk` with effects."""
    episodes = world.episodes
    odds = world.truth.with_columns(pl.col("odds_multiplier").log())
    joins = [
        (["specialty"], world.coefficients.filter(factor="intercept").select("specialty", x="log_odds")),
        *((["specialty", f], of_factor(world, f)) for f in LEVELS),
        (["provider", "specialty"], odds.filter(level="unit").select("provider", "specialty", x="odds_multiplier")),
        (["consultant"], odds.filter(level="consultant").select("consultant", x="odds_multiplier")),
    ]
    for number, (keys, effects) in enumerate(joins):
        episodes = episodes.join(effects.rename({"x": f"x{number}"}), on=keys, maintain_order="left")
    mix = sum((pl.col(f"x{number}") for number in range(5)), pl.lit(0.0))
    everything = mix + pl.col("x5") + pl.col("x6")
    return episodes.with_columns(from_case_mix=1 / (1 + (-mix).exp()), risk=1 / (1 + (-everything).exp()))


def of_factor(world: World, factor: str) -> pl.DataFrame:
    return world.coefficients.filter(factor=factor).select("specialty", pl.col("level").alias(factor), x="log_odds")


def test_the_same_seed_and_sizes_give_the_same_bytes(tmp_path: Path) -> None:
    first, again = (write(make_world(7, Sizes.small()), tmp_path / n, print) for n in ("first", "again"))
    assert list(first) == [*HEADERS, "README.txt"]
    assert all(first[name].read_bytes() == again[name].read_bytes() for name in first)


def test_another_seed_gives_another_world(small: World) -> None:
    other = make_world(DEFAULT_SEED + 1, Sizes.small())
    assert not other.episodes.equals(small.episodes)
    assert not other.providers.equals(small.providers)


def test_the_small_world_has_the_sizes_it_promises(small: World) -> None:
    assert (small.providers.height, small.register.height, small.episodes.height) == (12, 60, 9_000)
    assert small.episodes["specialty"].n_unique() == 3
    assert levels_without_events(small.episodes).is_empty()


def test_the_default_world_has_the_sizes_of_the_design(world: World) -> None:
    units = world.truth.filter(level="unit")
    assert world.providers["provider"].to_list() == [f"ZZ{number:03d}" for number in range(1, 151)]
    assert world.register["gmc"].to_list() == [str(9_900_000 + number) for number in range(1, 3_501)]
    assert world.episodes.height == world.episodes["episode"].n_unique() == 510_000
    assert world.episodes["episode"].str.contains(r"^E\d{7}$").all()
    assert 700 <= units.height <= 780
    assert units["specialty"].value_counts()["count"].min() >= 10  # type: ignore[operator]  # polars: any scalar
    assert world.episodes["specialty"].n_unique() == 10
    assert world.providers["region"].n_unique() == 9


def test_every_unit_has_one_to_twelve_consultants(world: World) -> None:
    staff = world.consultants.group_by("provider", "specialty").len()
    assert staff.height == world.truth.filter(level="unit").height
    assert staff["len"].is_between(1, 12).all()


def test_about_two_in_a_hundred_work_at_two_hospitals_and_all_in_one_specialty(world: World) -> None:
    contracts = world.consultants.group_by("gmc").agg(pl.col("specialty", "provider").n_unique(), pl.len())
    assert contracts["specialty"].to_list() == [1] * 3_500
    assert contracts["provider"].equals(contracts["len"].cast(pl.UInt32), null_equal=False)
    assert contracts["provider"].value_counts().sort("provider").rows() == [(1, 3_430), (2, 70)]


def test_consultants_differ_in_volume(world: World) -> None:
    cases = world.episodes["consultant"].value_counts()["count"]
    assert len(cases) == 3_500
    assert (cases < 10).sum() == 35
    assert cases.is_between(60, 300).sum() > 0.8 * 3_500


def test_every_column_holds_what_it_may_hold_and_nothing_else(world: World) -> None:
    episodes = world.episodes
    assert {factor: sorted(episodes[factor].unique()) for factor in LEVELS} == LEVELS
    assert sorted(episodes["died_30_days"].unique()) == [0, 1]
    assert (episodes["date"].min(), episodes["date"].max()) == (date(2023, 4, 1), date(2026, 3, 31))
    assert 0.01 < (episodes["comorbidity"] == "missing").mean() < 0.05  # type: ignore[operator]  # polars: any scalar
    assert sum(episodes.null_count().row(0)) == 0


@pytest.mark.parametrize("size", ["world", "small"])
def test_no_key_is_orphaned(size: str, request: pytest.FixtureRequest) -> None:
    made: World = request.getfixturevalue(size)
    worked = made.episodes.select("provider", "specialty", gmc="consultant")
    assert worked.join(made.consultants, on=["gmc", "provider", "specialty"], how="anti").is_empty()
    assert made.consultants.join(made.providers, on="provider", how="anti").is_empty()
    assert set(made.register["gmc"]) == set(made.consultants["gmc"]) == set(worked["gmc"])
    assert made.returns.select("gmc", "programme").equals(made.register.select("gmc", "programme"))
    units = made.truth.filter(level="unit")
    assert made.consultants.join(units, on=["provider", "specialty"], how="anti").is_empty()
    assert units.join(made.consultants, on=["provider", "specialty"], how="anti").is_empty()
    assert set(made.truth.filter(level="consultant")["consultant"]) == set(made.register["gmc"])


def test_four_in_a_hundred_decline_and_two_have_not_answered(world: World) -> None:
    answers = world.returns
    assert Counter(answers["act"]) == {"given": 3_290, "refused": 140, "asked": 70}
    assert answers["gmc"].n_unique() == 3_500
    assert answers.select("purpose", "notice_version", "evidence").unique().rows() == [("own_figures", 1, "synthetic")]
    assert answers["decided_on"].is_between(date(2026, 5, 1), date(2026, 6, 30)).all()


def test_a_programme_is_that_of_the_consultants_own_specialty(world: World) -> None:
    both = world.register.join(world.consultants.unique("gmc"), on="gmc", validate="1:1")
    assert both.height == 3_500
    assert (both["programme"] == both["specialty"] + "-consultant-outcomes").all()


@pytest.mark.parametrize("size", ["world", "small"])
def test_the_account_of_a_consultant_belongs_to_one_who_agreed(size: str, request: pytest.FixtureRequest) -> None:
    made: World = request.getfixturevalue(size)
    number = SUBJECTS["consultant"]
    assert made.returns.filter(pl.col("gmc") == number)["act"].to_list() == ["given"]
    (name,) = made.register.filter(pl.col("gmc") == number)["name"].to_list()
    assert "(synthetic)" in name


def test_every_level_has_deaths_and_survivors_in_every_specialty(world: World) -> None:
    assert levels_without_events(world.episodes).is_empty()
    seen = world.episodes.unpivot(list(LEVELS), index="specialty").unique()
    assert seen.height == 10 * sum(len(levels) for levels in LEVELS.values())


def test_a_level_in_which_nobody_died_is_reported() -> None:
    rows = [("s", 1, "18-49", "male", "urgent", "0"), ("s", 0, "18-49", "male", "urgent", "0")]
    rows.append(("s", 0, "80+", "male", "urgent", "0"))
    episodes = pl.DataFrame(rows, schema=["specialty", "died_30_days", *LEVELS], orient="row")
    assert levels_without_events(episodes).rows() == [("s", "age_band", "80+")]


def konis_optimum(patterns: pl.DataFrame) -> float:
    """Konis (2007): the optimum is 0 when the logistic model has a finite fit, and positive under separation."""
    design = patterns.select(pl.lit(1.0).alias("one"), *indicator_columns()).to_numpy()
    died, lived = patterns["deaths"].to_numpy() > 0, patterns["survivors"].to_numpy() > 0
    rows = np.vstack([design[died], -design[lived]])
    found = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1))
    assert found.fun is not None, found.message
    return -found.fun


def indicator_columns() -> list[pl.Expr]:
    return [
        (pl.col(f) == level).cast(pl.Float64).alias(f"{f}={level}") for f in LEVELS for level in sorted(LEVELS[f])[1:]
    ]


def test_no_specialty_is_separated(world: World) -> None:
    died = pl.col("died_30_days")
    counts = [died.sum().alias("deaths"), (1 - died).sum().alias("survivors")]
    for _, of_specialty in world.episodes.group_by("specialty"):
        patterns = of_specialty.group_by(list(LEVELS)).agg(counts)
        assert konis_optimum(patterns) == pytest.approx(0, abs=1e-7)
        emptied = patterns.with_columns(
            pl.when(pl.col("age_band") != "80+").then("deaths").otherwise(0).alias("deaths")
        )
        assert konis_optimum(emptied) > 1e-7  # the check bites


def test_risk_by_case_mix_has_the_declared_mean_in_each_specialty(world: World) -> None:
    risks = with_true_risk(world).group_by("specialty").agg(pl.col("from_case_mix").mean())
    declared = {specialty.id: specialty.risk for specialty in world.sizes.audited}
    assert dict(risks.iter_rows()) == pytest.approx(declared, rel=1e-6)
    assert (min(declared.values()), max(declared.values())) == (0.006, 0.05)


def test_deaths_agree_with_the_truth_that_is_told(world: World) -> None:
    """In each specialty, and in each level of each factor, the deaths lie within 4.5 standard deviations."""
    episodes = with_true_risk(world).with_columns(all_of_it=pl.lit("all"))
    for factor in [*LEVELS, "all_of_it"]:
        groups = episodes.group_by("specialty", factor).agg(
            pl.col("died_30_days", "risk").sum(), variance=(pl.col("risk") * (1 - pl.col("risk"))).sum()
        )
        z = (groups["died_30_days"] - groups["risk"]) / groups["variance"].sqrt()
        assert z.abs().is_between(0, 4.5).all(), factor


@pytest.mark.parametrize(("level", "keys"), [("unit", ["provider", "specialty"]), ("consultant", ["consultant"])])
def test_deaths_of_each_sort_of_subject_agree_with_its_true_effect(world: World, level: str, keys: list[str]) -> None:
    sorts = world.truth.filter(level=level).select(*keys, "planted", raised=pl.col("odds_multiplier") > 1)
    groups = (
        with_true_risk(world)
        .join(sorts, on=keys)
        .group_by("planted", "raised")
        .agg(pl.col("died_30_days", "risk").sum(), variance=(pl.col("risk") * (1 - pl.col("risk"))).sum())
    )
    assert groups.height == (4 if level == "unit" else 3)
    assert ((groups["died_30_days"] - groups["risk"]) / groups["variance"].sqrt()).is_between(-4, 4).all()


def test_ordinary_effects_have_the_declared_spread(world: World) -> None:
    ordinary = world.truth.filter(~pl.col("planted")).with_columns(pl.col("odds_multiplier").log())
    spread = dict(ordinary.group_by("level").agg(pl.col("odds_multiplier").std()).iter_rows())
    assert spread == pytest.approx({"unit": 0.10, "consultant": 0.08}, rel=0.1)


def test_outliers_are_planted_in_the_declared_numbers(world: World) -> None:
    planted = world.truth.filter("planted")
    assert Counter(planted.select("level", "odds_multiplier").iter_rows()) == {
        ("unit", 2.5): 6,
        ("unit", 0.4): 4,
        ("consultant", 3.0): 8,
    }


def test_planted_outliers_are_large_enough_to_be_seen(world: World) -> None:
    planted = world.truth.filter("planted")
    episodes = with_true_risk(world)
    totals = [pl.col("died_30_days").sum(), pl.col("from_case_mix").sum(), pl.col("risk").sum()]
    units = planted.filter(level="unit").join(
        episodes.group_by("provider", "specialty").agg(totals), on=["provider", "specialty"]
    )
    consultants = planted.filter(level="consultant").join(
        episodes.group_by("consultant").agg(totals), on="consultant", suffix="_of_cases"
    )
    found = [*units.iter_rows(named=True), *consultants.iter_rows(named=True)]
    assert len(found) == 18
    for row in found:
        lower, upper = poisson.interval(0.998, row["from_case_mix"])
        true_mean_is_outside = row["risk"] > upper if row["odds_multiplier"] > 1 else row["risk"] < lower
        assert true_mean_is_outside, row


def test_no_planted_consultant_works_at_a_planted_unit(world: World) -> None:
    planted = world.truth.filter("planted")
    at_planted = world.consultants.join(planted.filter(level="unit"), on=["provider", "specialty"], how="semi")
    assert at_planted.height > 0
    assert set(at_planted["gmc"]).isdisjoint(planted.filter(level="consultant")["consultant"])


def test_each_plan_asks_for_a_volume_at_which_its_outlier_shows() -> None:
    for plan in (UNITS_WITH_MORE, UNITS_WITH_FEWER, CONSULTANTS_WITH_MORE):
        lower, upper = poisson.interval(0.998, plan.least_expected)
        assert not lower <= plan.least_expected * plan.odds <= upper


def test_everything_with_a_name_says_that_it_is_synthetic(world: World) -> None:
    for frame in (world.providers, world.consultants, world.register):
        assert frame["name"].str.ends_with(" (synthetic)").all()
    assert world.providers["region"].str.ends_with(" (synthetic)").all()
    assert (world.returns["evidence"] == "synthetic").all()
    assert world.providers["name"].n_unique() == 150
    assert world.register["name"].n_unique() == 3_500


def test_invented_names_occur_nowhere_in_real_data() -> None:
    if not REFERENCE.is_dir():
        pytest.skip("the reference data is not beside this checkout")
    files = sorted(REFERENCE.rglob("*.csv"))
    words: set[str] = set()
    for file in files:
        words.update(re.findall("[a-z]+", file.read_bytes().decode("latin-1").lower()))
    assert {"birmingham", "cedars"} <= words  # the search finds real places
    assert words.isdisjoint(name.lower() for name in (*PLACES, *SURNAMES, *REGIONS))


def test_files_are_utf8_with_the_agreed_header_and_unix_line_ends(small: World, tmp_path: Path) -> None:
    told: list[str] = []
    written = write(small, tmp_path / "made" / "here", told.append)
    for name, header in HEADERS.items():
        raw = written[name].read_bytes()
        assert raw.decode("utf-8").split("\n")[0] == header
        assert b"\r" not in raw
        assert raw.endswith(b"\n")
        assert not raw.endswith(b"\n\n")
    assert [line.split(":")[0] for line in told] == list(written)


def test_files_hold_the_world(small: World, tmp_path: Path) -> None:
    written = write(small, tmp_path, print)
    episodes = pl.read_csv(written["episodes.csv"], infer_schema=False)
    assert episodes.equals(small.episodes.cast(pl.String))
    truth = pl.read_csv(written["truth.csv"], infer_schema=False)
    assert set(truth["planted"]) == {"true", "false"}
    assert truth.filter(level="unit")["consultant"].is_null().all()
    assert truth.filter(level="consultant")["provider"].is_null().all()


def test_the_readme_says_what_the_files_are(small: World, tmp_path: Path) -> None:
    text = write(small, tmp_path, print)["README.txt"].read_text(encoding="utf-8")
    assert "synthetic" in text.splitlines()[0]
    assert "is invented" in text
    assert f"Seed {DEFAULT_SEED}. Sizes: 12 hospitals, 30 units, 60 consultants, 9000 episodes." in text
    assert all(name in text for name in HEADERS)


@pytest.mark.parametrize(
    ("sizes", "complaint"),
    [
        ({"hospitals": 9}, "hospitals must lie between 10"),
        ({"hospitals": 10_000}, "hospitals must lie between 10"),
        ({"consultants": 100}, "consultants must lie between"),
        ({"consultants": 50_000}, "consultants must lie between"),
        ({"episodes": 1_000}, "episodes must lie between 35000"),
        ({"specialties": ()}, "at least one"),
        ({"specialties": ("thyroid-surgery", "thyroid-surgery")}, "each specialty once"),
        ({"specialties": ("phrenology",)}, "unknown specialties"),
    ],
)
def test_sizes_of_which_no_world_can_be_made_are_refused(sizes: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Sizes(**sizes)  # type: ignore[arg-type]  # the table holds values of several types


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("consultants", [30, 330])
def test_worlds_at_the_edge_of_their_sizes_can_be_made(consultants: int, seed: int) -> None:
    sizes = Sizes(hospitals=10, consultants=consultants, episodes=9_000, specialties=Sizes.small().specialties)
    made = make_world(seed, sizes)
    assert made.register.height == consultants
    assert made.episodes.height == 9_000
    assert made.consultants.group_by("provider", "specialty").len()["len"].is_between(1, 12).all()
