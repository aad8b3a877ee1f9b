"""The public figures of the demonstration against the truth behind it: what was planted is found, chance is not."""

from typing import Final

import numpy as np
import polars as pl
import pytest
from scipy.stats import poisson

from cli.demonstration.sizes import DEFAULT_SEED, Sizes
from cli.demonstration.world import make_world
from tests.system.completeness import check_release
from tests.system.house import House
from tests.system.truths import at_most, false_alarm_chances, truth_of

LIKELY: Final = 0.5  # more likely than not: what the world promises of a planted one at plain Poisson limits
NUMBERS: Final = (
    "estimate", "expected", "observed", "warning_lower", "warning_upper", "control_lower", "control_upper",
    "power_to_detect_doubling",
)  # fmt: skip
ABOVE: Final = ("above_warning", "above_control")
BELOW: Final = ("below_warning", "below_control")


@pytest.fixture(scope="module")
def shown(demo_house: House) -> pl.DataFrame:
    """Published rows of the public CSV with what is true of their subjects; every row was checked for completeness."""
    with demo_house.reader() as reader:
        _, lines = check_release(reader, demo_house.demo_release)
    rows = pl.DataFrame(lines).filter(pl.col("status") == "published")
    rows = rows.with_columns(
        pl.col(NUMBERS).cast(pl.Float64),
        subject=pl.when(pl.col("level") == "consultant").then("consultant_id").otherwise("provider_id"),
    )
    truth = truth_of(make_world(DEFAULT_SEED, Sizes(hospitals=60, consultants=1300, episodes=150_000)))
    joined = rows.join(truth, left_on=["level", "subject", "indicator_id"], right_on=["level", "subject", "indicator"],
                       how="left", validate="1:1")  # fmt: skip
    assert joined["multiplier"].null_count() == 0
    return joined


@pytest.fixture(scope="module")
def planted(shown: pl.DataFrame) -> pl.DataFrame:
    """Published planted rows with the chances, from their true deaths, to lie beyond the limits printed with them."""
    found = shown.filter("planted")
    high = found["multiplier"].to_numpy() > 1
    deaths = found["true_deaths"].to_numpy()

    def beyond(limit: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        upper = np.rint((found[f"{limit}_upper"] * found["expected"]).to_numpy())
        lower = np.rint((found[f"{limit}_lower"] * found["expected"]).to_numpy())
        return np.where(high, poisson.sf(upper, deaths), poisson.cdf(lower - 1, deaths))

    return found.with_columns(
        pl.Series("high", high),
        pl.Series("beyond_control", beyond("control")),
        pl.Series("beyond_warning", beyond("warning")),
    )


def test_what_is_likely_to_be_seen_is_found_on_its_own_side(planted: pl.DataFrame) -> None:
    """Every one beyond the warning limit, most beyond the control limit. The seed is fixed; the truth gives each
    a chance of at least .9 to lie beyond the warning limit, or the demonstration could not promise it.
    """
    likely = planted.filter(pl.col("beyond_control") >= LIKELY)
    assert likely["level"].n_unique() == 2, "units and consultants must be among them, or nothing is proved"
    pairs = zip(likely["high"], likely["position"], strict=True)
    missed = [position for high, position in pairs if position not in (ABOVE if high else BELOW)]
    assert likely["beyond_warning"].to_numpy().min() > 0.9
    assert missed == []
    side = pl.when("high").then(pl.lit("above_control")).otherwise(pl.lit("below_control"))
    assert likely.filter(pl.col("position") == side).height > likely.height / 2


def test_no_planted_row_lies_on_the_other_side(planted: pl.DataFrame) -> None:
    wrong = [BELOW if high else ABOVE for high in planted["high"]]
    assert [position for position, never in zip(planted["position"], wrong, strict=True) if position in never] == []


def test_as_many_are_found_as_the_true_rates_promise(planted: pl.DataFrame) -> None:
    """Misses of the control limit are no more than their chances allow, once in a hundred worlds."""
    side = pl.when("high").then(pl.lit("above_control")).otherwise(pl.lit("below_control"))
    missed = planted.filter(pl.col("position") != side).height
    assert missed <= at_most(1 - planted["beyond_control"].to_numpy())


@pytest.mark.parametrize("level", ["provider", "consultant"])
@pytest.mark.parametrize(("side", "which"), [("above_control", 0), ("below_control", 1)])
def test_chance_alone_rings_no_more_often_than_it_may(shown: pl.DataFrame, level: str, side: str, which: int) -> None:
    """Of everybody published who has no part in anything planted, rated or not: a position beyond the control limits is
    never hidden, so all who could have had one are counted. The bound comes from the truth: `false_alarm_chances`.
    """
    plain = shown.filter((pl.col("level") == level) & ~pl.col("planted") & ~pl.col("touched"))
    assert plain.height > 100
    chances = false_alarm_chances(plain["plain"].to_numpy(), plain["mean"].to_numpy())[which]
    assert chances.sum() < 0.01 * plain.height, "a bound that allows one alarm in a hundred says nothing"
    assert plain.filter(pl.col("position") == side).height <= at_most(chances)


def test_positions_follow_from_the_printed_figures(shown: pl.DataFrame) -> None:
    """Rounding keeps order, so a reader with the printed estimate and limits finds the same place, ties aside."""
    estimate = pl.col("estimate")
    places = {
        "above_control": estimate >= pl.col("control_upper"),
        "above_warning": (estimate >= pl.col("warning_upper")) & (estimate <= pl.col("control_upper")),
        "within": (estimate >= pl.col("warning_lower")) & (estimate <= pl.col("warning_upper")),
        "below_warning": (estimate <= pl.col("warning_lower")) & (estimate >= pl.col("control_lower")),
        "below_control": estimate <= pl.col("control_lower"),
        "": (estimate >= pl.col("control_lower")) & (estimate <= pl.col("control_upper")),
    }
    assert set(shown["position"]) <= places.keys()
    for position, agrees in places.items():
        wrong = shown.filter((pl.col("position") == position) & ~agrees)
        assert wrong["result_id"].to_list() == [], position


def test_nobody_is_called_as_expected_without_the_power_to_see_otherwise(shown: pl.DataFrame) -> None:
    weak = shown.filter(pl.col("power_to_detect_doubling") < 0.5)
    assert weak.height > 0
    assert weak.filter(pl.col("band") == "as_expected").height == 0
    assert weak.filter(pl.col("summary").str.contains("(?i)as expected")).height == 0
