"""Methods 2.17: does a position survive other defensible methods? New York's hospitals of 2003 answer."""

from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.methods.absence import ImpossibleExpected
from services.ratings.methods.funnel import interval_test
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.levels import WARNING
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.paths import Alternatives, TargetTest
from services.ratings.methods.robustness import Basis, robustness
from services.ratings.methods.scales import Effect, Scale

CABG_2003 = Path(__file__).resolve().parents[3] / "shared/data/ny-cardiac/hospital_cabg_2003.csv"
ELEVEN = Alternatives(
    interval=(IntervalRule.EXACT, IntervalRule.BYAR),
    test=(TargetTest.TARGET,),
    scale=(Scale.LOG, Scale.SQUARE_ROOT),
    rows=(DispersionRows.TRUNCATED_DECILES, DispersionRows.WINSORISED_10),
    effect=(Effect.ADDITIVE, Effect.MULTIPLICATIVE),
)


@pytest.fixture(scope="module")
def cabg() -> pl.DataFrame:
    if not CABG_2003.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(CABG_2003)
    expected = pl.col("EMR") * pl.col("Cases") / 100
    return frame.with_columns(expected=expected * 973 / expected.sum())


def test_bypass_surgery_2003_over_eleven_paths(cabg: pl.DataFrame) -> None:
    """Methods 2.17: Staten Island is below in 8 of 11, Vassar in 4, nobody else in any (New York State, 2003 file)."""
    own = interval_test(cabg["Deaths"], cabg["expected"], IntervalRule.EXACT)
    found = robustness(own, [Basis(cabg["Deaths"], cabg["expected"])], ELEVEN)
    assert len(found.names) == 11
    below = dict(zip(cabg["Hospital"], (found.position_on == "below_control").sum(axis=0).tolist(), strict=True))
    assert {name: count for name, count in below.items() if count} == {"Staten Island - North": 8, "Vassar Brothers": 4}
    assert not (found.position_on == "above_control").any()
    vassar = cabg["Hospital"].to_list().index("Vassar Brothers")
    assert found.differing(vassar) == (
        "target_exact_poisson",
        "log_truncated_deciles_additive",
        "log_truncated_deciles_multiplicative",
        "log_winsorised_10_additive",
    )


def test_a_position_that_needs_its_method_says_so() -> None:
    """Methods 2.17: a control position with share < .8 depends on method; .8 itself does not."""
    alternatives = Alternatives(interval=(IntervalRule.EXACT,), test=(TargetTest.TARGET,))
    observed, expected = [4, 60, 20], [12.74, 20.0, 20.0]
    found = robustness(["below_control", "above_control", "within"], [Basis(observed, expected)], alternatives)
    assert found.paths.tolist() == [2, 2, 2]
    assert found.agreeing.tolist() == [1, 2, 2]
    assert found.share.values.tolist() == [0.5, 1.0, 1.0]
    assert found.depends_on_method.tolist() == [True, False, False]
    assert found.differing(0) == ("interval_exact",)
    of_five = [Basis([60], [20.0], str(year)) for year in range(4)] + [Basis([20], [20.0], "three_years")]
    four_fifths = robustness(["above_control"], of_five, Alternatives(test=(TargetTest.TARGET,)))
    assert (four_fifths.share.values.tolist(), four_fifths.depends_on_method.tolist()) == ([0.8], [False])
    assert four_fifths.differing(0) == ("three_years_target_exact_poisson",)


def test_within_is_never_said_to_depend_on_method_but_counts_its_paths() -> None:
    found = robustness(["within"], [Basis([4], [12.74])], Alternatives(test=(TargetTest.TARGET,)))
    assert (found.agreeing.tolist(), found.depends_on_method.tolist()) == ([0], [False])


def test_warning_positions_are_inside_the_control_limits_and_beyond_the_warning_ones() -> None:
    basis, alternatives = [Basis([30], [20.0])], Alternatives(interval=(IntervalRule.EXACT,), test=(TargetTest.TARGET,))
    at_control = robustness(["above_warning"], basis, alternatives)
    at_warning = robustness(["above_warning"], basis, alternatives, WARNING)
    assert at_control.position_on.tolist() == [["above_warning"], ["within"]]
    assert at_control.agreeing.tolist() == [2]
    assert (at_warning.agreeing.tolist(), at_warning.depends_on_method.tolist()) == ([1], [True])


def test_another_expected_vector_is_another_set_of_paths() -> None:
    """With or without deprivation: a provider that a basis cannot rate has no path there, and its share says so."""
    own = Basis([40, 0, 0], [20.0, 5.0, 0.0])
    adjusted = Basis([40, 0, 0], [38.0, 5.0, 5.0], "with_deprivation")
    alternatives = Alternatives(test=(TargetTest.TARGET, TargetTest.COUNT_TAILS))
    found = robustness(["above_control", "within", "within"], [own, adjusted], alternatives)
    assert found.names == (
        "target_exact_poisson",
        "count_tails_none",
        "with_deprivation_target_exact_poisson",
        "with_deprivation_count_tails_none",
    )
    assert found.paths.tolist() == [4, 4, 2]
    assert found.differing(0) == found.names[2:]
    nowhere = robustness(["within"], [Basis([0], [0.0])], alternatives)
    assert nowhere.share.present.tolist() == [False]


def test_no_spread_asked_for_is_one_path_and_not_two() -> None:
    alternatives = Alternatives(
        scale=(Scale.LOG, Scale.SQUARE_ROOT),
        rows=(DispersionRows.NONE,),
        effect=(Effect.ADDITIVE, Effect.MULTIPLICATIVE),
    )
    found = robustness(["above_control"], [Basis([60], [20.0])], alternatives)
    assert found.names == ("log_none", "square_root_none")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), st.floats(0.5, 60)), min_size=10, max_size=40), st.randoms())
def test_the_order_of_rows_changes_no_path(rows: list[tuple[int, float]], random: Random) -> None:
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)
    observed, expected = np.array([o for o, _ in rows]), np.array([e for _, e in rows])
    own = interval_test(observed, expected, IntervalRule.EXACT)
    one = robustness(own, [Basis(observed, expected)], ELEVEN)
    two = robustness(own[shuffled], [Basis(observed[shuffled], expected[shuffled])], ELEVEN)
    assert one.position_on[:, shuffled].tolist() == two.position_on.tolist()
    assert (one.agreeing <= one.paths).all()


def test_what_cannot_be_compared_is_refused() -> None:
    target = Alternatives(test=(TargetTest.TARGET,))
    with pytest.raises(ValueError, match="no alternative declared"):
        robustness(["within"], [Basis([1], [1.0])], Alternatives())
    with pytest.raises(ValueError, match="position"):
        robustness(["fine"], [Basis([1], [1.0])], target)
    with pytest.raises(ValueError, match="basis"):
        robustness(["within"], [Basis([1, 2], [1.0, 2.0])], target)
    with pytest.raises(ValueError, match="same name"):
        robustness(["within"], [Basis([1], [1.0]), Basis([1], [1.0])], target)
    with pytest.raises(ValueError, match="confidence"):
        robustness(["within"], [Basis([1], [1.0])], target, 0.9)
    with pytest.raises(ImpossibleExpected):
        robustness(["within"], [Basis([1], [0.0])], target)
