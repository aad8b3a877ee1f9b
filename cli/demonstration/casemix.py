"""The case mix of the episodes, and the risk that follows from it by the logistic model of each specialty."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit
from scipy.stats import norm

from cli.demonstration.hospitals import FloatArray, IntArray
from cli.demonstration.sizes import Sizes
from cli.demonstration.specialties import COMORBIDITIES, FACTORS, Specialty

MISSING = COMORBIDITIES.index("missing")
MISSING_BY_URGENCY = np.array([0.03, 0.03, 0.06])  # records of an emergency are less often complete
UNIT_SPREAD = {"age_band": 0.15, "urgency": 0.30, "comorbidity": 0.15}  # standard deviations of the latent normals
AGE_AND_COMORBIDITY = 0.4  # correlation of the two latent normals: older patients have more conditions


@dataclass(frozen=True)
class CaseMix:
    """Index of the level (in FACTORS) of each factor, shape (episodes,), and the log odds that the model gives."""

    levels: dict[str, IntArray]
    log_odds: FloatArray


def draw_levels(rng: np.random.Generator, sizes: Sizes, specialty: IntArray, unit: IntArray) -> dict[str, IntArray]:
    """Draw the levels of every episode by cutting latent normals, shifted by unit so that case mix differs."""
    cases = len(specialty)
    shift = {factor: rng.normal(0.0, spread, int(unit.max()) + 1)[unit] for factor, spread in UNIT_SPREAD.items()}
    age = rng.standard_normal(cases)
    comorbid = AGE_AND_COMORBIDITY * age + np.sqrt(1 - AGE_AND_COMORBIDITY**2) * rng.standard_normal(cases)
    urgency = _cut(sizes, "urgencies", specialty, rng.standard_normal(cases) + shift["urgency"])
    comorbidity = _cut(sizes, "comorbidities", specialty, comorbid + shift["comorbidity"])
    male = np.array([audited.male for audited in sizes.audited])
    return {
        "age_band": _cut(sizes, "ages", specialty, age + shift["age_band"]),
        "sex": (rng.random(cases) < male[specialty]).astype(np.int64),
        "urgency": urgency,
        "comorbidity": np.where(rng.random(cases) < MISSING_BY_URGENCY[urgency], MISSING, comorbidity),
    }


def case_mix(sizes: Sizes, specialty: IntArray, levels: dict[str, IntArray]) -> tuple[CaseMix, pl.DataFrame]:
    """Log odds of death of every episode, and the coefficients they come from: specialty, factor, level, log_odds.

    The intercept of a specialty is the one with which the mean risk of its own episodes is exactly `Specialty.risk`.
    """
    log_odds = np.zeros(len(specialty))
    coefficients = []
    for index, audited in enumerate(sizes.audited):
        of_specialty = np.flatnonzero(specialty == index)
        effects = audited.effects()
        linear = sum((np.array(effects[f])[levels[f][of_specialty]] for f in FACTORS), np.zeros(len(of_specialty)))
        intercept = _intercept(linear, audited.risk)
        log_odds[of_specialty] = intercept + linear
        coefficients.append(_coefficients(audited, intercept))
    return CaseMix(levels, log_odds), pl.concat(coefficients)


def _cut(sizes: Sizes, shares: str, specialty: IntArray, latent: FloatArray) -> IntArray:
    """Cut a latent normal so that a standard one would give each specialty the shares it declares."""
    level = np.zeros(len(latent), dtype=np.int64)
    for index, audited in enumerate(sizes.audited):
        of_specialty = np.flatnonzero(specialty == index)
        cuts = norm.ppf(np.cumsum(getattr(audited, shares))[:-1])
        level[of_specialty] = np.searchsorted(cuts, latent[of_specialty])
    return level


def _intercept(linear: FloatArray, risk: float) -> float:
    """Solve mean(expit(intercept + linear)) = risk by bisection over the few distinct patterns of case mix."""
    patterns, cases = np.unique(linear.round(9), return_counts=True)
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.average(expit(middle + patterns), weights=cases) < risk:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _coefficients(specialty: Specialty, intercept: float) -> pl.DataFrame:
    rows = [(specialty.id, "intercept", "all", intercept)]
    for factor, effects in specialty.effects().items():
        rows += [(specialty.id, factor, level, e) for level, e in zip(FACTORS[factor], effects, strict=True)]
    return pl.DataFrame(rows, schema=["specialty", "factor", "level", "log_odds"], orient="row")
