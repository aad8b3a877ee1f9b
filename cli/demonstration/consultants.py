"""Consultants: where they work, in what, and how many cases each has in the three years."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from cli.demonstration.hospitals import FloatArray, Hospitals, IntArray, Units
from cli.demonstration.names import consultant_names
from cli.demonstration.sizes import FEWEST_CASES, MOST_CONSULTANTS, Sizes

FIRST_NUMBER = 9_900_001
VISITING = 0.02  # share of consultants who work at a second hospital
FEW_CASES = 0.01  # share with fewer than ten cases in three years
NOWHERE = -1  # the second unit of a consultant who has none


@dataclass(frozen=True)
class Roster:
    """The consultants in order of their numbers; each array has shape (consultants,).

    `home` and `second` are indices of units (`second` is NOWHERE for most), `cases` the exact number of episodes.
    """

    gmc: pl.Series
    name: pl.Series
    home: IntArray
    second: IntArray
    specialty: IntArray
    cases: IntArray


@dataclass(frozen=True)
class Country:
    """Everything that stands before a patient comes: hospitals, their units and who works there."""

    sizes: Sizes
    hospitals: Hospitals
    units: Units
    roster: Roster

    def specialty_names(self, index: IntArray) -> pl.Series:
        """The ids of specialties given by index."""
        return pl.Series(self.sizes.specialties).gather(index)

    def hospital_codes(self, unit: IntArray) -> pl.Series:
        """The codes of the hospitals of units given by index."""
        return self.hospitals.codes.gather(self.units.hospital[unit])


def appoint(rng: np.random.Generator, sizes: Sizes, hospitals: Hospitals, units: Units) -> Roster:
    """Draw the consultants of every unit, those who visit a second one, and everyone's number of cases."""
    teams = np.array([specialty.team for specialty in sizes.audited])
    caseloads = np.array([specialty.caseload for specialty in sizes.audited])
    staff = _staff(rng, hospitals.size[units.hospital] * teams[units.specialty], sizes.consultants)
    home = np.repeat(np.arange(len(staff)), staff)
    specialty = units.specialty[home]
    return Roster(
        gmc=pl.Series([str(FIRST_NUMBER + index) for index in range(sizes.consultants)]),
        name=pl.Series(consultant_names(rng, sizes.consultants)),
        home=home,
        second=_second_units(rng, home, units),
        specialty=specialty,
        cases=_cases(rng, caseloads[specialty], sizes.episodes),
    )


def contracts(country: Country) -> pl.DataFrame:
    """The register of consultants, one row for each hospital at which each works: gmc, name, specialty, provider."""
    roster = country.roster
    visiting = np.flatnonzero(roster.second != NOWHERE)
    who = np.concatenate([np.arange(len(roster.home)), visiting])
    where = np.concatenate([roster.home, roster.second[visiting]])
    return pl.DataFrame(
        {
            "gmc": roster.gmc.gather(who),
            "name": roster.name.gather(who),
            "specialty": country.specialty_names(roster.specialty[who]),
            "provider": country.hospital_codes(where),
        }
    ).sort("gmc", maintain_order=True)


def _staff(rng: np.random.Generator, weights: FloatArray, total: int) -> IntArray:
    """Consultants based at each unit: at least one, at most eleven, `total` in all."""
    staff = np.ones(len(weights), dtype=np.int64)
    while (left := total - int(staff.sum())) > 0:
        open_to = np.where(staff < MOST_CONSULTANTS, weights, 0.0)
        staff = np.minimum(staff + rng.multinomial(left, open_to / open_to.sum()), MOST_CONSULTANTS)
    return staff


def _second_units(rng: np.random.Generator, home: IntArray, units: Units) -> IntArray:
    """A second unit of the same specialty for a few consultants; no unit receives more than one visitor."""
    second = np.full(len(home), NOWHERE, dtype=np.int64)
    free = np.ones(len(units.hospital), dtype=bool)
    for visitor in rng.choice(len(home), round(VISITING * len(home)), replace=False):
        base = home[visitor]
        elsewhere = free & (units.specialty == units.specialty[base])
        elsewhere[base] = False
        if elsewhere.any():
            second[visitor] = rng.choice(np.flatnonzero(elsewhere))
            free[second[visitor]] = False
    return second


def _cases(rng: np.random.Generator, caseloads: FloatArray, total: int) -> IntArray:
    """Cases of each consultant: log-normal, a few below ten, `total` in all (largest remainders settle the last)."""
    few = rng.choice(len(caseloads), max(1, round(FEW_CASES * len(caseloads))), replace=False)
    weights = caseloads * rng.lognormal(0.0, 0.5, len(caseloads))
    weights[few] = 0.0
    cases = np.zeros(len(caseloads), dtype=np.int64)
    cases[few] = rng.integers(1, FEWEST_CASES, len(few))
    share = (total - cases.sum()) * weights / weights.sum()
    cases += np.floor(share).astype(np.int64)
    largest = np.argsort(np.floor(share) - share, kind="stable")[: total - int(cases.sum())]
    cases[largest] += 1
    return cases
