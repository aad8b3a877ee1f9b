"""What is true of the demonstration, and how often chance alone would take a result beyond the limits.

Nothing here is the product's own arithmetic: expected deaths come from the coefficients that made the world, tails from
the Poisson distribution directly.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.stats import poisson

from cli.demonstration.effects import CONSULTANT_SPREAD, UNIT_SPREAD
from cli.demonstration.specialties import FACTORS
from cli.demonstration.world import World

FloatArray = npt.NDArray[np.float64]
CONTROL: Final = 0.001  # one tail of the 99.8% limits
ONE_IN_A_HUNDRED: Final = 0.99
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(31)


def truth_of(world: World) -> pl.DataFrame:
    """One row per unit (level provider) and consultant: level, subject, indicator, multiplier, planted, touched, plain,
    true_deaths, mean.

    `plain`: deaths expected from case mix alone, effects aside. `true_deaths`: with all effects, planted ones too.
    `mean`: what a model fitted within the specialty expects on average, its sum being that of all deaths. `touched`:
    the figure contains cases of another who is planted, so that it may stand out without being planted itself.
    """
    cases = _with_effects(_with_risk(world), world.truth).with_columns(
        plain=expit_of("log_odds"), true_deaths=expit_of("log_odds", "unit_effect", "consultant_effect")
    )
    units = _summed(cases, "provider", "unit_effect", "unit_planted", "consultant_planted")
    consultants = _summed(cases, "consultant", "consultant_effect", "consultant_planted", "unit_planted")
    shared = pl.col("true_deaths").sum().over("level", "specialty") / pl.col("plain").sum().over("level", "specialty")
    return pl.concat([units, consultants]).with_columns(
        indicator=pl.col("specialty") + "-mortality-30d", mean=pl.col("plain") * shared
    )


def expit_of(*log_odds: str) -> pl.Expr:
    return 1 / (1 + (-pl.sum_horizontal(log_odds)).exp())


def _with_risk(world: World) -> pl.DataFrame:
    """Every episode with the log odds of its case mix."""
    known = world.coefficients
    intercepts = known.filter(pl.col("factor") == "intercept").select("specialty", "log_odds")
    cases = world.episodes.join(intercepts, on="specialty", how="left", validate="m:1")
    for factor in FACTORS:
        effects = known.filter(pl.col("factor") == factor).select(
            "specialty", pl.col("level").alias(factor), pl.col("log_odds").alias("effect")
        )
        cases = cases.join(effects, on=["specialty", factor], how="left", validate="m:1")
        cases = cases.with_columns(log_odds=pl.col("log_odds") + pl.col("effect")).drop("effect")
    assert cases["log_odds"].null_count() == 0
    return cases


def _with_effects(cases: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Every episode with the log odds multipliers of its unit and its consultant, and whether those were planted."""
    for level, key in (("unit", ["provider", "specialty"]), ("consultant", ["consultant", "specialty"])):
        known = truth.filter(pl.col("level") == level).select(
            *key,
            pl.col("odds_multiplier").log().alias(f"{level}_effect"),
            pl.col("planted").alias(f"{level}_planted"),
        )
        cases = cases.join(known, on=key, how="left", validate="m:1")
        assert cases[f"{level}_effect"].null_count() == 0
    return cases


def _summed(cases: pl.DataFrame, subject: str, effect: str, planted: str, other: str) -> pl.DataFrame:
    return cases.group_by(pl.col(subject).alias("subject"), "specialty").agg(
        pl.lit(subject).alias("level"),
        pl.col(effect).first().exp().alias("multiplier"),
        pl.col(planted).first().alias("planted"),
        pl.col(other).any().alias("touched"),
        pl.col("plain").sum(),
        pl.col("true_deaths").sum(),
    )


def false_alarm_chances(plain: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P(beyond the upper, the lower control limit) of subjects who were not planted, shape (n,) each.

    Deaths are Poisson around plain * exp(theta), theta normal with the spread of a unit's and a consultant's effect
    together. So true effects of .10 and .08 count as alarms that may happen, which makes this more than .001. The
    limits are those of chance alone around `mean`: allowance for variance between units only lowers the chances.
    """
    spread = float(np.hypot(UNIT_SPREAD, CONSULTANT_SPREAD))
    upper, lower = np.zeros_like(mean), np.zeros_like(mean)
    most, least = control_counts(mean)
    for node, weight in zip(NODES, WEIGHTS / WEIGHTS.sum(), strict=True):
        deaths = plain * np.exp(spread * node)
        upper += weight * poisson.sf(most, deaths)
        lower += weight * poisson.cdf(least - 1, deaths)
    return upper, lower


def control_counts(mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The largest and the smallest count that is not beyond the control limits around `mean`, shape (n,) each."""
    most = poisson.isf(CONTROL, mean)  # the smallest count with P(X > count) <= .001
    least = poisson.ppf(CONTROL, mean)  # the smallest count with P(X <= count) >= .001
    return np.asarray(most, dtype=np.float64), np.asarray(least, dtype=np.float64)


def at_most(chances: FloatArray) -> int:
    """The number that independent events of these chances exceed once in a hundred worlds, or less: Poisson tails are
    wider than those of the sum itself."""
    return int(poisson.ppf(ONE_IN_A_HUNDRED, chances.sum()))
