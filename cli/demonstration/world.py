"""The whole invented audit, as a pure function of a seed and sizes."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from cli.demonstration.casemix import case_mix, draw_levels
from cli.demonstration.consultants import Country, appoint, contracts
from cli.demonstration.effects import Effects, draw_effects
from cli.demonstration.episodes import attend, episodes_frame
from cli.demonstration.hospitals import FloatArray, IntArray, found_hospitals, open_units
from cli.demonstration.returns import consent_returns, programme_register
from cli.demonstration.sizes import Sizes
from cli.demonstration.specialties import FACTORS


@dataclass(frozen=True)
class World:
    """Everything that is known of the invented audit.

    `truth` has one row per unit and one per consultant: level (unit, consultant), provider (null for a consultant,
    whose effect goes along to every hospital), consultant (null for a unit), specialty, odds_multiplier, planted.
    `coefficients` has the log odds behind the case mix: specialty, factor, level, log_odds. The log odds of death of
    an episode are those of its case mix plus ln(odds_multiplier) of its unit and of its consultant.
    """

    seed: int
    sizes: Sizes
    providers: pl.DataFrame
    consultants: pl.DataFrame
    episodes: pl.DataFrame
    register: pl.DataFrame
    returns: pl.DataFrame
    truth: pl.DataFrame
    coefficients: pl.DataFrame


def make_world(seed: int, sizes: Sizes) -> World:
    """Make the audit; the same seed and sizes always make the same one."""
    rng = np.random.Generator(np.random.PCG64(seed))
    hospitals = found_hospitals(rng, sizes)
    units = open_units(rng, sizes, hospitals)
    roster = appoint(rng, sizes, hospitals, units)
    country = Country(sizes, hospitals, units, roster)
    register = programme_register(roster, sizes)
    returns = consent_returns(rng, register)
    seen = attend(rng, country)
    mix, coefficients = case_mix(sizes, seen.specialty, draw_levels(rng, sizes, seen.specialty, seen.unit))
    risk = expit(mix.log_odds)
    of_unit = _expected(risk, seen.unit, len(units.hospital))
    of_consultant = _expected(risk, seen.consultant, len(roster.cases))
    effects = draw_effects(rng, units, roster, of_unit, of_consultant)
    log_odds = mix.log_odds + effects.unit[seen.unit] + effects.consultant[seen.consultant]
    died = (rng.random(len(log_odds)) < expit(log_odds)).astype(np.int64)
    return World(
        seed=seed,
        sizes=sizes,
        providers=hospitals.providers,
        consultants=contracts(country),
        episodes=episodes_frame(country, seen, mix, died),
        register=register,
        returns=returns,
        truth=_truth(country, effects),
        coefficients=coefficients,
    )


def levels_without_events(episodes: pl.DataFrame) -> pl.DataFrame:
    """Levels in which nobody, or everybody, died: specialty, factor, level. A risk model would not fit on them.

    Empty at the default size; a small world with an unlucky seed may have some, and a model is right to refuse it.
    """
    factors = list(FACTORS)
    levels = episodes.unpivot(factors, index=["specialty", "died_30_days"], variable_name="factor", value_name="level")
    one_sided = levels.group_by("specialty", "factor", "level").agg(pl.col("died_30_days").n_unique().alias("outcomes"))
    return one_sided.filter(pl.col("outcomes") < 2).drop("outcomes").sort("specialty", "factor", "level")


def _expected(risk: FloatArray, subject: IntArray, subjects: int) -> FloatArray:
    """Deaths expected of each subject: the sum of the risks of its episodes."""
    return np.bincount(subject, weights=risk, minlength=subjects).astype(np.float64)


def _truth(country: Country, effects: Effects) -> pl.DataFrame:
    units, roster = country.units, country.roster
    nobody = pl.lit(None, pl.String)
    of_units = pl.select(
        level=pl.lit("unit"),
        provider=country.hospital_codes(np.arange(len(units.hospital))),
        consultant=nobody,
        specialty=country.specialty_names(units.specialty),
        odds_multiplier=pl.Series(np.exp(effects.unit)),
        planted=pl.Series(effects.unit_planted),
    )
    of_consultants = pl.select(
        level=pl.lit("consultant"),
        provider=nobody,
        consultant=roster.gmc,
        specialty=country.specialty_names(roster.specialty),
        odds_multiplier=pl.Series(np.exp(effects.consultant)),
        planted=pl.Series(effects.consultant_planted),
    )
    return pl.concat([of_units, of_consultants]).with_columns(pl.col("odds_multiplier").round(6))
