"""Where we and the specification differ in a digit: who is right, in decimal arithmetic of 50 digits."""

from decimal import Decimal, localcontext

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from services.ratings.proof.agreement import Frames, floats
from services.ratings.proof.uk_cardiac import FIGURES, SIGNALS

DIGITS = 50
STEPS = 12  # Newton's, from near the answer: each doubles the digits
THRESHOLD, HALVED = Decimal("4.5"), Decimal("0.5")
Z = "1.9599639845400542355245944305205515"


@pytest.fixture(scope="module")
def operations(frames: Frames) -> pl.DataFrame:
    died = (pl.col("status") == 1) & (pl.col("time") <= 30)
    return frames["uk-cardiac"].sort("line").select("parsonnet", "date", died=died.cast(pl.Int64))


def risks(counts: list[tuple[int, int, int]]) -> tuple[Decimal, dict[int, Decimal]]:
    """Slope and risks by Parsonnet value of a logistic model, from (value, cases, deaths)."""
    intercept, slope = Decimal("-3.67"), Decimal("0.0787")

    def risk(value: int) -> Decimal:
        return 1 / (1 + (-(intercept + slope * value)).exp())

    for _ in range(STEPS):
        left = [(value, deaths - cases * risk(value)) for value, cases, deaths in counts]
        weights = [(value, cases * risk(value) * (1 - risk(value))) for value, cases, _ in counts]
        a, b, c = (sum((w * value**power for value, w in weights), Decimal()) for power in (0, 1, 2))
        u, v = (sum((rest * value**power for value, rest in left), Decimal()) for power in (0, 1))
        intercept, slope = intercept + (c * u - b * v) / (a * c - b * b), slope + (a * v - b * u) / (a * c - b * b)
    return slope, {value: risk(value) for value, _, _ in counts}


def test_slope_brier_and_the_centres_chart_for_halved_odds(operations: pl.DataFrame) -> None:
    counts = operations.group_by("parsonnet").agg(pl.len(), pl.col("died").sum()).sort("parsonnet").rows()
    with localcontext() as context:
        context.prec = DIGITS
        slope, risk = risks(counts)
        squares = (deaths * (1 - risk[x]) ** 2 + (cases - deaths) * risk[x] ** 2 for x, cases, deaths in counts)
        brier = sum(squares, Decimal()) / operations.height
        assert abs(slope - Decimal(str(FIGURES["slope"][0]))) < Decimal("5e-11")
        assert abs(brier - Decimal(str(FIGURES["Brier"][0]))) < Decimal("5e-11")
        assert _signals(operations, risk) == SIGNALS["centre, odds ratio 1/2"]


def _signals(operations: pl.DataFrame, risk: dict[int, Decimal]) -> list[tuple[int, int, float]]:
    """Operation, day and value at which the centre's chart signals, reset to 0 each time."""
    running, found, logs = Decimal(), [], {x: -(1 - p + HALVED * p).ln() for x, p in risk.items()}
    death = HALVED.ln()
    for number, (parsonnet, day, died) in enumerate(operations.iter_rows(), start=1):
        running = max(Decimal(), running + logs[parsonnet] + died * death)
        if running >= THRESHOLD:
            found.append((number, day, float(round(running, 4))))
            running = Decimal()
    return found


def test_statsmodels_gives_the_same_slope_and_brier(operations: pl.DataFrame) -> None:
    died, design = operations["died"].to_numpy(), sm.add_constant(floats(operations, "parsonnet"))
    fit = sm.GLM(died, design, family=sm.families.Binomial()).fit(tol=1e-12)
    assert fit.params[1] == pytest.approx(FIGURES["slope"][0], abs=5e-11)
    assert np.mean((fit.predict(design) - died) ** 2) == pytest.approx(FIGURES["Brier"][0], abs=5e-11)


def test_one_limit_of_prevalence_lies_on_the_tie_of_its_last_digit(frames: Frames) -> None:
    """11.1360707817751|50036: a hair above, so that the publisher's double, rounded, shows 51 where 52 is nearer."""
    row = frames["prevalence"].filter(
        (pl.col("period") == 1011) & (pl.col("schoolyear") == "R") & (pl.col("decile") == 3)
    )
    with localcontext() as context:
        context.prec = DIGITS
        x, n, z = Decimal(row["count"].item()), Decimal(row["measured"].item()), Decimal(Z)
        root = z * (z * z + 4 * x * (1 - x / n)).sqrt()
        upper = 100 * (2 * x + z * z + root) / (2 * (n + z * z))
        assert str(upper)[:20] == "11.13607078177515003"
        assert upper - Decimal("11.1360707817751") > Decimal("5e-14")
    assert row["ucl"].item() == 11.1360707817751
