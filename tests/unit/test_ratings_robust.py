"""Robustness of flags and intervals of places, as the build computes them and the view tells them."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from services.ratings.assembly.comparing import ComparisonSet
from services.ratings.assembly.figures import figures_of
from services.ratings.assembly.places import places_of, seed_of
from services.ratings.assembly.recipes import from_counts, from_patterns
from services.ratings.assembly.robust import alternatives_for, expected_without
from services.ratings.assembly.schema import Span
from services.ratings.casemix.counting import count_patterns
from services.ratings.casemix.fitting import fit_counts
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.loading import FOLDER, FileRefused, load_catalogue, parse_indicator
from services.ratings.methods.count_tails import count_tail_test
from services.ratings.methods.funnel import interval_test
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.ordering import place_intervals
from services.ratings.view.fates import DISCLOSURE_RULE
from services.ratings.view.rows import shown_rows
from services.ratings.view.words import DEPENDS, DEPENDS_WORDS
from tests.unit.test_ratings_rig import small_world

CATALOGUE = load_catalogue()
DEMO, NEW_YORK = CATALOGUE["colorectal-surgery-mortality-30d"], CATALOGUE["ny-cabg-mortality"]
SPAN = Span(DEMO.definition.period.start, DEMO.definition.period.end)  # type: ignore[union-attr]  # it has one


def subjects(observed: list[int], expected: list[float], without: list[float] | None = None) -> pl.DataFrame:
    names = [f"ZZ{number:03}" for number in range(len(observed))]
    return pl.DataFrame(
        {
            "subject": names, "provider_id": names, "consultant_id": [None] * len(names),
            "cases": [1000] * len(names), "observed": observed, "expected": expected,
            expected_without("comorbidity"): without or expected,
        },
        schema_overrides={"consultant_id": pl.String},
    )  # fmt: skip


def rated(frame: pl.DataFrame, definition: Definition, level: str = "provider") -> dict[str, dict[str, object]]:
    results, _ = figures_of(frame, ComparisonSet(definition, level, SPAN))  # type: ignore[arg-type]  # a level
    return {row["subject"]: row for row in results.iter_rows(named=True)}


def test_only_flags_have_paths_and_every_path_is_counted() -> None:
    observed, expected = [20] * 11 + [60], [20.0] * 12
    found = rated(subjects(observed, expected), DEMO.definition)
    flag = found.pop("ZZ011")
    assert flag["position"] == "above_control"
    assert (flag["robustness_paths"], flag["robustness_agreeing"], flag["robustness_differing"]) == (24, 24, "")
    for row in found.values():
        assert row["position"] == "within"
        assert row["robustness_paths"] is row["robustness_agreeing"] is row["robustness_differing"] is None


def test_a_flag_that_hangs_on_a_factor_says_so() -> None:
    """Without comorbidity twice as many would be expected there: half of the paths see nothing."""
    observed, expected = [20] * 11 + [60], [20.0] * 12
    flag = rated(subjects(observed, expected, [*expected[:-1], 60.0]), DEMO.definition)["ZZ011"]
    assert (flag["robustness_paths"], flag["robustness_agreeing"]) == (24, 12)
    differing = str(flag["robustness_differing"]).split()
    assert len(differing) == 12
    assert all(name.startswith("without_comorbidity_") for name in differing)


def test_a_consultants_paths_allow_for_chance_alone() -> None:
    observed, expected = [3] * 11 + [14], [3.0] * 12
    flag = rated(subjects(observed, expected), DEMO.definition, "consultant")["ZZ011"]
    assert (flag["position"], flag["robustness_paths"], flag["robustness_agreeing"]) == ("above_control", 6, 6)
    alternatives = alternatives_for(ComparisonSet(DEMO.definition, "consultant", SPAN))
    assert alternatives is not None
    assert (alternatives.scale, alternatives.rows, alternatives.effect) == ((), (), ())


def test_an_indicator_without_alternatives_has_no_robustness() -> None:
    plain = DEMO.definition.model_copy(update={"alternatives": None})
    flag = rated(subjects([20] * 11 + [60], [20.0] * 12), plain)["ZZ011"]
    assert (flag["position"], flag["robustness_paths"]) == ("above_control", None)


def test_paths_of_the_world_are_those_of_fits_made_here_again() -> None:
    """A consultant of the small world: three tests, each on the model's and on the smaller model's expectation."""
    assert DEMO.model is not None
    assert DEMO.definition.period is not None
    counts = count_patterns(small_world().episodes.lazy(), DEMO.model, DEMO.definition.period)
    found = from_patterns(counts, DEMO.definition, DEMO.model)
    assert found is not None
    flagged = found.results.filter(pl.col("robustness_paths").is_not_null() & (pl.col("level") == "consultant"))
    assert flagged.height > 0
    own = counts.filter(pl.col("specialty") == "colorectal-surgery")
    smaller = DEMO.model.model_copy(
        update={"factor": [one for one in DEMO.model.factor if one.column != "comorbidity"]}
    )
    for row in flagged.iter_rows(named=True):
        agreeing = 0
        for model in (DEMO.model, smaller):
            everybody = fit_counts(own, model).expected_of("consultant")
            at = everybody["consultant"].to_list().index(row["subject"])
            counted, expects = everybody["observed"].to_numpy(), everybody["expected"].to_numpy()
            walked = [
                interval_test(counted, expects, IntervalRule.EXACT),
                interval_test(counted, expects, IntervalRule.EXACT_BELOW_10_THEN_BYAR),
                count_tail_test(counted, expects, 0.0),
            ]
            agreeing += sum(bool(words[at] == row["position"]) for words in walked)
        assert (row["robustness_paths"], row["robustness_agreeing"]) == (6, agreeing)


def shown(agreeing: int, definition: Definition, position: str = "above_control") -> dict[str, object]:
    results, _ = figures_of(subjects([20] * 11 + [60], [20.0] * 12), ComparisonSet(definition, "provider", SPAN))
    some = results.filter(pl.col("subject") == "ZZ011").with_columns(
        pl.lit(10, pl.Int64).alias("robustness_paths"), pl.lit(agreeing, pl.Int64).alias("robustness_agreeing"),
        pl.lit("log_all_additive").alias("robustness_differing"), pl.lit(position).alias("position"),
    )  # fmt: skip
    loaded = DEMO if definition.status != "reproduced" else NEW_YORK
    (row,) = shown_rows(some, loaded, {}, {}, DISCLOSURE_RULE).iter_rows(named=True)
    found: dict[str, object] = row
    return found


def test_below_four_fifths_a_flag_is_worded_as_depending_on_the_method() -> None:
    firm, weak = shown(8, DEMO.definition), shown(7, DEMO.definition)
    assert (firm["band"], firm["position"], firm["robustness_share"]) == ("worse_than_expected", "above_control", 0.8)
    assert (weak["band"], weak["position"], weak["robustness_share"]) == (DEPENDS, "above_control", 0.7)
    assert weak["summary"] == DEPENDS_WORDS
    assert weak["comparison_status"] == "rated", "a signal is never hidden"


def test_a_reproduced_publication_keeps_its_publishers_words() -> None:
    weak = shown(2, NEW_YORK.definition, "above_warning")
    assert (weak["band"], weak["robustness_share"]) == ("worse_than_expected", 0.2)
    assert weak["summary"] == NEW_YORK.definition.words.above


def test_places_are_of_those_whose_figures_nobody_can_hide() -> None:
    assert DEMO.definition.revocable
    found = rated(subjects([20] * 11 + [60], [20.0] * 12), DEMO.definition)
    assert {row["place_lower"] for row in found.values()} == {None}
    some = subjects([2, 20, 80], [20.0] * 3)
    lower, upper, of = places_of(some, 7, 1.0)
    assert (lower.to_list(), upper.to_list(), of.to_list()) == ([1, 2, 3], [1, 2, 3], [3, 3, 3])
    for seed, frame, variance in ((None, some, 1.0), (7, some.head(1), 1.0), (7, some, None)):
        assert [series.null_count() for series in places_of(frame, seed, variance)] == [frame.height] * 3


def placed(observed: list[int], expected: list[float]) -> pl.DataFrame:
    found, _ = figures_of(subjects(observed, expected), ComparisonSet(NEW_YORK.definition, "provider", SPAN, seed=7))
    return found


def test_places_are_of_the_variance_that_is_published() -> None:
    """Sixteen of E = 20; the variance rounded to three decimals, as reliability has it: r = tau2 / (tau2 + 1/E)."""
    observed = [8, 11, 13, 15, 16, 18, 19, 20, 20, 21, 23, 24, 26, 29, 33, 44]
    found = placed(observed, [20.0] * 16)
    share = found["reliability"][0]
    variance = share / (1 - share) / 20
    assert variance == pytest.approx(round(variance, 3), abs=1e-12)
    assert variance > 0
    own = place_intervals(observed, [20.0] * 16, seed=7, between_provider_variance=round(variance, 3))
    assert found["place_lower"].to_list() == own.place_lower.tolist()
    assert found["place_upper"].to_list() == own.place_upper.tolist()
    flat = place_intervals(observed, [20.0] * 16, seed=7)
    assert (own.place_upper - own.place_lower).sum() > (flat.place_upper - flat.place_lower).sum()


def test_where_nothing_separates_anybody_every_place_is_as_likely() -> None:
    found = placed([18, 19, 20, 21, 22] * 8, [20.0] * 40)
    assert set(found["reliability"]) == {0.0}
    assert (set(found["place_lower"]), set(found["place_upper"])) == ({1}, {39})


def test_without_a_variance_no_place_is_published() -> None:
    """Nine hospitals are too few to estimate one; the tenth brings places for all."""
    for hospitals, absent in ((9, 9), (10, 0)):
        found = placed([12, 16, 20, 24, 28, 18, 22, 20, 31, 9][:hospitals], [20.0] * hospitals)
        assert found["reliability"].null_count() == absent
        assert found["place_lower"].null_count() == found["places_of"].null_count() == absent


def test_a_seed_is_of_the_inputs_whatever_their_order() -> None:
    one = seed_of(["sha256:a", "sha256:b"], "cabg", "2011")
    assert one == seed_of(["sha256:b", "sha256:a"], "cabg", "2011")
    assert len({one, seed_of(["sha256:a"], "cabg", "2011"), seed_of(["sha256:a", "sha256:b"], "cabg", "2012")}) == 3
    assert 0 <= one < 2**64
    np.random.default_rng(one)


def test_a_set_of_one_has_no_place_and_no_failure() -> None:
    row = {
        "provider": "0001", "provider_name": "A", "region": "R", "measure": "cabg", "period_start": SPAN.start,
        "period_end": SPAN.end, "cases": 100, "observed": 3, "expected_percent": 2.0, "aggregate": False,
    }  # fmt: skip
    whole = row | {"provider": "0000", "aggregate": True}
    found = from_counts(pl.DataFrame([row, whole]), NEW_YORK.definition)
    assert found is not None
    assert found.results["place_lower"].to_list() == [None]


def changed(name: str, pattern: str, by: str) -> str:
    text, times = re.subn(pattern, by, (FOLDER / f"{name}.toml").read_text(), flags=re.MULTILINE)
    assert times == 1
    return text


OURS = "colorectal-surgery-mortality-30d"


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r'(?<=dispersion = \{ scale = "log", rows = )"winsorised_10_consistent"', '"truncated_deciles"'),
        (r'(?<=^rows = \["winsorised_10_consistent", )"all"', '"truncated_deciles"'),
    ],
)
def test_a_rule_for_reproduction_only_is_refused_in_an_indicator_of_ours(pattern: str, by: str) -> None:
    text = changed(OURS, pattern, by)
    with pytest.raises(FileRefused, match=r"truncated_deciles.*reproduc"):
        parse_indicator(text, OURS)
    assert parse_indicator(text.replace('status = "synthetic"', 'status = "reproduced"'), OURS).status == "reproduced"


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (r"^effect = .*\n", ""),
        (r"^scale = .*\n", ""),
        (r"^interval = .*\ntest = .*\nscale = .*\nrows = .*\neffect = .*\n", ""),
        (r"^test = .*", 'test = ["guess"]'),
        (r"^without = .*", 'withuot = ["sex"]'),
    ],
)
def test_alternatives_that_lead_nowhere_are_refused(pattern: str, by: str) -> None:
    with pytest.raises(FileRefused, match=OURS):
        parse_indicator(changed(OURS, pattern, by), OURS)


def test_only_a_factor_of_the_model_can_be_left_out(tmp_path: Path) -> None:
    folder, model = tmp_path, Path("models", "thirty-day-mortality.toml")
    (folder / "models").mkdir()
    (folder / model).write_bytes((FOLDER / model).read_bytes())
    (folder / f"{OURS}.toml").write_text(changed(OURS, r"^without = .*", 'without = ["deprivation"]'))
    with pytest.raises(FileRefused, match="deprivation is no factor"):
        load_catalogue(folder)


def test_every_shipped_indicator_that_compares_declares_alternatives() -> None:
    """What others have published is judged in no way, and SHMI by its publisher's bands alone: there are no others."""
    for loaded in CATALOGUE.indicators.values():
        theirs = loaded.definition.recipe == "published" or loaded.definition.id == "shmi-trust-mortality"
        assert (loaded.definition.alternatives is None) == theirs, loaded.definition.id
