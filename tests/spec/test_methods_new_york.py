"""New York cardiac surgery 2008-2015: every published rate, limit and verdict, straight through the methods."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from services.ratings.methods.arrays import BoolArray, FloatArray
from services.ratings.methods.funnel import interval_test
from services.ratings.methods.intervals import IntervalRule, LowerWhenNegative
from services.ratings.methods.standardisation import AdjustedRate, adjusted_rate, standardise

FOLDER = Path(__file__).resolve().parents[3] / "shared/data/ny-cardiac"
HALF_DIGIT = 0.005
FIRST_CAPPED_YEAR = 2013
GROUP = ["Procedure", "Year of Hospital Discharge"]
WORDS = {
    "above_warning": "higher",
    "above_control": "higher",
    "below_warning": "lower",
    "below_control": "lower",
    "within": "different",
}


@dataclass(frozen=True)
class Hospitals:
    frame: pl.DataFrame
    overall: FloatArray

    def column(self, name: str) -> FloatArray:
        return self.frame[name].cast(pl.Float64).to_numpy()

    def expected(self, shift: float = 0.0) -> FloatArray:
        return (self.column("Expected Mortality Rate") + shift) * self.column("Number of Cases") / 100

    def rate(self, shift: float, cap: float | None) -> AdjustedRate:
        deaths, cases = self.column("Number of Deaths"), self.column("Number of Cases")
        ratio = standardise(
            deaths,
            cases,
            self.expected(shift),
            rule=IntervalRule.BYAR,
            lower_when_negative=LowerWhenNegative.ZERO,
        )
        return adjusted_rate(ratio, self.overall, cap_percent=cap)

    def verdicts(self, rule: IntervalRule) -> list[str]:
        return [WORDS[word] for word in interval_test(self.column("Number of Deaths"), self.expected(), rule).tolist()]


@pytest.fixture(scope="module")
def hospitals() -> Hospitals:
    file = FOLDER / "hospital_2008_2015.csv"
    if not file.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(file, infer_schema_length=0)
    is_state = pl.col("Comparison Results") == "Statewide Rate"
    counts = pl.col("Number of Deaths", "Number of Cases").cast(pl.Int64)
    state = frame.filter(is_state).select(*GROUP, counts.name.prefix("State "))
    sums = frame.filter(~is_state).group_by(GROUP).agg(counts.sum().name.prefix("Sum "))
    both = state.join(sums, on=GROUP, how="inner")
    assert both.height == state.height == 31
    assert (both["State Number of Deaths"] == both["Sum Number of Deaths"]).all()
    assert (both["State Number of Cases"] == both["Sum Number of Cases"]).all()
    joined = frame.filter(~is_state).join(state, on=GROUP, how="left", maintain_order="left")
    rate = joined["State Number of Deaths"] / joined["State Number of Cases"]
    return Hospitals(joined, rate.to_numpy())


def published_words(hospitals: Hospitals) -> list[str]:
    return hospitals.frame["Comparison Results"].str.extract(r"(higher|lower|different) than").to_list()


def agrees(published: FloatArray, low: FloatArray, high: FloatArray) -> BoolArray:
    """Within .005 of the range that the published expected rate, rounded to two decimals, leaves open."""
    slack = HALF_DIGIT + 1e-9
    return np.asarray((published >= 100 * low - slack) & (published <= 100 * high + slack))


def upper_agrees(hospitals: Hospitals, cap: float | None) -> BoolArray:
    low, high = hospitals.rate(HALF_DIGIT, cap), hospitals.rate(-HALF_DIGIT, cap)
    published = hospitals.column("Upper Limit of Confidence Interval")
    return agrees(published, low.limits.upper_95.values, high.limits.upper_95.values)


def test_all_hospital_rows_are_there(hospitals: Hospitals) -> None:
    assert hospitals.frame.height == 1578
    assert (hospitals.column("Number of Deaths") == 0).sum() == 102


def test_every_verdict(hospitals: Hospitals) -> None:
    published, found = published_words(hospitals), hospitals.verdicts(IntervalRule.BYAR)
    assert sum(p == f for p, f in zip(published, found, strict=True)) == 1578
    assert [found.count(word) for word in ("different", "higher", "lower")] == [1467, 67, 44]


def test_exact_limits_would_change_one_verdict(hospitals: Hospitals) -> None:
    published, found = published_words(hospitals), hospitals.verdicts(IntervalRule.EXACT)
    differs = [p != f for p, f in zip(published, found, strict=True)]
    row = hospitals.frame.filter(pl.Series(differs))
    columns = ["Hospital Name", "Procedure", "Year of Hospital Discharge", "Lower Limit of Confidence Interval"]
    assert row.select(columns).rows() == [("NYU Hospitals Center", "CABG", "2011", "1.23")]


def test_every_adjusted_rate_and_lower_limit(hospitals: Hospitals) -> None:
    low, high = hospitals.rate(HALF_DIGIT, None), hospitals.rate(-HALF_DIGIT, None)
    rates = agrees(hospitals.column("Risk-Adjusted Mortality Rate"), low.rate.values, high.rate.values)
    lower = hospitals.column("Lower Limit of Confidence Interval")
    assert rates.sum() == 1578
    assert agrees(lower, low.limits.lower_95.values, high.limits.lower_95.values).sum() == 1578


def test_every_upper_limit_with_the_dated_cap(hospitals: Hospitals) -> None:
    ends = hospitals.frame["Year of Hospital Discharge"].str.slice(-4).cast(pl.Int64).to_numpy()
    capped, free = upper_agrees(hospitals, 100.0), upper_agrees(hospitals, None)
    assert np.where(ends >= FIRST_CAPPED_YEAR, capped, free).sum() == 1578
    assert (free.sum(), capped.sum()) == (1575, 1576)


def test_published_limits_above_100_percent_end_in_2012(hospitals: Hospitals) -> None:
    upper = hospitals.column("Upper Limit of Confidence Interval")
    years = hospitals.frame["Year of Hospital Discharge"]
    assert dict(zip(years.filter(pl.Series(upper > 100)), upper[upper > 100], strict=True)) == {
        "2011": 140.57,
        "2012": 125.27,
    }
    assert (upper == 100).sum() == 3


def test_cabg_2003_published_adjusted_rates() -> None:
    file = FOLDER / "hospital_cabg_2003.csv"
    if not file.exists():
        pytest.skip("reference data is not beside this checkout")
    frame = pl.read_csv(file)
    cases, deaths = int(frame["Cases"].sum()), int(frame["Deaths"].sum())
    assert (frame.height, cases, deaths) == (37, 47_795, 973)
    assert 100 * deaths / cases == pytest.approx(2.035777801, abs=5.1e-10)
    expected = frame["EMR"] * frame["Cases"] / 100
    ratio = standardise(frame["Deaths"], frame["Cases"], expected, rule=IntervalRule.BYAR)
    found = 100 * adjusted_rate(ratio, deaths / cases).rate.values
    from_rates = (frame["OMR"] / frame["EMR"]).to_numpy() * (100 * deaths / cases)
    assert np.abs(found - frame["RAMR"].to_numpy()).max() <= 0.0086
    assert np.abs(from_rates - frame["RAMR"].to_numpy()).max() <= 0.0140
