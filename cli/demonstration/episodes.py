"""Episodes of care: who was treated where, when, with what case mix, and whether the patient died within 30 days."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from cli.demonstration.casemix import CaseMix
from cli.demonstration.consultants import NOWHERE, Country
from cli.demonstration.hospitals import IntArray
from cli.demonstration.specialties import FACTORS

FIRST_DAY, LAST_DAY = date(2023, 4, 1), date(2026, 3, 31)
AT_SECOND = 0.3  # share of a visiting consultant's cases that are done at the second hospital


@dataclass(frozen=True)
class Attendances:
    """Index of the consultant, the unit and the specialty of each episode, and its day: shape (episodes,), by date."""

    consultant: IntArray
    unit: IntArray
    specialty: IntArray
    day: IntArray


def attend(rng: np.random.Generator, country: Country) -> Attendances:
    """Draw a date and a place for each case of each consultant, and put the cases in order of date."""
    roster = country.roster
    consultant = rng.permutation(np.repeat(np.arange(len(roster.cases)), roster.cases))
    day = np.sort(rng.integers((LAST_DAY - FIRST_DAY).days + 1, size=len(consultant)))
    second = roster.second[consultant]
    away = (second != NOWHERE) & (rng.random(len(consultant)) < AT_SECOND)
    unit = np.where(away, second, roster.home[consultant])
    return Attendances(consultant, unit, country.units.specialty[unit], day)


def episodes_frame(country: Country, attendances: Attendances, mix: CaseMix, died: IntArray) -> pl.DataFrame:
    """One row per episode: episode, provider, consultant, specialty, date, the case mix, died_30_days (0 or 1)."""
    columns = [
        pl.Series("provider", country.hospital_codes(attendances.unit)),
        pl.Series("consultant", country.roster.gmc.gather(attendances.consultant)),
        pl.Series("specialty", country.specialty_names(attendances.specialty)),
        pl.Series("date", _days().gather(attendances.day)),
        *(pl.Series(factor, pl.Series(FACTORS[factor]).gather(mix.levels[factor])) for factor in FACTORS),
        pl.Series("died_30_days", died),
    ]
    return pl.DataFrame(columns).insert_column(0, _numbers(len(died)))


def _days() -> pl.Series:
    return pl.date_range(FIRST_DAY, LAST_DAY, "1d", eager=True)


def _numbers(how_many: int) -> pl.Series:
    numbers = pl.Series("episode", np.arange(1, how_many + 1)).cast(pl.String)
    return pl.select(pl.lit("E") + pl.lit(numbers).str.zfill(7)).to_series().alias("episode")
